// SPDX-License-Identifier: Apache-2.0
#include "exchange/replay.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

#include "base/clock.h"
#include "wire/recording.h"
#include "wire/ticker.h"

namespace tickcast::exchange {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// Frames that were read this close together came from one flush of the exchange.
constexpr std::int64_t kFlushSpanNs = 100'000;

// Lines of a file, plain or gzip.
class LineReader {
 public:
  enum class Outcome { line, end, too_long, broken };

  explicit LineReader(const std::string& path) : file_(gzopen(path.c_str(), "rb")) {
    if (file_ != nullptr) gzbuffer(file_, 1 << 17);
  }
  ~LineReader() {
    if (file_ != nullptr) gzclose_r(file_);
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  bool is_open() const { return file_ != nullptr; }
  bool rewind() { return gzrewind(file_) == 0; }
  const std::string& line() const { return line_; }

  Outcome next() {
    line_.clear();
    std::array<char, 4096> part;
    while (gzgets(file_, part.data(), static_cast<int>(part.size())) != nullptr) {
      line_ += part.data();
      if (line_.ends_with('\n')) return Outcome::line;
      if (line_.size() > kReplayLineBytesMax) return Outcome::too_long;
    }
    int error = Z_OK;
    gzerror(file_, &error);
    // A recording that is still being written ends in the middle of a gzip stream: what is there is played.
    if (error != Z_OK && error != Z_BUF_ERROR) return Outcome::broken;
    return line_.empty() ? Outcome::end : Outcome::line;
  }

 private:
  gzFile file_;
  std::string line_;
};

// Digits after the point that are needed for `value`.
int fraction_digits(market::Decimal value) {
  int digits = -value.exponent;
  for (; digits > 0 && value.mantissa % 10 == 0; --digits) value.mantissa /= 10;
  return value.is_zero() ? 0 : digits;
}

// 10^-digits, written with as many digits as the exchange does.
std::string grid_text(int digits) {
  market::Decimal grid{1, static_cast<std::int8_t>(-digits)};
  for (; grid.exponent > -8; --grid.exponent) grid.mantissa *= 10;
  return grid.text();
}

// "BTCUSDT" -> BTC, USDT. "BTCUSD_PERP" -> BTC, USD. Without a known quote asset the whole name is the base.
void split_assets(market::Listing& listing) {
  static constexpr auto kQuoteAssets = std::to_array<std::string_view>(
      {"FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD1", "BIDR", "IDRT", "DOGE", "USDS", "BTC",
       "ETH",   "BNB",  "TRY",  "EUR",  "BRL",  "GBP",  "JPY",  "AUD",  "RUB",  "UAH",  "NGN",  "ZAR",
       "PLN",   "RON",  "ARS",  "MXN",  "COP",  "CZK",  "DAI",  "XRP",  "TRX",  "PAX",  "USD"});
  const std::string_view name = std::string_view(listing.symbol).substr(0, listing.symbol.find('_'));
  listing.base_asset = name;
  listing.quote_asset.clear();
  for (const std::string_view quote : kQuoteAssets) {
    if (name.size() <= quote.size() || !name.ends_with(quote)) continue;
    listing.base_asset = name.substr(0, name.size() - quote.size());
    listing.quote_asset = quote;
    return;
  }
}

using Numbers = std::map<std::string, std::uint32_t, std::less<>>;

// What the first reading gathers of a group of venues.
class Found {
 public:
  void add(std::int64_t received_ns, const wire::Ticker& ticker) {
    if (tickers++ == 0) first_ns = received_ns;
    last_ns = received_ns;
    auto at = numbers.find(ticker.symbol);
    if (at == numbers.end()) {
      if (too_many = quotes.size() == market::SymbolTable::kSymbolsMax; too_many) return;
      at = numbers.emplace(ticker.symbol, static_cast<std::uint32_t>(quotes.size())).first;
      listings.emplace_back().symbol = ticker.symbol;
      quotes.push_back(ticker.quote);
      digits_.emplace_back();
    }
    const market::Quote& quote = ticker.quote;
    Digits& finest = digits_[at->second];
    for (const auto price : {quote.bid_price, quote.ask_price}) {
      finest.price = std::max(finest.price, fraction_digits(price));
    }
    for (const auto quantity : {quote.bid_quantity, quote.ask_quantity}) {
      finest.quantity = std::max(finest.quantity, fraction_digits(quantity));
    }
  }

  // Once all is added: completes the listings.
  void finish() {
    for (std::size_t i = 0; i < listings.size(); ++i) {
      split_assets(listings[i]);
      listings[i].tick_size = grid_text(digits_[i].price);
      listings[i].step_size = grid_text(digits_[i].quantity);
    }
  }

  std::uint64_t tickers = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  bool too_many = false;  // symbols
  Numbers numbers;
  std::vector<market::Listing> listings;
  std::vector<market::Quote> quotes;  // the first of each

 private:
  struct Digits {
    int price = 0;
    int quantity = 0;
  };
  std::vector<Digits> digits_;
};

}  // namespace

struct Replay::Impl {
  Impl(const std::string& path_of_file, double speed_factor, std::int64_t start)
      : path(path_of_file), file(path_of_file), speed(speed_factor), start_ns(start) {}

  Status survey();
  bool read_ticker();
  void fill();
  std::int64_t moment_of(std::int64_t received_ns) const;
  Error error(const std::string& what) const { return {"recording " + path + ": " + what}; }

  std::string path;
  LineReader file;
  wire::FrameReader frames;
  double speed;
  std::int64_t start_ns;

