// SPDX-License-Identifier: Apache-2.0
#include "exchange/faults.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include <fmt/core.h>

namespace tickcast::exchange {
namespace {

// --- settings: how each is written, and where it goes ---

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool number_within(std::string_view text, std::uint64_t least, std::uint64_t most, std::uint64_t& out) {
  const auto value = whole_number(text);
  if (!value || *value < least || *value > most) return false;
  out = *value;
  return true;
}

template <class Integer>
bool integer_within(std::string_view text, std::uint64_t least, std::uint64_t most, Integer& out) {
  std::uint64_t value = 0;
  if (!number_within(text, least, most, value)) return false;
  out = static_cast<Integer>(value);
  return true;
}

bool duration(std::string_view text, std::int64_t& out_ns) {
  struct Unit {
    std::string_view name;
    std::int64_t ns;
  };
  static constexpr Unit kUnits[] = {{"ms", kNsPerMs},
                                    {"us", kNsPerUs},
                                    {"s", kNsPerSecond},
                                    {"m", 60 * kNsPerSecond},
                                    {"h", 3600 * kNsPerSecond}};
  constexpr std::uint64_t kMaxNs = 365ULL * 24 * 3600 * 1'000'000'000;  // a year
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    std::uint64_t count = 0;
    if (!number_within(text.substr(0, text.size() - unit.name.size()), 0,
                       kMaxNs / static_cast<std::uint64_t>(unit.ns), count)) {
      return false;
    }
    out_ns = static_cast<std::int64_t>(count) * unit.ns;
    return true;
  }
  return false;
}

bool connection_choice(std::string_view text, ConnectionChoice& out) {
  if (text == "all" || text == "next") {
    out = {text == "all" ? ConnectionChoice::Kind::all : ConnectionChoice::Kind::next, 0};
    return true;
  }
  out.kind = ConnectionChoice::Kind::number;
  return number_within(text, 1, std::numeric_limits<std::uint64_t>::max(), out.number);
}

bool any_text(std::string_view text, std::string& out) {
  out = text;
  return true;
}

bool symbol_name(std::string_view text, std::string& out) {
  if (text.empty() || text.size() > 48)
    return false;  // lower-case ASCII and quotes have no place in a symbol
  const bool possible = std::none_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\' ||
           c == 0x7f;
  });
  out = text;
  return possible;
}

template <class Value>
bool one_of(std::string_view text, std::span<const std::pair<std::string_view, Value>> choices, Value& out) {
  const auto found = std::find_if(choices.begin(), choices.end(),
                                  [text](const auto& choice) { return choice.first == text; });
  if (found == choices.end()) return false;
  out = found->second;
  return true;
}

constexpr std::pair<std::string_view, RequestKind> kRequestKinds[] = {
    {"handshake", RequestKind::handshake}, {"rest", RequestKind::rest}, {"both", RequestKind::both}};
constexpr std::pair<std::string_view, BookSide> kSides[] = {
    {"bid", BookSide::bid}, {"ask", BookSide::ask}, {"both", BookSide::both}};
constexpr std::string_view kMarketStatuses[] = {"BREAK", "HALT", "END_OF_DAY", "CANCEL_ONLY"};

bool market_status(std::string_view text, std::string& out) {
  out = text;
  return std::find(std::begin(kMarketStatuses), std::end(kMarketStatuses), text) != std::end(kMarketStatuses);
}

// 1004 to 1006 and 1015 never stand in a close frame (RFC 6455 section 7.4).
bool code(std::string_view text, Fault& fault) {
  if (fault.kind == FaultKind::refuse) return integer_within(text, 400, 599, fault.http_status);
  return integer_within(text, 1000, 4999, fault.close_code) && fault.close_code != 1015 &&
         (fault.close_code < 1004 || fault.close_code > 1006);
}

struct Setting {
  std::string_view name;
  std::string_view form;  // how a value is written, for messages and for the reference
  bool (*read)(std::string_view value, Fault& fault);
};

constexpr std::uint64_t kCountMax = 1'000'000'000;

