// SPDX-License-Identifier: Apache-2.0
#include "exchange/fault_runner.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/json_text.h"
#include "exchange/corruption.h"
#include "exchange/rest_api.h"

namespace tickcast::exchange {
namespace {

using State = RunningFault::State;

bool happens_once(FaultKind kind) {
  return kind == FaultKind::drop || kind == FaultKind::close || kind == FaultKind::shutdown;
}

bool of_requests(FaultKind kind) { return kind == FaultKind::refuse || kind == FaultKind::hang; }

bool of_market(FaultKind kind) { return kind >= FaultKind::status && kind <= FaultKind::empty; }

// In effect on a session for as long as it lasts.
bool of_session(FaultKind kind) { return kind <= FaultKind::slow_reader || changes_events(kind); }

// One more of what the fault is for. True: it is one to be changed.
bool hit(RunningFault& running) {
  if (running.spent() || ++running.seen % running.fault.every != 0) return false;
  ++running.hits;
  return true;
}

void touch(RunningFault& running, SymbolNumber symbol) {
  if (running.is_touched.size() <= symbol) running.is_touched.resize(symbol + 1);
  if (running.is_touched[symbol]) return;
  running.is_touched[symbol] = true;
  running.touched.push_back(symbol);
}

std::string_view state_name(State state) {
  switch (state) {
    case State::waiting:
      return "waiting";
    case State::active:
      return "active";
    case State::ended:
      return "ended";
  }
  return "";
}

}  // namespace

// --- giving ---

Result<std::uint64_t> FaultRunner::give(const Fault& fault, std::int64_t now_ns) {
  const auto running_count = std::count_if(faults_.begin(), faults_.end(),
                                           [](const auto& each) { return each->state != State::ended; });
  if (static_cast<std::size_t>(running_count) >= kRunningMax) {
    return Error{fmt::format("fault \"{}\": {} faults are waiting or active already; clear them first",
                             fault.text, kRunningMax)};
  }
  auto running = std::make_unique<RunningFault>();
  running->fault = fault;
  running->begins_ns = now_ns + fault.after_ns;
  if (const auto placed = place(*running); !placed) {
    return Error{fmt::format("fault \"{}\": {}", fault.text, placed.error().message)};
  }
  running->number = ++last_number_;
  faults_.push_back(std::move(running));
  advance(now_ns);
  return last_number_;
}

Status FaultRunner::place(RunningFault& running) {
  if (running.fault.kind == FaultKind::list) return place_new_symbol(running);
  if (running.fault.symbol.empty()) return Done{};
  const auto symbol = find_listed(running.fault.symbol);
  if (!symbol) return symbol.error();
  running.symbol = *symbol;
  return Done{};
}

Result<SymbolNumber> FaultRunner::find_listed(const std::string& symbol) const {
  const auto number = board_.find(symbol);
  if (number) return *number;
  return Error{fmt::format("the exchange has no symbol \"{}\"; GET /api/v3/exchangeInfo names them", symbol)};
}

Status FaultRunner::place_new_symbol(RunningFault& running) {
  const Fault& fault = running.fault;
  const auto old = board_.find(fault.symbol);
  if (old && (*old < symbols_of_source_ || board_.listed(*old))) {
    return Error{fmt::format("the exchange lists \"{}\" already", fault.symbol)};
  }
  if (old) {  // listed before, and gone again
    running.symbol = *old;
    return Done{};
  }
  Result<SymbolNumber> followed = SymbolNumber{0};
  if (!fault.follow.empty()) followed = find_listed(fault.follow);
  if (!followed) return followed.error();
  const auto added = board_.add_follower(fault.symbol, *followed);
  if (!added) return added.error();
  running.symbol = *added;
  stage_.on_symbol_added(*added);
  return Done{};
}

// --- beginning and ending ---

std::int64_t FaultRunner::next_ns() const {
  std::int64_t next = RunningFault::kNever;
  for (const auto& each : faults_) {
    if (each->state == State::waiting) next = std::min(next, each->begins_ns);
    if (each->state == State::active) next = std::min(next, each->ends_ns);
  }
  return next;
}

void FaultRunner::advance(std::int64_t now_ns) {
  if (faults_.empty()) return;
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    RunningFault& running = *faults_[i];
    if (running.state == State::waiting && running.begins_ns <= now_ns) begin(running, now_ns);
    if (running.state != State::active) continue;
    if (happens_once(running.fault.kind) && !running.fired) fire(running, now_ns);
    if (running.spent() || running.ends_ns <= now_ns) end(running);
  }
  forget_ended();
}

