// SPDX-License-Identifier: Apache-2.0
#include "emitter/subscriptions.h"

#include <algorithm>
#include <bit>
#include <optional>

namespace tickcast::emitter {
namespace {

using fanout::Watch;
using market::SymbolTable;
using wire::Channel;
using wire::StreamName;

constexpr std::string_view kStatusStream = "!status";

// The one watch a name stands for, if it can be served now.
std::optional<Watch> served_watch(const StreamName& name, const SymbolTable& symbols) {
  if (name.all_symbols || name.array || name.pace_ms != 0) return std::nullopt;
  std::uint8_t channel = 0;
  if (name.channel == Channel::book_ticker) channel = fanout::kBookTicker;
  if (name.channel == Channel::quote) channel = fanout::kQuote;
  if (channel == 0) return std::nullopt;
  const auto symbol = symbols.find(market::to_upper_ascii(name.symbol));
  // Streams spell symbols in lower case; another spelling is another, silent stream.
  if (!symbol || symbols.stream_name(*symbol) != name.symbol) return std::nullopt;
  return Watch{*symbol, channel};
}

std::vector<Watch>::iterator position(std::vector<Watch>& watches, market::SymbolId symbol) {
  return std::ranges::lower_bound(watches, symbol, {}, &Watch::symbol);
}

bool add_watch(std::vector<Watch>& watches, Watch watch) {
  const auto at = position(watches, watch.symbol);
  if (at == watches.end() || at->symbol != watch.symbol) {
    watches.insert(at, watch);
    return true;
  }
  const bool is_new = (at->channels & watch.channels) == 0;
  at->channels = static_cast<std::uint8_t>(at->channels | watch.channels);
  return is_new;
}

void remove_watch(std::vector<Watch>& watches, Watch watch) {
  const auto at = position(watches, watch.symbol);
  if (at == watches.end() || at->symbol != watch.symbol) return;
  at->channels = static_cast<std::uint8_t>(at->channels & ~watch.channels);
  if (at->channels == 0) watches.erase(at);
}

std::size_t streams_in(std::span<const Watch> watches) {
  std::size_t count = 0;
  for (const Watch& watch : watches) count += static_cast<std::size_t>(std::popcount(watch.channels));
  return count;
}

}  // namespace

bool Subscriptions::add_silent(std::string_view name) {
  if (!silent_) silent_ = std::make_unique<std::vector<std::string>>();
  if (std::ranges::find(*silent_, name) != silent_->end()) return false;
  silent_->emplace_back(name);
  return true;
}

std::size_t Subscriptions::count_with(std::span<const StreamName> names, const SymbolTable& symbols,
                                      std::span<const Watch> watches) const {
  std::vector<Watch> would_have(watches.begin(), watches.end());
  std::vector<std::string_view> silent;
  if (silent_) silent.assign(silent_->begin(), silent_->end());
  bool would_have_status = status_;
  for (const StreamName& name : names) {
    if (name.text == kStatusStream) {
      would_have_status = true;
    } else if (const auto watch = served_watch(name, symbols)) {
      add_watch(would_have, *watch);
    } else if (std::ranges::find(silent, name.text) == silent.end()) {
      silent.push_back(name.text);
    }
  }
  return streams_in(would_have) + silent.size() + (would_have_status ? 1 : 0);
}

void Subscriptions::add(std::span<const StreamName> names, const SymbolTable& symbols,
                        std::vector<Watch>& watches) {
  for (const StreamName& name : names) {
    if (name.text == kStatusStream) {
      status_ = true;
    } else if (const auto watch = served_watch(name, symbols)) {
      add_watch(watches, *watch);
    } else {
      add_silent(name.text);
    }
  }
}

void Subscriptions::remove(std::span<const StreamName> names, const SymbolTable& symbols,
                           std::vector<Watch>& watches) {
  for (const StreamName& name : names) {
    if (name.text == kStatusStream) status_ = false;
    if (const auto watch = served_watch(name, symbols)) remove_watch(watches, *watch);
    if (silent_) std::erase(*silent_, name.text);
  }
  if (silent_ && silent_->empty()) silent_.reset();
}

bool Subscriptions::resolve(const SymbolTable& symbols, std::vector<Watch>& watches) {
  if (!silent_) return false;
  const std::size_t resolved = std::erase_if(*silent_, [&](const std::string& text) {
    const auto watch = served_watch(wire::parse_stream_name(text), symbols);
    if (watch) add_watch(watches, *watch);
    return watch.has_value();
  });
  if (silent_->empty()) silent_.reset();
  return resolved != 0;
}

std::vector<std::string> Subscriptions::list(const SymbolTable& symbols,
                                             std::span<const Watch> watches) const {
  std::vector<std::string> out;
  const auto name_of = [&](const Watch& watch, Channel channel) {
    return std::string(symbols.stream_name(watch.symbol)).append("@").append(wire::channel_name(channel));
  };
  for (const Watch& watch : watches) {
    if ((watch.channels & fanout::kBookTicker) != 0) out.push_back(name_of(watch, Channel::book_ticker));
    if ((watch.channels & fanout::kQuote) != 0) out.push_back(name_of(watch, Channel::quote));
  }
  if (status_) out.emplace_back(kStatusStream);
  if (silent_) out.insert(out.end(), silent_->begin(), silent_->end());
  return out;
}

}  // namespace tickcast::emitter
