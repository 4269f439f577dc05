// SPDX-License-Identifier: Apache-2.0
#include "market/listing_guess.h"

#include <algorithm>
#include <string>

namespace tickcast::market {
namespace {

// Quote assets of Binance Spot, past and present, in any order: the longest that fits is taken.
constexpr std::string_view kQuoteAssets[] = {
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USDS", "PAX", "DAI",  "UST",  "USD1",  "USD",
    "BTC",  "ETH",  "BNB",   "TRX",  "XRP",  "DOGE", "DOT",  "SOL", "EUR",  "EURI", "AEUR",  "TRY",
    "BRL",  "GBP",  "AUD",   "RUB",  "UAH",  "NGN",  "ZAR",  "PLN", "RON",  "ARS",  "JPY",   "MXN",
    "CZK",  "COP",  "IDR",   "IDRT", "BIDR", "BVND", "BKRW", "VAI", "GYEN", "XUSD", "BFUSD", "U"};

constexpr std::int64_t kPowers[] = {1,
                                    10,
                                    100,
                                    1'000,
                                    10'000,
                                    100'000,
                                    1'000'000,
                                    10'000'000,
                                    100'000'000,
                                    1'000'000'000,
                                    10'000'000'000,
                                    100'000'000'000,
                                    1'000'000'000'000,
                                    10'000'000'000'000,
                                    100'000'000'000'000,
                                    1'000'000'000'000'000,
                                    10'000'000'000'000'000,
                                    100'000'000'000'000'000,
                                    1'000'000'000'000'000'000};
static_assert(std::size(kPowers) == Decimal::kFractionDigitsMax + 1);

// Makes `known` as many digits as the value needs after its point; true when that is more than before.
bool learn_digits(const Decimal& value, std::int8_t& known) {
  int digits = -value.exponent;
  if (digits <= known || value.mantissa % kPowers[digits - known] == 0) return false;
  while (value.mantissa % kPowers[-value.exponent - digits + 1] == 0) --digits;
  known = static_cast<std::int8_t>(digits);
  return true;
}

// As the exchange writes grids: with eight digits after the point, more only where they are needed.
std::string grid(int digits) {
  std::string text = "0." + std::string(static_cast<std::size_t>(std::max(digits, 8)), '0');
  text[digits == 0 ? 0 : static_cast<std::size_t>(digits + 1)] = '1';
  return text;
}

}  // namespace

Listing guess_listing(std::string_view symbol) {
  std::string_view quote;
  for (const std::string_view asset : kQuoteAssets) {
    if (symbol.size() > asset.size() && symbol.ends_with(asset) && asset.size() > quote.size()) quote = asset;
  }
  Listing listing;
  listing.symbol = symbol;
  listing.base_asset = symbol.substr(0, symbol.size() - quote.size());
  listing.quote_asset = quote;
  listing.tick_size = listing.step_size = grid(0);
  return listing;
}

bool GridGuess::learn(SymbolId symbol, const Quote& quote) {
  Digits& known = digits_[index(symbol)];
  bool finer = learn_digits(quote.bid_price, known.price);
  finer |= learn_digits(quote.ask_price, known.price);
  finer |= learn_digits(quote.bid_quantity, known.quantity);
  finer |= learn_digits(quote.ask_quantity, known.quantity);
  return finer;
}

void GridGuess::fill(SymbolId symbol, Listing& listing) const {
  listing.tick_size = grid(digits_[index(symbol)].price);
  listing.step_size = grid(digits_[index(symbol)].quantity);
}

}  // namespace tickcast::market