void FaultRunner::begin(RunningFault& running, std::int64_t now_ns) {
  running.state = State::active;
  if (running.fault.for_ns > 0) running.ends_ns = now_ns + running.fault.for_ns;
  if (of_market(running.fault.kind)) apply_overlay(running.symbol);
  if (of_session(running.fault.kind)) attach();
}

void FaultRunner::end(RunningFault& running) {
  const bool was_active = running.state == State::active;
  running.state = State::ended;
  if (!was_active) return;
  close_told(running);
  if (of_market(running.fault.kind)) apply_overlay(running.symbol);
  if (of_session(running.fault.kind)) attach();
  if (running.fault.kind == FaultKind::ack_only) {
    stage_.for_each_session([this](Session& session) {
      if (!session.muted.empty() && !mutes(session)) stage_.unmute(session);
    });
  }
  say_again(running);
}

void FaultRunner::clear(std::int64_t now_ns) {
  for (const auto& each : faults_) {
    if (each->state != State::ended) end(*each);
  }
  advance(now_ns);
}

void FaultRunner::say_again(RunningFault& running) {
  for (const SymbolNumber symbol : running.touched) {
    if (board_.say_again(symbol)) stage_.publish(symbol);
  }
  running.touched = {};
  running.is_touched = {};
}

void FaultRunner::forget_ended() {
  auto ended = std::count_if(faults_.begin(), faults_.end(),
                             [](const auto& each) { return each->state == State::ended; });
  std::erase_if(faults_, [&ended](const auto& each) {
    return each->state == State::ended && ended-- > static_cast<std::ptrdiff_t>(kEndedKept);
  });
}

// --- the market ---

void FaultRunner::apply_overlay(SymbolNumber symbol) {
  Overlay overlay;
  bool listed_by_fault = false;
  for (const auto& each : faults_) {
    if (each->state != State::active || !of_market(each->fault.kind) || each->symbol != symbol) continue;
    switch (each->fault.kind) {
      case FaultKind::status:
        overlay.status = each->fault.market_status;
        break;
      case FaultKind::delist:
        overlay.hidden = true;
        break;
      case FaultKind::list:
        listed_by_fault = true;
        break;
      default:
        overlay.zero_bid |= each->fault.side != BookSide::ask;
        overlay.zero_ask |= each->fault.side != BookSide::bid;
    }
  }
  if (symbol >= symbols_of_source_ && !listed_by_fault) overlay.hidden = true;
  if (board_.set_overlay(symbol, overlay)) stage_.publish(symbol);
}

// --- sessions ---

bool FaultRunner::concerns(const RunningFault& running, const Session& session) const {
  if (running.state != State::active) return false;
  const auto& choice = running.fault.connection;
  return choice.kind == ConnectionChoice::Kind::all || choice.number == session.id;
}

void FaultRunner::attach() {
  stage_.for_each_session([this](Session& session) { attach_to(session); });
}

void FaultRunner::attach_to(Session& session) {
  session.faults.clear();
  session.bent = false;
  for (const auto& each : faults_) {
    const FaultKind kind = each->fault.kind;
    if (!of_session(kind) || !concerns(*each, session)) continue;
    session.faults.push_back(each.get());
    session.bent |= kind == FaultKind::stall || changes_events(kind);
  }
}

void FaultRunner::on_open(Session& session) {
  for (const auto& each : faults_) {
    auto& choice = each->fault.connection;
    const bool free = choice.kind == ConnectionChoice::Kind::next && choice.number == 0;
    if (free && each->state == State::active) choice.number = session.id;
  }
  attach_to(session);
}

// Once, on all there are or on the one it is for; that one may be still to come.
void FaultRunner::fire(RunningFault& running, std::int64_t now_ns) {
  running.fired = running.fault.connection.kind == ConnectionChoice::Kind::all;
  stage_.for_each_session([this, &running](Session& session) {
    if (!concerns(running, session)) return;
    running.fired = true;
    ++running.hits;
    strike(running, session);
  });
  if (!running.fired) return;
  running.ends_ns = now_ns + (running.fault.kind == FaultKind::shutdown ? running.fault.grace_ns : 0);
}

void FaultRunner::strike(RunningFault& running, Session& session) {
  switch (running.fault.kind) {
    case FaultKind::drop:
      session.connection->abort("fault: drop");
      break;
    case FaultKind::close:
      session.connection->close(static_cast<wire::CloseCode>(running.fault.close_code), running.fault.reason);
      break;
    default:
      stage_.announce_shutdown(session);
      running.told.push_back(session.id);
  }
}

