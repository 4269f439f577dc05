// SPDX-License-Identifier: Apache-2.0
#include "emitter/subscriptions.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "wire/status_event.h"

namespace tickcast::emitter {
namespace {

using fanout::Watch;
using market::SymbolTable;
using wire::Channel;
using wire::kStatusStream;
using wire::StreamName;

// What a name stands for, if it can be served now.
struct Served {
  fanout::Form form;
  Watch watch;  // of the whole market: its channel alone
};

std::optional<Served> served(const StreamName& name, const SymbolTable& symbols) {
  std::uint8_t channel = 0;
  if (name.channel == Channel::book_ticker) channel = fanout::kBookTicker;
  if (name.channel == Channel::quote) channel = fanout::kQuote;
  if (name.channel == Channel::best_bid_ask && !name.array) channel = fanout::kBestBidAsk;
  if (channel == 0) return std::nullopt;
  if (name.all_symbols) {
    return Served{{name.array ? fanout::Scope::array : fanout::Scope::all, name.pace_ms}, {{}, channel}};
  }
  const auto symbol = symbols.find(market::to_upper_ascii(name.symbol));
  // Streams spell symbols in lower case; another spelling is another, silent stream.
  if (!symbol || symbols.stream_name(*symbol) != name.symbol) return std::nullopt;
  return Served{{fanout::Scope::listed, name.pace_ms}, {*symbol, channel}};
}

std::uint8_t market_channel(const Served& stream) {
  return stream.form.scope == fanout::Scope::listed ? std::uint8_t{0} : stream.watch.channels;
}

Selections::iterator position(Selections& selections, const Served& stream) {
  return std::ranges::find_if(selections, [&](const Selection& selection) {
    return selection.form == stream.form && selection.market_channel == market_channel(stream);
  });
}

std::vector<Watch>::iterator position(std::vector<Watch>& watches, market::SymbolId symbol) {
  return std::ranges::lower_bound(watches, symbol, {}, &Watch::symbol);
}

void add_watch(std::vector<Watch>& watches, Watch watch) {
  const auto at = position(watches, watch.symbol);
  if (at == watches.end() || at->symbol != watch.symbol) {
    watches.insert(at, watch);
  } else {
    at->channels = static_cast<std::uint8_t>(at->channels | watch.channels);
  }
}

void remove_watch(std::vector<Watch>& watches, Watch watch) {
  const auto at = position(watches, watch.symbol);
  if (at == watches.end() || at->symbol != watch.symbol) return;
  at->channels = static_cast<std::uint8_t>(at->channels & ~watch.channels);
  if (at->channels == 0) watches.erase(at);
}

void select(Selections& selections, const Served& stream) {
  auto at = position(selections, stream);
  if (at == selections.end()) at = selections.insert(at, {stream.form, market_channel(stream), {}});
  if (at->market_channel == 0) add_watch(at->watches, stream.watch);
}

void deselect(Selections& selections, const Served& stream) {
  const auto at = position(selections, stream);
  if (at == selections.end()) return;
  if (at->market_channel == 0) remove_watch(at->watches, stream.watch);
  if (at != selections.begin() && at->watches.empty()) selections.erase(at);
}

std::size_t streams_in(const Selections& selections) {
  std::size_t count = 0;
  for (const Selection& selection : selections) {
    if (selection.market_channel != 0) ++count;
    for (const Watch& watch : selection.watches)
      count += static_cast<std::size_t>(std::popcount(watch.channels));
  }
  return count;
}

// The stream of a selection that carries this channel of a watch.
void append_name(std::vector<std::string>& out, const Selection& selection, Channel channel,
                 const Watch& watch, const SymbolTable& symbols) {
  const fanout::Form& form = selection.form;
  std::string name(form.scope == fanout::Scope::listed ? symbols.stream_name(watch.symbol)
                                                       : std::string_view("!"));
  if (form.scope == fanout::Scope::listed) name += '@';
  name += wire::channel_name(channel);
  if (form.scope == fanout::Scope::array) name += "@arr";
  if (form.pace_ms != 0) name += '@' + std::to_string(form.pace_ms) + "ms";
  out.push_back(std::move(name));
}

}  // namespace

bool Subscriptions::add_silent(std::string_view name) {
  if (!silent_) silent_ = std::make_unique<std::vector<std::string>>();
  if (std::ranges::find(*silent_, name) != silent_->end()) return false;
  silent_->emplace_back(name);
  return true;
}

std::size_t Subscriptions::count_with(std::span<const StreamName> names, const SymbolTable& symbols,
                                      const Selections& selections) const {
  Selections would_have = selections;
  std::vector<std::string_view> silent;
  if (silent_) silent.assign(silent_->begin(), silent_->end());
  bool would_have_status = status_;
  for (const StreamName& name : names) {
    if (name.text == kStatusStream) {
      would_have_status = true;
    } else if (const auto stream = served(name, symbols)) {
      select(would_have, *stream);
    } else if (std::ranges::find(silent, name.text) == silent.end()) {
      silent.push_back(name.text);
    }
  }
  return streams_in(would_have) + silent.size() + (would_have_status ? 1 : 0);
}

void Subscriptions::add(std::span<const StreamName> names, const SymbolTable& symbols,
                        Selections& selections) {
  for (const StreamName& name : names) {
    if (name.text == kStatusStream) {
      status_ = true;
    } else if (const auto stream = served(name, symbols)) {
      select(selections, *stream);
    } else {
      add_silent(name.text);
    }
  }
}

void Subscriptions::remove(std::span<const StreamName> names, const SymbolTable& symbols,
                           Selections& selections) {
  for (const StreamName& name : names) {
    if (name.text == kStatusStream) status_ = false;
    if (const auto stream = served(name, symbols)) deselect(selections, *stream);
    if (silent_) std::erase(*silent_, name.text);
  }
  if (silent_ && silent_->empty()) silent_.reset();
}

bool Subscriptions::resolve(const SymbolTable& symbols, Selections& selections) {
  if (!silent_) return false;
  const std::size_t resolved = std::erase_if(*silent_, [&](const std::string& text) {
    const auto stream = served(wire::parse_stream_name(text), symbols);
    if (stream) select(selections, *stream);
    return stream.has_value();
  });
  if (silent_->empty()) silent_.reset();
  return resolved != 0;
}

std::vector<std::string> Subscriptions::list(const SymbolTable& symbols, const Selections& selections) const {
  std::vector<std::string> out;
  const auto append = [&](const Selection& selection, const Watch& watch) {
    if ((watch.channels & fanout::kBookTicker) != 0)
      append_name(out, selection, Channel::book_ticker, watch, symbols);
    if ((watch.channels & fanout::kQuote) != 0) append_name(out, selection, Channel::quote, watch, symbols);
    if ((watch.channels & fanout::kBestBidAsk) != 0)
      append_name(out, selection, Channel::best_bid_ask, watch, symbols);
  };
  for (const Selection& selection : selections) {
    if (selection.market_channel != 0) append(selection, {{}, selection.market_channel});
    for (const Watch& watch : selection.watches) append(selection, watch);
  }
  if (status_) out.emplace_back(kStatusStream);
  if (silent_) out.insert(out.end(), silent_->begin(), silent_->end());
  return out;
}

}  // namespace tickcast::emitter