constexpr Setting kSettings[] = {
    {"connection", "all, next or a number from 1",
     [](std::string_view v, Fault& f) { return connection_choice(v, f.connection); }},
    {"after", "a time such as 500ms, 5s, 2m or 1h",
     [](std::string_view v, Fault& f) { return duration(v, f.after_ns); }},
    {"for", "a time such as 500ms, 5s, 2m or 1h",
     [](std::string_view v, Fault& f) { return duration(v, f.for_ns) && f.for_ns > 0; }},
    {"every", "a number from 1",
     [](std::string_view v, Fault& f) { return number_within(v, 1, kCountMax, f.every); }},
    {"times", "a number from 0 (no limit)",
     [](std::string_view v, Fault& f) { return number_within(v, 0, kCountMax, f.times); }},
    {"symbol", "a symbol in upper case, such as BTCUSDT",
     [](std::string_view v, Fault& f) { return symbol_name(v, f.symbol); }},
    {"follow", "a symbol in upper case, such as BTCUSDT",
     [](std::string_view v, Fault& f) { return symbol_name(v, f.follow); }},
    {"status", "BREAK, HALT, END_OF_DAY or CANCEL_ONLY",
     [](std::string_view v, Fault& f) { return market_status(v, f.market_status); }},
    {"side", "bid, ask or both",
     [](std::string_view v, Fault& f) { return one_of<BookSide>(v, kSides, f.side); }},
    {"on", "handshake, rest or both",
     [](std::string_view v, Fault& f) { return one_of<RequestKind>(v, kRequestKinds, f.on); }},
    {"code",
     "an HTTP status from 400 to 599 (refuse), a close code from 1000 to 4999 but 1004 to 1006 and 1015 "
     "(close)",
     code},
    {"retry_after", "whole seconds",
     [](std::string_view v, Fault& f) { return integer_within(v, 0, kCountMax, f.retry_after_s); }},
    {"reason", "a text of at most 123 bytes without a comma",
     [](std::string_view v, Fault& f) { return v.size() <= 123 && any_text(v, f.reason); }},
    {"grace", "a time such as 500ms, 5s, 2m or 1h",
     [](std::string_view v, Fault& f) { return duration(v, f.grace_ns); }},
    {"age", "a time such as 500ms, 5s, 2m or 1h",
     [](std::string_view v, Fault& f) { return duration(v, f.age_ns); }},
    {"bytes", "a number from 1 to 67108864",
     [](std::string_view v, Fault& f) { return integer_within(v, 1, kHugeBytesMax, f.bytes); }},
};

const Setting* find_setting(std::string_view name) {
  const auto* found = std::find_if(std::begin(kSettings), std::end(kSettings),
                                   [name](const Setting& setting) { return setting.name == name; });
  return found == std::end(kSettings) ? nullptr : found;
}

// --- faults: their settings and what they do ---

struct Row {
  FaultKind kind;
  std::string_view name;
  std::string_view settings;  // that it takes; one with '!' behind it is required
  std::string_view defaults;  // that differ from struct Fault
  std::string_view effect;
  std::string_view afterwards;  // what a correct client ends with
};

constexpr std::string_view kSaidAgain =
    "When it ends, every symbol of which an event was lost gets a fresh one with a higher u: all books equal "
    "the "
    "exchange's again.";
constexpr std::string_view kNothingLost =
    "Nothing is lost: the client's books equal the exchange's all along.";
constexpr std::string_view kReconnects =
    "What is sent until the client is back is lost; it seeds itself from REST and equals the exchange again.";
constexpr std::string_view kIgnored =
    "The extra frames are to be ignored: the client's books equal the exchange's all along, and nothing is "
    "said again "
    "at the end.";