void FaultRunner::close_told(RunningFault& running) {
  stage_.for_each_session([&running](Session& session) {
    const bool told = std::find(running.told.begin(), running.told.end(), session.id) != running.told.end();
    if (told) session.connection->close(wire::CloseCode::going_away, "");
  });
  running.told = {};
}

std::int64_t FaultRunner::lifetime_ns(std::int64_t by_the_rules) const {
  std::int64_t lifetime = by_the_rules;
  for (const auto& each : faults_) {
    if (each->state == State::active && each->fault.kind == FaultKind::lifetime) {
      lifetime = std::min(lifetime, each->fault.age_ns);
    }
  }
  return lifetime;
}

bool FaultRunner::swallows_reply(const Session& session) {
  for (RunningFault* each : session.faults) {
    if (each->fault.kind == FaultKind::no_ack && hit(*each)) return true;
  }
  return false;
}

bool FaultRunner::mutes(const Session& session) const {
  return std::any_of(session.faults.begin(), session.faults.end(),
                     [](const RunningFault* each) { return each->fault.kind == FaultKind::ack_only; });
}

std::size_t FaultRunner::queue_bytes_max(const Session& session, std::size_t by_the_rules) const {
  std::size_t most = by_the_rules;
  for (const RunningFault* each : session.faults) {
    if (each->fault.kind == FaultKind::slow_reader) most = std::min(most, each->fault.bytes);
  }
  return most + session.queue_bytes_allowed;
}

// --- requests ---

std::optional<ws::Answer> FaultRunner::refuse(bool handshake, std::int64_t wall_now_ns) {
  const RequestKind kind = handshake ? RequestKind::handshake : RequestKind::rest;
  for (const auto& each : faults_) {
    const Fault& fault = each->fault;
    if (each->state != State::active || !of_requests(fault.kind)) continue;
    if ((fault.on != RequestKind::both && fault.on != kind) || !hit(*each)) continue;
    if (fault.kind == FaultKind::hang) return ws::Hang{};
    return refusal(fault.http_status, fault.retry_after_s, wall_now_ns);
  }
  return std::nullopt;
}

// --- events ---

RunningFault* FaultRunner::picks(const Session& session, SymbolNumber symbol) {
  RunningFault* chosen = nullptr;
  for (RunningFault* each : session.faults) {
    if (each->fault.kind == FaultKind::stall) return each;
    const bool of_symbol = each->fault.symbol.empty() || each->symbol == symbol;
    if (chosen == nullptr && changes_events(each->fault.kind) && of_symbol && hit(*each)) chosen = each;
  }
  return chosen;
}

void FaultRunner::deliver(Session& session, EventFrames& event, std::int64_t wall_now_ns) {
  RunningFault* running = picks(session, event.symbol());
  if (running == nullptr) {
    session.connection->append_frames(event.frame(session.combined));
  } else if (running->fault.kind == FaultKind::stall) {
    ++running->hits;
    touch(*running, event.symbol());
  } else {
    send(session, *running, event, wall_now_ns);
  }
}

void FaultRunner::send(Session& session, RunningFault& running, EventFrames& event,
                       std::int64_t wall_now_ns) {
  const Corruption corruption =
      corrupt(running.fault, event, session.combined, running.hits - 1, wall_now_ns / kNsPerMs);
  ws::Connection& connection = *session.connection;
  session.pongs_owed += corruption.pings;
  if (running.fault.kind == FaultKind::huge) {
    session.queue_bytes_allowed = std::max(session.queue_bytes_allowed, corruption.bytes.size());
  }
  if (corruption.byte_by_byte) {
    connection.flush();
    for (const char& byte : corruption.bytes) {
      connection.append_frames({&byte, 1});
      connection.flush();
    }
  } else {
    connection.append_frames(corruption.bytes);
  }
  if (loses_events(running.fault.kind)) touch(running, event.symbol());
  if (!corruption.then_drop) return;
  connection.flush();
  connection.abort("fault: truncate");
}

std::string FaultRunner::describe() const {
  std::string out = "[";
  for (const auto& each : faults_) {
    if (out.size() > 1) out += ',';
    out += fmt::format(R"({{"number":{},"fault":{},"state":"{}","hits":{}}})", each->number,
                       json_string(each->fault.text), state_name(each->state), each->hits);
  }
  out += ']';
  return out;
}

}  // namespace tickcast::exchange
