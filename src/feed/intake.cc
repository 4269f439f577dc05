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
  bump(stats_.legs[leg].frames);
  const wire::FrameKind kind = reader_.read(frame);
  switch (kind) {
    case wire::FrameKind::ticker:
      take_ticker(reader_.ticker(), leg, received_ns);
      break;
    case wire::FrameKind::reply:
    case wire::FrameKind::server_shutdown:
      break;
    case wire::FrameKind::other:
      bump(stats_.unknown_events);
      note_bad("an event of a kind that is not known", frame, received_ns);
      break;
    case wire::FrameKind::malformed:
      bump(stats_.malformed);
      note_bad("a malformed frame", frame, received_ns);
      break;
    case wire::FrameKind::unrepresentable:
      bump(stats_.unrepresentable);
      note_bad("a ticker whose numbers do not fit exactly", frame, received_ns);
      break;
  }
  return kind;
}

void Intake::take_ticker(const wire::Ticker& ticker, std::size_t leg, std::int64_t received_ns) {
  const auto symbol = symbols_.find(ticker.symbol);
  if (!symbol || !expected_[market::index(*symbol)]) {
    bump(stats_.unknown_symbols);
    note_bad("a ticker of a symbol that was not asked for", ticker.symbol, received_ns);
    return;
  }
  ++events_[market::index(*symbol)];
  market::Quote quote = ticker.quote;
  quote.received_ns = received_ns;
  if (quote.admitted_ns == 0) quote.admitted_ns = wall_ns();
  LegStats& counters = stats_.legs[leg];
  switch (book_.admit(*symbol, quote)) {
    case market::Admission::admitted:
      bump(counters.wins);
      bump(stats_.admitted);
      unpublished_ = true;
      break;
    case market::Admission::duplicate:
      bump(counters.duplicates);
      break;
    case market::Admission::older:
      bump(counters.older);
      break;
  }
}

void Intake::take_binary(std::size_t bytes, std::int64_t received_ns) {
  bump(stats_.unknown_events);
  if (bad_limit_.allow(received_ns))
    log_warning("feed", "the exchange sent a binary frame of {} bytes, which was ignored", bytes);
}

void Intake::publish() {
  if (!unpublished_) return;
  unpublished_ = false;
  book_.publish();
}

std::uint64_t Intake::lost_frames() const {
  return stats_.malformed.load(std::memory_order_relaxed) +
         stats_.unrepresentable.load(std::memory_order_relaxed);
}

void Intake::note_bad(std::string_view what, std::string_view frame, std::int64_t received_ns) {
  if (!bad_limit_.allow(received_ns)) return;
  log_warning("feed", "the exchange sent {}, which was ignored ({} more since the last such line): {}", what,
              bad_limit_.suppressed(), excerpt(frame));
}

}  // namespace tickcast::feed