constexpr Row kRows[] = {
    {FaultKind::stall, "stall", "connection after for", "",
     "Market data stop on the connection; pings are sent and answered, control messages acknowledged.",
     kSaidAgain},
    {FaultKind::ack_only, "ack-only", "connection after for", "",
     "A SUBSCRIBE is acknowledged, but its streams send nothing.",
     "When it ends, the streams flow, and begin with a fresh event each."},
    {FaultKind::no_ack, "no-ack", "connection after for every times", "",
     "Control messages take effect, but their replies never come, not even when it ends.", kNothingLost},
    {FaultKind::slow_reader, "slow-reader", "connection after for bytes", "bytes=65536",
     "A connection with more than so many bytes unsent (besides the kernel's buffer) is dropped.",
     kReconnects},
    {FaultKind::lifetime, "lifetime", "after for age", "age=10s",
     "Connections are closed at this age, as otherwise at 24 hours: close code 1000.", kReconnects},
    {FaultKind::drop, "drop", "connection after", "",
     "The connection is reset without a close frame (clients say 1006). With connection=all: a mass "
     "disconnect.",
     kReconnects},
    {FaultKind::close, "close", "connection after code reason", "code=1008,reason=Too many requests",
     "The connection is closed. The exchange's own texts with 1008 are 'Too many requests' and 'Pong "
     "timeout'.",
     kReconnects},
    {FaultKind::shutdown, "shutdown", "connection after grace", "grace=1s",
     "A serverShutdown event, raw or wrapped, and after the grace time a close frame with 1001.",
     kReconnects},
    {FaultKind::refuse, "refuse", "on code retry_after after for every times",
     "on=both,code=451,retry_after=30",
     "Requests are answered with this HTTP status (451, 403, 418, 429, 504, ...) and the body that the "
     "exchange has "
     "for it; 418, 429 and 503 with Retry-After.",
     "When it ends, the client connects and equals the exchange."},
    {FaultKind::hang, "hang", "on after for every times", "on=both",
     "Requests are taken, but never answered.", "When it ends, the client connects and equals the exchange."},
    {FaultKind::status, "status", "symbol! status after for", "status=BREAK",
     "The symbol has this status in exchangeInfo and sends nothing; REST tells its last quote.",
     "When it ends, the symbol trades again, with a fresh event."},
    {FaultKind::list, "list", "symbol! follow after for", "",
     "A symbol that did not exist appears and trades; its quotes are those of another symbol. Any UTF-8 will "
     "do.",
     "When it ends, the symbol is gone again."},
    {FaultKind::delist, "delist", "symbol! after for", "",
     "The symbol is gone from exchangeInfo and from REST (-1121), and sends nothing.",
     "When it ends, the symbol is back, with a fresh event."},
    {FaultKind::empty, "empty", "symbol! side after for", "side=both",
     "The book of the symbol has no orders on this side: zero in events and in REST, which is the truth "
     "meanwhile.",
     "When it ends, a fresh event tells both sides."},
    {FaultKind::malformed, "malformed", "connection symbol after for every times", "",
     "Instead of the event: text that is no JSON, or lacks a field, or has one of another type, in turn.",
     kSaidAgain},
    {FaultKind::bad_utf8, "bad-utf8", "connection symbol after for every times", "times=1",
     "Instead of the event: a text frame that is not UTF-8, which a client must answer with close 1007.",
     kSaidAgain},
    {FaultKind::unrepresentable, "unrepresentable", "connection symbol after for every times", "",
     "Instead of the event: one whose numbers do not fit (30 digits, exponent, sign, an u beyond 64 bits), "
     "in turn.",
     kSaidAgain},
    {FaultKind::truncate, "truncate", "connection symbol after for every times", "times=1",
     "Half of the event's frame, then the connection is dropped.", kSaidAgain},
    {FaultKind::torn, "torn", "connection symbol after for every times", "every=20",
     "The event's frame is sent one byte per TCP segment.", kNothingLost},
    {FaultKind::fragments, "fragments", "connection symbol after for every times", "every=20",
     "The event comes as a fragmented message with pings between the fragments.", kNothingLost},
    {FaultKind::extra_keys, "extra-keys", "connection symbol after for every times", "",
     "The event has further keys, in front, between and behind.", kNothingLost},
    {FaultKind::huge, "huge", "connection symbol after for every times bytes", "times=1,bytes=16777216",
     "The event is padded to one frame with a payload of so many bytes. A client may refuse it with close "
     "1009.",
     "A client that takes it has lost nothing. When it ends, the symbol gets a fresh event."},
    {FaultKind::duplicate_id, "duplicate-id", "connection symbol after for every times", "",
     "The event comes twice; then an event with the same u, but other quantities.", kIgnored},
    {FaultKind::older_id, "older-id", "connection symbol after for every times", "",
     "Behind the event comes one with an older u and other quantities.", kIgnored},
    {FaultKind::unknown_event, "unknown-event", "connection symbol after for every times", "",
     "Behind the event comes one of an unknown type, raw or wrapped under a known or an unknown stream.",
     kIgnored},
};

