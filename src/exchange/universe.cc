// SPDX-License-Identifier: Apache-2.0
#include "exchange/universe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "exchange/random.h"

namespace tickcast::exchange {
namespace {

struct Base {
  std::string name;
  double usd = 1;
};

struct KnownBase {
  std::string_view name;
  double usd;  // about August 2024
};

// In order of activity. 币安人生, 我踏马来了, 龙虾: tokens that exchanges do list under such names.
constexpr auto kKnownBases = std::to_array<KnownBase>({
    {"BTC", 61686},       {"ETH", 2684},     {"SOL", 153.2},    {"FDUSD", 0.9985},
    {"XRP", 0.6153},      {"DOGE", 0.1047},  {"PEPE", 8.2e-6},  {"BNB", 512.6},
    {"1000SATS", 2.9e-4}, {"USDC", 1.0003},  {"SUI", 0.9412},   {"WIF", 1.742},
    {"ORDI", 29.8},       {"NEAR", 4.07},    {"SHIB", 1.38e-5}, {"AVAX", 21.9},
    {"币安人生", 0.1822}, {"FET", 0.9481},   {"TRX", 0.1279},   {"ADA", 0.3421},
    {"BONK", 1.86e-5},    {"LINK", 10.34},   {"TIA", 5.21},     {"1INCH", 0.2571},
    {"FLOKI", 1.25e-4},   {"INJ", 18.4},     {"ARB", 0.5612},   {"LTC", 59.8},
    {"DOT", 4.73},        {"APT", 5.94},     {"RUNE", 3.71},    {"PEOPLE", 0.0648},
    {"BCH", 348.1},       {"WLD", 1.612},    {"OP", 1.401},     {"STX", 1.488},
    {"ICP", 8.02},        {"UNI", 6.13},     {"FTM", 0.3417},   {"JASMY", 0.0194},
    {"NOT", 0.0103},      {"AAVE", 103.7},   {"SEI", 0.2791},   {"GALA", 0.0183},
    {"FIL", 3.66},        {"LDO", 1.077},    {"TRB", 58.2},     {"ENS", 17.6},
    {"RENDER", 5.01},     {"BOME", 6.6e-3},  {"MATIC", 0.4237}, {"JUP", 0.8014},
    {"ETC", 18.7},        {"ATOM", 4.66},    {"TON", 6.41},     {"AR", 23.4},
    {"DYDX", 0.9873},     {"LUNC", 7.9e-5},  {"ZRO", 3.49},     {"IMX", 1.201},
    {"TAO", 283.5},       {"HBAR", 0.0541},  {"CKB", 9.4e-3},   {"GMT", 0.1361},
    {"PENDLE", 2.93},     {"MKR", 2071},     {"CRV", 0.2713},   {"我踏马来了", 0.0214},
    {"SAND", 0.2583},     {"GRT", 0.1477},   {"ROSE", 0.0594},  {"YGG", 0.4311},
    {"EGLD", 28.3},       {"MANA", 0.2761},  {"THETA", 1.213},  {"ALGO", 0.1228},
    {"VET", 0.0218},      {"XLM", 0.1019},   {"CFX", 0.1247},   {"AXS", 4.92},
    {"APE", 0.6961},      {"BLUR", 0.1563},  {"MEME", 0.0101},  {"COMP", 43.6},
    {"MANTA", 0.7641},    {"STRK", 0.3989},  {"PYTH", 0.3019},  {"ETHFI", 1.381},
    {"ENA", 0.2984},      {"IO", 1.732},     {"ZK", 0.1199},    {"LISTA", 0.3261},
    {"BB", 0.3317},       {"ALT", 0.0949},   {"XAI", 0.2052},   {"AI", 0.4192},
    {"NFP", 0.1932},      {"ACE", 2.117},    {"BEAMX", 0.0141}, {"JTO", 2.011},
    {"1000CAT", 0.0121},  {"ID", 0.3578},    {"ARKM", 0.9471},  {"T", 0.0191},
    {"OM", 0.9633},       {"MINA", 0.4011},  {"FLOW", 0.5511},  {"QNT", 66.1},
    {"EOS", 0.4732},      {"XTZ", 0.6511},   {"NEO", 9.73},     {"CHZ", 0.0533},
    {"SNX", 1.331},       {"KAVA", 0.2891},  {"ZEC", 38.2},     {"DASH", 23.9},
    {"IOTA", 0.1251},     {"WOO", 0.1531},   {"MASK", 2.131},   {"LRC", 0.1373},
    {"ENJ", 0.1448},      {"BAT", 0.1622},   {"ZIL", 0.0141},   {"ANKR", 0.0243},
    {"CELO", 0.5021},     {"KSM", 19.2},     {"QTUM", 2.291},   {"ONE", 0.0121},
    {"HOT", 1.52e-3},     {"RVN", 0.0166},   {"SUSHI", 0.5631}, {"YFI", 4923},
    {"GMX", 24.1},        {"SSV", 19.8},     {"RDNT", 0.0741},  {"MAGIC", 0.3341},
    {"HOOK", 0.3652},     {"EDU", 0.5233},   {"CYBER", 3.011},  {"PIXEL", 0.1411},
    {"PORTAL", 0.3011},   {"AEVO", 0.3391},  {"W", 0.1987},     {"TNSR", 0.3418},
    {"SAGA", 1.093},      {"OMNI", 7.64},    {"REZ", 0.0404},   {"4", 0.0943},
    {"龙虾", 0.0377},     {"BAKE", 0.2031},  {"CAKE", 1.671},   {"XVS", 6.31},
    {"ALPHA", 0.0531},    {"SXP", 0.2261},   {"TWT", 0.9121},   {"BEL", 0.4471},
    {"CTSI", 0.1221},     {"STORJ", 0.3551}, {"OGN", 0.0901},   {"SKL", 0.0341},
    {"CHR", 0.1921},      {"COTI", 0.0783},  {"DENT", 7.7e-4},  {"DUSK", 0.1812},
    {"HIVE", 0.1731},     {"ICX", 0.1303},   {"IOST", 4.6e-3},  {"IOTX", 0.0361},
    {"JST", 0.0271},      {"KDA", 0.4911},   {"KNC", 0.4311},   {"LINA", 3.4e-3},
    {"LPT", 11.9},        {"LSK", 0.7511},   {"LTO", 0.1121},   {"MTL", 0.9311},
    {"NKN", 0.0701},      {"NMR", 12.6},     {"OGV", 4.1e-3},   {"ONT", 0.1671},
    {"PERP", 0.5011},     {"POWR", 0.1701},  {"PROM", 5.41},    {"RAY", 1.601},
    {"REEF", 8.8e-4},     {"RIF", 0.0751},   {"RLC", 1.571},    {"RSR", 3.9e-3},
    {"SC", 4.1e-3},       {"SFP", 0.7121},   {"SLP", 2.6e-3},   {"STMX", 5.1e-3},
    {"SUN", 0.0141},      {"SYS", 0.1151},   {"TFUEL", 0.0601}, {"TLM", 9.6e-3},
    {"TRU", 0.0701},      {"UMA", 1.911},    {"VIC", 0.2671},   {"VTHO", 1.7e-3},
    {"WAVES", 1.011},     {"WAXP", 0.0331},  {"WIN", 8.3e-5},   {"XEC", 3.1e-5},
    {"XEM", 0.0161},      {"XNO", 0.8411},   {"ZEN", 8.01},     {"ZRX", 0.2931},
    {"ACH", 0.0171},      {"ADX", 0.1411},   {"AGLD", 0.8411},  {"ALICE", 0.8011},
    {"AMP", 4.1e-3},      {"ARDR", 0.0511},  {"ARPA", 0.0391},  {"ASTR", 0.0591},
    {"ATA", 0.0781},      {"AUCTION", 11.4}, {"AUDIO", 0.1211}, {"BICO", 0.2411},
    {"BNT", 0.5011},      {"C98", 0.1221},   {"CELR", 0.0131},  {"CLV", 0.0401},
    {"CVX", 2.311},       {"DEGO", 1.311},   {"DGB", 6.3e-3},   {"DIA", 0.4211},
    {"DODO", 0.1021},     {"FIS", 0.3011},   {"FXS", 1.881},    {"GLMR", 0.1651},
    {"GTC", 0.5911},      {"HIGH", 1.211},   {"ILV", 41.3},
});

// Symbols by quote asset, 8 September 2024.
struct QuoteAsset {
  std::string_view name;
  double usd;
  double listings;  // of the 1,172 listed under these assets
  double activity;  // of its first symbol against BTCUSDT's: only the order of symbols follows from it
};
constexpr auto kQuoteAssets = std::to_array<QuoteAsset>({
    {"USDT", 1.0, 376, 1.0},
    {"BTC", 61686, 272, 0.10},
    {"TRY", 0.02985, 206, 0.16},
    {"FDUSD", 0.9985, 93, 0.40},
    {"USDC", 1.0003, 80, 0.12},
    {"ETH", 2684, 61, 0.07},
    {"BNB", 512.6, 50, 0.05},
    {"EUR", 1.0918, 34, 0.10},
});
constexpr double kListingsOfAll = 1172;

// A made-up asset: two or three syllables, pronounceable, as most tickers are.
std::string coined_name(Random& random) {
  constexpr std::string_view kOnsets = "BCDFGHJKLMNPRSTVWXZ";
  constexpr std::string_view kVowels = "AEIOUY";
  std::string out;
  const std::size_t length = 3 + random.below(random.chance(0.25) ? 4 : 2);
  bool vowel = random.chance(0.25);
  while (out.size() < length) {
    const std::string_view letters = vowel ? kVowels : kOnsets;
    out += letters[random.below(letters.size())];
    vowel = random.chance(0.85) ? !vowel : vowel;
  }
  return out;
}

// The known bases, then as many coined ones as `count` needs. The seed of the names is fixed: see the header.
std::vector<Base> make_bases(std::size_t count) {
  std::vector<Base> bases;
  std::set<std::string> taken;
  for (const auto& known : kKnownBases) {
    bases.push_back({std::string(known.name), known.usd});
    taken.emplace(known.name);
  }
  for (const auto& quote : kQuoteAssets) taken.emplace(quote.name);
  Random random(0x5EED'0F'A55E7);
  while (bases.size() < count) {
    std::string name = coined_name(random);
    const bool thousandfold = random.chance(0.01);
    if (thousandfold) name = "1000" + name.substr(0, 4);
    if (!taken.insert(name).second) continue;
    const double usd = std::pow(10.0, -0.3 + 0.8 * random.normal());
    bases.push_back({std::move(name), std::clamp(usd, 2e-5, 9000.0)});
  }
  return bases;
}

// How many symbols each quote asset gets: its share, remainders to the largest.
std::array<std::size_t, kQuoteAssets.size()> listings_by_quote(std::size_t count) {
  std::array<std::size_t, kQuoteAssets.size()> out{};
  std::array<double, kQuoteAssets.size()> owed{};
  std::size_t given = 0;
  for (std::size_t q = 0; q < out.size(); ++q) {
    const double exact = kQuoteAssets[q].listings / kListingsOfAll * static_cast<double>(count);
    out[q] = static_cast<std::size_t>(exact);
    owed[q] = exact - std::floor(exact);
    given += out[q];
  }
  for (; given < count; ++given) {
    const auto most = static_cast<std::size_t>(std::max_element(owed.begin(), owed.end()) - owed.begin());
    ++out[most];
    owed[most] -= 1;
  }
  return out;
}

struct Pair {
  std::size_t base;
  std::size_t quote;
  double activity;
};

// Every listed pair, most active first.
std::vector<Pair> make_pairs(std::size_t count, const std::vector<Base>& bases) {
  const auto per_quote = listings_by_quote(count);
  std::vector<Pair> pairs;
  for (std::size_t q = 0; q < per_quote.size(); ++q) {
    std::size_t left = per_quote[q];
    for (std::size_t b = 0; left > 0; ++b) {
      // An asset is not priced in itself, nor bitcoin or a dollar in smaller coins: BTCETH is listed as
      // ETHBTC.
      const bool same = bases[b].name == kQuoteAssets[q].name;
      const bool turned = bases[b].usd > kQuoteAssets[q].usd && q != 0 && kQuoteAssets[q].usd > 100;
      const bool coarse = bases[b].usd / kQuoteAssets[q].usd < 40e-8;  // the finest grid is 1e-8
      if (same || turned || coarse) continue;
      pairs.push_back({b, q, kQuoteAssets[q].activity * std::pow(static_cast<double>(b) + 1.5, -0.8)});
      --left;
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.activity > b.activity; });
  return pairs;
}

// Events per second by rank, up to a factor: straight lines in log-log between the ranks, slopes as measured.
std::vector<double> shares_by_rank(std::size_t count) {
  struct Segment {
    double until_rank;
    double slope;
  };
  constexpr auto kSegments =
      std::to_array<Segment>({{10, -0.40}, {100, -0.54}, {500, -1.0}, {1000, -1.8}, {1e9, -2.5}});
  std::vector<double> out(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double rank = static_cast<double>(i + 1);
    double value = 1;
    double from = 1;
    for (const auto& segment : kSegments) {
      const double to = std::min(rank, segment.until_rank);
      if (to > from) value *= std::pow(to / from, segment.slope);
      from = std::max(from, segment.until_rank);
    }
    out[i] = value;
    sum += value;
  }
  for (double& share : out) share /= sum;
  return out;
}

// 10^power in 1e-8, for -8 <= power <= 10.
std::int64_t power_of_ten_e8(int power) {
  std::int64_t out = 1;
  for (int i = -8; i < power; ++i) out *= 10;
  return out;
}

// The grid as the exchange writes it: eight digits after the point.
std::string grid_text(std::int64_t grid_e8) { return market::Decimal{grid_e8, -8}.text(); }

// Price grid: the power of ten in (1, 10] basis points of the price; the two majors are far finer.
int tick_power(const Base& base, const QuoteAsset& quote, double price) {
  const bool dollars = quote.usd > 0.9 && quote.usd < 1.2;
  if (dollars && (base.name == "BTC" || base.name == "ETH")) return -2;
  return std::clamp(static_cast<int>(std::floor(std::log10(price * 1e-3))), -8, 0);
}

SyntheticSymbol make_symbol(const Pair& pair, const Base& base, std::size_t rank, double share,
                            Random& random) {
  const QuoteAsset& quote = kQuoteAssets[pair.quote];
  SyntheticSymbol out;
  const double wander = std::exp(0.02 * random.normal());
  const bool pegged = std::abs(std::log(base.usd / quote.usd)) < 0.01;  // a dollar in dollars
  const double price = base.usd / quote.usd * (pegged ? 1 : wander);
  out.tick_e8 = power_of_ten_e8(tick_power(base, quote, price));
  out.price_ticks = std::max<std::int64_t>(2, std::llround(price * 1e8 / static_cast<double>(out.tick_e8)));
  const int step_power = std::clamp(static_cast<int>(std::floor(std::log10(0.3 / base.usd))), -5, 0);
  out.step_e8 = power_of_ten_e8(step_power);
  out.rate_share = share;

  const double tick_bp = 1e4 / static_cast<double>(out.price_ticks);
  const double rank_from_1 = static_cast<double>(rank + 1);
  double spread_bp = 3.2 * std::pow(std::max(rank_from_1, 3.0) / 50, 0.72) * std::exp(0.85 * random.normal());
  if (rank < 2) spread_bp = 0;  // the majors keep one tick, however fine
  out.spread_ticks = std::max(1.0, std::round(spread_bp / tick_bp));
  // A move is about a ninth of a basis point where the grid is fine and the spread narrow, a third of the
  // spread where it is wide.
  out.jump_ticks = std::max(0.135 / tick_bp, out.spread_ticks / 3);

  // The busier, the larger: about 350 dollars at the best price of a small symbol, 60,000 of BTCUSDT.
  const double usual_rate = share * 6000;
  const double value_usd =
      350 * std::pow(std::max(1.0, usual_rate / 1.0), 1.05) * std::exp(0.5 * random.normal());
  const double step = static_cast<double>(out.step_e8) * 1e-8;
  out.quantity_lots = std::max(2.0, value_usd / base.usd / step);

  out.listing.symbol = base.name + std::string(quote.name);
  out.listing.base_asset = base.name;
  out.listing.quote_asset = quote.name;
  out.listing.tick_size = grid_text(out.tick_e8);
  out.listing.step_size = grid_text(out.step_e8);
  return out;
}

}  // namespace

std::vector<SyntheticSymbol> make_universe(std::size_t count, std::uint64_t seed) {
  CHECK(count >= 1 && count <= market::SymbolTable::kSymbolsMax, "a universe of 1 to 8192 symbols");
  const std::vector<Base> bases = make_bases(kKnownBases.size() + count);
  const std::vector<Pair> pairs = make_pairs(count, bases);
  const std::vector<double> shares = shares_by_rank(count);
  std::vector<SyntheticSymbol> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Random random(Random::mix(seed, i));
    out.push_back(make_symbol(pairs[i], bases[pairs[i].base], i, shares[i], random));
  }
  return out;
}

}  // namespace tickcast::exchange