  Summary summary;
  bool all_venues = false;
  Numbers numbers;
  std::vector<market::Listing> listings;
  std::vector<market::Quote> quotes;

  bool has_ahead = false;      // one ticker is read ahead, to see where a flush ends
  std::int64_t ahead_ns = 0;   // as recorded, plus offset_ns
  std::int64_t offset_ns = 0;  // what the recorder's clock has stepped back so far
  MarketEvent ahead;
  std::int64_t next_ns = kNever;
  std::vector<MarketEvent> next;
  std::vector<MarketEvent> given;
};

// The first reading.
Status Replay::Impl::survey() {
  Found spot;
  Found others;
  auto outcome = file.next();
  for (; outcome == LineReader::Outcome::line; outcome = file.next()) {
    ++summary.lines;
    const auto line = wire::parse_recording_line(file.line());
    const auto kind = line ? frames.read(line->frame) : wire::FrameKind::malformed;
    if (kind == wire::FrameKind::ticker) {
      (line->venue == 'S' ? spot : others).add(line->received_ns, frames.ticker());
    } else if (kind == wire::FrameKind::malformed || kind == wire::FrameKind::unrepresentable) {
      ++summary.unreadable;
    } else {
      ++summary.other_frames;
    }
  }
  if (outcome == LineReader::Outcome::too_long) return error("a line is longer than 16 MiB: not a recording");
  if (outcome == LineReader::Outcome::broken) {
    return error("cannot be read past line " + std::to_string(summary.lines) + ": damaged?");
  }
  all_venues = spot.tickers == 0;
  summary.other_venues = all_venues ? 0 : others.tickers;
  Found& played = all_venues ? others : spot;
  if (played.too_many) return error("more than 8192 symbols");
  if (played.tickers == 0) {
    return error("no book ticker in its " + std::to_string(summary.lines) +
                 " lines; a line is `<ns since 1970> <frame>`");
  }
  played.finish();
  summary.tickers = played.tickers;
  summary.first_ns = played.first_ns;
  summary.last_ns = played.last_ns;
  numbers = std::move(played.numbers);
  listings = std::move(played.listings);
  quotes = std::move(played.quotes);
  for (market::Quote& quote : quotes) quote.event_ns = start_ns;
  return Done{};
}

// Reads on to the next ticker that is played, into `ahead`. What cannot be read any more is the end.
bool Replay::Impl::read_ticker() {
  while (file.next() == LineReader::Outcome::line) {
    const auto line = wire::parse_recording_line(file.line());
    if (!line || (line->venue != 'S' && !all_venues)) continue;
    if (frames.read(line->frame) != wire::FrameKind::ticker) continue;
    const auto number = numbers.find(frames.ticker().symbol);
    if (number == numbers.end()) continue;  // the file has grown since
    // A recorder's clock that steps back, or an older recording appended: the market goes on from where it
    // was.
    if (line->received_ns + offset_ns < ahead_ns) offset_ns = ahead_ns - line->received_ns;
    ahead_ns = line->received_ns + offset_ns;
    ahead = {number->second, frames.ticker().quote};
    return true;
  }
  return false;
}

// The next flush: what was received within kFlushSpanNs of its first, at the moment of its last.
void Replay::Impl::fill() {
  next.clear();
  const std::int64_t first_ns = ahead_ns;
  std::int64_t last_ns = ahead_ns;
  while (has_ahead && ahead_ns - first_ns < kFlushSpanNs && next.size() < kReplayFlushEventsMax) {
    last_ns = ahead_ns;
    next.push_back(ahead);
    has_ahead = read_ticker();
  }
  next_ns = next.empty() ? kNever : moment_of(last_ns);
  for (MarketEvent& event : next) event.quote.event_ns = next_ns;
}

std::int64_t Replay::Impl::moment_of(std::int64_t received_ns) const {
  return start_ns + std::llround(static_cast<double>(received_ns - summary.first_ns) / speed);
}

Replay::Replay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replay::~Replay() = default;

const std::vector<market::Listing>& Replay::listings() const { return impl_->listings; }
const std::vector<market::Quote>& Replay::quotes() const { return impl_->quotes; }
std::int64_t Replay::next_ns() const { return impl_->next_ns; }
const Replay::Summary& Replay::summary() const { return impl_->summary; }

std::span<const MarketEvent> Replay::due(std::int64_t now_ns) {
  if (impl_->next_ns > now_ns || impl_->next.empty()) return {};
  std::swap(impl_->next, impl_->given);
  for (const MarketEvent& event : impl_->given) impl_->quotes[event.symbol] = event.quote;
  impl_->fill();
  return impl_->given;
}

Result<std::unique_ptr<Replay>> open_replay(const std::string& path, double speed, std::int64_t start_ns) {
  auto impl = std::make_unique<Replay::Impl>(path, speed, start_ns);
  if (!std::isfinite(speed) || speed < kReplaySpeedMin || speed > kReplaySpeedMax) {
    return impl->error("the speed must be from 0.001 to 1000");
  }
  if (!impl->file.is_open()) return impl->error("cannot be opened: " + std::string(std::strerror(errno)));
  if (const Status surveyed = impl->survey(); !surveyed) return surveyed.error();
  if (!impl->file.rewind()) return impl->error("cannot be read twice; is it a pipe?");
  impl->has_ahead = impl->read_ticker();
  impl->fill();
  return std::unique_ptr<Replay>(new Replay(std::move(impl)));
}

}  // namespace tickcast::exchange