const Row& row(FaultKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

constexpr bool rows_are_in_order() {
  std::size_t i = 0;
  for (const Row& each : kRows) {
    if (static_cast<std::size_t>(each.kind) != i++) return false;
  }
  return i == static_cast<std::size_t>(FaultKind::unknown_event) + 1;
}

// --- reading ---

// Calls visit(part) for each part of `text` between separators, until it returns false.
template <class Visit>
bool for_each_part(std::string_view text, char separator, Visit&& visit) {
  while (true) {
    const auto end = text.find(separator);
    if (!visit(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool takes(const Row& of, std::string_view setting) {
  return !for_each_part(of.settings, ' ', [setting](std::string_view part) {
    if (part.ends_with('!')) part.remove_suffix(1);
    return part != setting;
  });
}

std::string list_settings(const Row& of) {
  std::string list;
  for_each_part(of.settings, ' ', [&list](std::string_view part) {
    if (part.ends_with('!')) part.remove_suffix(1);
    if (!list.empty()) list += ", ";
    list += part;
    return true;
  });
  return list;
}

std::string list_names() {
  std::string list;
  for (const Row& each : kRows) {
    if (!list.empty()) list += ", ";
    list += each.name;
  }
  return list;
}

// One name=value. An empty text is success.
std::string read_setting(const Row& of, std::string_view part, Fault& fault) {
  const auto equals = part.find('=');
  const std::string_view name = part.substr(0, equals);
  if (equals == std::string_view::npos) {
    return fmt::format("\"{}\" has no value; settings are written name=value, and {} takes {}", part, of.name,
                       list_settings(of));
  }
  if (!takes(of, name)) {
    return fmt::format("\"{}\" is not a setting of {}; it takes {}", name, of.name, list_settings(of));
  }
  const Setting* setting = find_setting(name);
  CHECK(setting != nullptr, "a fault names a setting that does not exist");
  const std::string_view value = part.substr(equals + 1);
  if (setting->read(value, fault)) return "";
  return fmt::format("{}: \"{}\" is not right; it is {}", name, value, setting->form);
}

std::string read_settings(const Row& of, std::string_view settings, Fault& fault) {
  std::string wrong;
  for_each_part(settings, ',', [&](std::string_view part) {
    wrong = read_setting(of, part, fault);
    return wrong.empty();
  });
  return wrong;
}

std::string missing_setting(const Row& of, const Fault& fault) {
  // `symbol` is the only setting that can be required.
  if (of.settings.find("symbol!") == std::string_view::npos || !fault.symbol.empty()) return "";
  return fmt::format("{} needs symbol=..., {}", of.name, find_setting("symbol")->form);
}

}  // namespace

Result<Fault> parse_fault(std::string_view text) {
  static_assert(rows_are_in_order());
  if (text.size() > kFaultTextBytesMax) {
    return Error{fmt::format("a fault of {} bytes is too long; at most {}", text.size(), kFaultTextBytesMax)};
  }
  const auto colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto* found =
      std::find_if(std::begin(kRows), std::end(kRows), [name](const Row& each) { return each.name == name; });
  if (found == std::end(kRows)) {
    return Error{fmt::format("fault \"{}\": \"{}\" is not a fault; there are {}", text, name, list_names())};
  }
  Fault fault;
  fault.kind = found->kind;
  fault.text = text;
  std::string wrong;
  if (!found->defaults.empty()) wrong = read_settings(*found, found->defaults, fault);
  CHECK(wrong.empty(), "the defaults of a fault are not right");
  if (colon != std::string_view::npos) wrong = read_settings(*found, text.substr(colon + 1), fault);
  if (wrong.empty()) wrong = missing_setting(*found, fault);
  if (!wrong.empty()) return Error{fmt::format("fault \"{}\": {}", text, wrong)};
  return fault;
}

Status check_fault(std::string_view text) {
  const auto fault = parse_fault(text);
  if (!fault) return fault.error();
  return Done{};
}

std::string_view fault_name(FaultKind kind) { return row(kind).name; }

std::vector<std::string_view> fault_names() {
  std::vector<std::string_view> names;
  for (const Row& each : kRows) names.push_back(each.name);
  return names;
}

std::string fault_help() {
  std::string help =
      "A fault is <name>[:<setting>=<value>,...], for example stall:connection=2,after=5s,for=10s\n\n";
  for (const Row& each : kRows) {
    help += fmt::format("{}\n  {}\n  {}\n  settings: {}", each.name, each.effect, each.afterwards,
                        list_settings(each));
    if (!each.defaults.empty()) help += fmt::format(" (default: {})", each.defaults);
    help += "\n\n";
  }
  help += "settings\n";
  for (const Setting& setting : kSettings) help += fmt::format("  {:<12} {}\n", setting.name, setting.form);
  help +=
      "\nconnection=N is the Nth connection since the start, next the first opened once the fault is in "
      "effect.\n"
      "after counts from when the fault is given, for from when it takes effect; without for it lasts until "
      "cleared.\n"
      "every=N picks each Nth event (reply, request); times=N ends the fault after so many.\n";
  return help;
}

}  // namespace tickcast::exchange
