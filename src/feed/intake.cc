// SPDX-License-Identifier: Apache-2.0
#include "feed/intake.h"

#include "base/clock.h"

namespace tickcast::feed {
namespace {

constexpr std::size_t kExcerptBytesMax = 120;

// The start of a frame that nobody vouches for, fit for a log line.
std::string excerpt(std::string_view frame) {
  std::string out;
  for (const char c : frame.substr(0, kExcerptBytesMax)) out += c >= ' ' && c <= '~' ? c : '.';
  if (frame.size() > kExcerptBytesMax) out += "...";
  return out;
}

}  // namespace

Intake::Intake(const market::SymbolTable& symbols, market::Book& book, Stats& stats)
    : symbols_(symbols),
      book_(book),
      stats_(stats),
      expected_(market::SymbolTable::kSymbolsMax, false),
      events_(market::SymbolTable::kSymbolsMax, 0) {}

wire::FrameKind Intake::take(std::string_view frame, std::size_t leg, std::int64_t received_ns) {
  if (tap_ && leg == 0) tap_(received_ns, frame);
  stats_.legs[leg].frames.add();
  stats_.legs[leg].last_ns.set(static_cast<std::uint64_t>(received_ns));
  const wire::FrameKind kind = reader_.read(frame);
  switch (kind) {
    case wire::FrameKind::ticker:
      take_ticker(reader_.ticker(), leg, received_ns);
      break;
    case wire::FrameKind::reply:
    case wire::FrameKind::server_shutdown:
    case wire::FrameKind::other:
      break;
    case wire::FrameKind::malformed:
      stats_.malformed.add();
      note_bad("a malformed frame", frame, received_ns);
      break;
    case wire::FrameKind::unrepresentable:
      stats_.unrepresentable.add();
      note_bad("a ticker whose numbers do not fit exactly", frame, received_ns);
      break;
  }
  return kind;
}

void Intake::take_ticker(const wire::Ticker& ticker, std::size_t leg, std::int64_t received_ns) {
  const auto symbol = symbols_.find(ticker.symbol);
  if (!symbol || !expected_[market::index(*symbol)]) {
    stats_.unknown_symbols.add();
    note_bad("a ticker of a symbol that was not asked for", ticker.symbol, received_ns);
    return;
  }
  ++events_[market::index(*symbol)];
  market::Quote quote = ticker.quote;
  quote.received_ns = received_ns;
  const bool first_here = quote.admitted_ns == 0;
  const std::int64_t told_ns = quote.event_ns != 0 ? quote.event_ns : quote.admitted_ns;
  if (first_here) quote.admitted_ns = wall_ns();
  LegStats& counters = stats_.legs[leg];
  switch (book_.admit(*symbol, quote)) {
    case market::Admission::admitted:
      counters.wins.add();
      stats_.admitted.add();
      if (told_ns != 0) stats_.received_age.add(received_ns - told_ns);
      if (first_here) stats_.admitted_age.add(quote.admitted_ns - (told_ns != 0 ? told_ns : received_ns));
      unpublished_ = true;
      break;
    case market::Admission::duplicate:
      counters.duplicates.add();
      break;
    case market::Admission::older:
      counters.older.add();
      break;
  }
}

void Intake::take_unknown(std::string_view frame, std::int64_t received_ns) {
  stats_.unknown_events.add();
  note_bad("an event of a kind that is not known", frame, received_ns);
}

void Intake::take_binary(std::size_t bytes, std::int64_t received_ns) {
  stats_.unknown_events.add();
  if (bad_limit_.allow(received_ns))
    log_warning("feed", "the exchange sent a binary frame of {} bytes, which was ignored", bytes);
}

void Intake::publish() {
  if (!unpublished_) return;
  unpublished_ = false;
  book_.publish();
}

std::uint64_t Intake::lost_frames() const {
  return stats_.malformed.value() + stats_.unrepresentable.value();
}

void Intake::note_bad(std::string_view what, std::string_view frame, std::int64_t received_ns) {
  if (!bad_limit_.allow(received_ns)) return;
  log_warning("feed", "the exchange sent {}, which was ignored ({} more since the last such line): {}", what,
              bad_limit_.suppressed(), excerpt(frame));
}

}  // namespace tickcast::feed
