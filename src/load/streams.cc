// SPDX-License-Identifier: Apache-2.0
#include "load/streams.h"

#include <algorithm>
#include <charconv>
#include <random>

#include <fmt/core.h>

#include "base/check.h"
#include "wire/http.h"
#include "wire/stream_name.h"

namespace tickcast::load {
namespace {

constexpr std::string_view kExamples =
    "a number (100), a number and a form (50@quote@1000ms), names (btcusdt@quote/ethusdt@quote) or all "
    "symbols "
    "(!quote@arr@1000ms) are understood";

Error not_understood(std::string_view text) {
  return Error{fmt::format("'{}' names no streams: {}", text, kExamples)};
}

// What follows the symbol, when this is a stream that can be measured.
Result<std::string> form_of(const wire::StreamName& name) {
  const bool measurable = name.channel == wire::Channel::quote || name.channel == wire::Channel::book_ticker;
  if (!name.well_formed || !measurable) return not_understood(name.text);
  return name.all_symbols ? name.text : name.text.substr(name.symbol.size());
}

Result<Streams> parse_names(std::string_view text) {
  Streams streams;
  for (const std::string& word : wire::split_stream_list(text)) {
    const wire::StreamName name = wire::parse_stream_name(word);
    auto form = form_of(name);
    if (!form) return form.error();
    const bool first = streams.symbols.empty() && !streams.all;
    if (!first && (*form != streams.form || name.all_symbols))
      return Error{fmt::format("all streams of a run have one form: {} is another", word)};
    streams.form = std::move(*form);
    streams.timed = name.channel == wire::Channel::quote;
    streams.all = name.all_symbols;
    if (!name.all_symbols) streams.symbols.push_back(market::to_lower_ascii(name.symbol));
  }
  if (streams.symbols.empty() && !streams.all) return not_understood(text);
  return streams;
}

}  // namespace

Result<Streams> parse_streams(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  Result<Streams> parsed = Error{};
  if (error == std::errc() && (rest.empty() || rest.front() == '@')) {
    if (count == 0) return not_understood(text);
    parsed = parse_names(fmt::format("any{}", rest.empty() ? "@quote" : rest));
    if (!parsed) return not_understood(text);
    parsed->symbols.clear();
    parsed->count = count;
  } else {
    parsed = parse_names(text);
  }
  if (parsed && std::max(parsed->count, parsed->symbols.size()) > kStreamsPerClientMax)
    return Error{fmt::format("a connection carries at most {} streams: ask for fewer, or for !quote",
                             kStreamsPerClientMax)};
  return parsed;
}

std::size_t Watchlist::place_of(market::SymbolId symbol) const {
  if (all) return market::index(symbol);
  const auto found = std::ranges::lower_bound(symbols, symbol);
  return found != symbols.end() && *found == symbol ? static_cast<std::size_t>(found - symbols.begin())
                                                    : npos;
}

Watchlists::Watchlists(Streams streams, const WatchlistOptions& options, market::SymbolTable& table)
    : streams_(std::move(streams)), options_(options), table_(table) {
  for (const std::string& name : streams_.symbols) {
    if (const auto id = table.put_name(market::to_upper_ascii(name))) candidates_.push_back(*id);
  }
  for (std::size_t i = 0; streams_.count != 0 && i < table.size(); ++i) {
    const auto id = static_cast<market::SymbolId>(i);
    if (table.trading(id)) candidates_.push_back(id);
  }
  if (streams_.count != 0 && !options_.distinct && candidates_.size() > streams_.count)
    candidates_.resize(streams_.count);
  CHECK(streams_.all || !candidates_.empty(), "clients without a symbol to follow");
}

std::shared_ptr<const Watchlist> Watchlists::of(std::uint32_t client) {
  if (options_.distinct && streams_.count != 0) return make(drawn(client));
  if (!common_) common_ = make(candidates_);
  return common_;
}

std::vector<market::SymbolId> Watchlists::drawn(std::uint32_t client) const {
  std::mt19937_64 random(options_.seed * 0x9e37'79b9'7f4a'7c15 + client);
  std::vector<market::SymbolId> symbols = candidates_;
  const std::size_t count = std::min(streams_.count, symbols.size());
  for (std::size_t i = 0; i < count; ++i)
    std::swap(symbols[i], symbols[i + static_cast<std::size_t>(random() % (symbols.size() - i))]);
  symbols.resize(count);
  return symbols;
}

std::shared_ptr<const Watchlist> Watchlists::make(std::vector<market::SymbolId> symbols) const {
  auto list = std::make_shared<Watchlist>();
  list->all = streams_.all;
  list->target = options_.combined ? "/stream?streams=" : "/ws/";
  if (streams_.all) {
    list->target += streams_.form;
    return list;
  }
  std::ranges::sort(symbols);
  for (const market::SymbolId symbol : symbols) {
    if (list->target.back() != '=' && list->target.size() > 4) list->target += '/';
    list->target.append(wire::percent_encode(table_.stream_name(symbol))).append(streams_.form);
  }
  list->symbols = std::move(symbols);
  return list;
}

}  // namespace tickcast::load
