// SPDX-License-Identifier: Apache-2.0
#include "load/inspector.h"

#include <algorithm>

#include <fmt/core.h>

#include "wire/ws_frame.h"

namespace tickcast::load {
namespace {

constexpr std::size_t kBytesShown = 120;

// Fit for a terminal.
std::string shown(std::string_view message) {
  std::string text;
  for (const char c : message.substr(0, kBytesShown)) text += c >= ' ' && c <= '~' ? c : '.';
  return text + (message.size() > kBytesShown ? "..." : "");
}

}  // namespace

bool Inspector::read_quotes(std::string_view message) {
  kind_ = wire::FrameKind::ticker;
  if (wire::scan_events(message, events_)) return true;
  kind_ = general_.read(message);
  events_.clear();
  if (kind_ != wire::FrameKind::ticker) return false;
  wire::ServedEvent& event = events_.emplace_back();
  event.ticker = general_.ticker();
  event.is_quote = event.ticker.quote.admitted_ns != 0;
  return true;
}

void Inspector::take(Account& account, std::string_view message, std::int64_t received_ns) {
  if (!read_quotes(message)) {
    const bool known = kind_ != wire::FrameKind::malformed && kind_ != wire::FrameKind::unrepresentable;
    // An array that the scanner did not take is of no other kind that a server sends.
    if (!known || message.starts_with('[')) return found(Fault::unreadable, account, shown(message));
    return tally_.unrelated.add();
  }
  if (measuring_) {
    ++account.messages;
    tally_.messages.add();
    tally_.quotes.add(events_.size());
    tally_.bytes.add(message.size() + wire::frame_header_bytes(message.size()));
  }
  for (const wire::ServedEvent& event : events_) take_quote(account, event, received_ns);
}

void Inspector::take_quote(Account& account, const wire::ServedEvent& event, std::int64_t received_ns) {
  const std::string_view name = event.ticker.symbol;
  auto symbol = symbols_.find(name);
  if (!symbol && account.watchlist->all) symbol = symbols_.put_name(name);
  const std::size_t place = symbol ? account.watchlist->place_of(*symbol) : Watchlist::npos;
  if (place == Watchlist::npos) return found(Fault::unasked, account, name);
  if (place >= account.seen.size()) account.seen.resize(place + 1);

  Seen& seen = account.seen[place];
  const Seen before = seen;
  if (const auto fault = ledger_.enter(seen, *symbol, event)) {
    found(*fault, account,
          fmt::format("{}: u {} after {}, n {}", name, event.ticker.quote.update_id, before.update_id,
                      event.merged_updates));
  }
  if (!measuring_) return;
  if (event.ticker.quote.update_id == market::kNoUpdateId) tally_.without_id.add();
  if (event.merged_updates > 1) tally_.merged.add(event.merged_updates - 1);
  if (event.is_quote) take_age(account, received_ns - event.ticker.quote.admitted_ns);
}

void Inspector::take_age(Account& account, std::int64_t age_ns) {
  if (age_ns < 0) tally_.early.add();
  if (account.manner == Manner::slow) return tally_.slow_age.record(age_ns);
  tally_.age.record(age_ns);
  account.oldest_ns = std::max(account.oldest_ns, age_ns);
}

void Inspector::take_broken_framing(const Account& account, std::string_view why) {
  found(Fault::framing, account, why);
}

void Inspector::found(Fault fault, const Account& account, std::string_view what) {
  const std::string who =
      account.client == Account::kWitness ? "the witness" : fmt::format("client {}", account.client);
  tally_.found(fault, fmt::format("{}: {}", who, what));
}

}  // namespace tickcast::load
