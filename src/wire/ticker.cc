// SPDX-License-Identifier: Apache-2.0
#include "wire/ticker.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/digits.h"
#include "market/symbol_table.h"
#include "wire/json.h"
#include "wire/quote_fields.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kFrameBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kSymbolBytesMax = market::SymbolTable::kNameBytesMax;
constexpr std::size_t kErrorMessageBytesMax = 512;

// What an object says of itself, as far as any frame of ours goes. Of a key that comes twice the last counts,
// as in JavaScript.
struct Event {
  bool has_type = false;
  std::optional<std::string_view> type;  // "e", when it is a string

  Field symbol{};
  std::string_view symbol_text;
  QuoteMembers exchange;  // as the exchange spells a quote
  QuoteMembers ours;      // as our quote event does

  bool is_ticker() const { return symbol != Field::absent || exchange.any(); }
  // Only our own events may come without an id: of a quote whose source told none.
  FrameKind exchange_kind() const {
    return exchange.update_id == Field::absent ? FrameKind::malformed : kind_of(exchange);
  }
  FrameKind quote_kind() const { return kind_of(ours); }

 private:
  FrameKind kind_of(const QuoteMembers& members) const {
    if (is_missing(symbol) || members.update_id == Field::mistyped || !members.all_sides())
      return FrameKind::malformed;
    return members.any_too_large() ? FrameKind::unrepresentable : FrameKind::ticker;
  }
};

struct Frame {
  Event top;
  std::optional<Event> data;  // when "data" is an object
  bool has_stream = false;
  bool has_data = false;
  std::string_view stream;

  bool has_result = false;
  bool has_error = false;
  bool has_code = false;
  Reply reply;
};

bool read_symbol(json::ondemand::value value, Event& out) {
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  const bool good = text && !text->empty() && text->size() <= kSymbolBytesMax;
  out.symbol = good ? Field::good : Field::mistyped;
  out.symbol_text = good ? *text : std::string_view();
  return true;
}

bool read_event_member(std::string_view key, json::ondemand::value value, Event& out) {
  if (key == "e") {
    out.has_type = true;
    return json::read_string(value, out.type);
  }
  if (key == "s") return read_symbol(value, out);
  // `u` has one spelling in both: read by whichever comes first, it counts for both.
  for (const auto& [members, spelling] :
       {std::pair{&out.exchange, Spelling::exchange}, {&out.ours, Spelling::record}}) {
    const auto outcome = members->read(key, value, spelling);
    if (outcome == QuoteMembers::Outcome::not_ours) continue;
    if (key == "u") {
      out.ours.update_id = members->update_id;
      out.ours.quote.update_id = members->quote.update_id;
    }
    return outcome == QuoteMembers::Outcome::read;
  }
  return json::skip(value);
}

bool read_data(json::ondemand::value value, Frame& out) {
  out.has_data = true;
  out.data.reset();
  json::ondemand::object object;
  if (value.get_object().get(object)) return json::skip(value);
  Event& event = out.data.emplace();
  return json::each_member(object, [&event](std::string_view key, json::ondemand::value member) {
    return read_event_member(key, member, event);
  });
}

bool read_code(json::ondemand::value value, Reply& out) {
  const auto code = json::integer(json::token(value));
  using Limits = std::numeric_limits<int>;
  out.error_code = code && *code >= Limits::min() && *code <= Limits::max() ? static_cast<int>(*code) : 0;
  return json::skip(value);
}

bool read_message(json::ondemand::value value, Reply& out) {
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  std::size_t bytes = std::min(text.value_or("").size(), kErrorMessageBytesMax);
  while (bytes != 0 && bytes < text->size() && (static_cast<unsigned char>((*text)[bytes]) & 0xc0) == 0x80)
    --bytes;
  out.error_message = text.value_or("").substr(0, bytes);
  return true;
}

bool read_error(json::ondemand::value value, Frame& out) {
  out.has_error = json::token(value) != "null";
  json::ondemand::object object;
  if (value.get_object().get(object)) return json::skip(value);
  return json::each_member(object, [&out](std::string_view key, json::ondemand::value member) {
    if (key == "code") return read_code(member, out.reply);
    if (key == "msg") return read_message(member, out.reply);
    return json::skip(member);
  });
}

bool read_stream(json::ondemand::value value, Frame& out) {
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  out.has_stream = text.has_value();
  out.stream = text.value_or("");
  return true;
}

bool read_frame_member(std::string_view key, json::ondemand::value value, Frame& out) {
  if (key == "stream") return read_stream(value, out);
  if (key == "data") return read_data(value, out);
  if (key == "result") {
    out.has_result = true;
    return json::skip(value);
  }
  if (key == "error") return read_error(value, out);
  if (key == "code") {
    out.has_code = true;
    return read_code(value, out.reply);
  }
  if (key == "msg") return read_message(value, out.reply);
  if (key == "id") {
    out.reply.id = json::integer(json::token(value));
    return json::skip(value);
  }
  return read_event_member(key, value, out.top);
}

// A spot book ticker names no type: it is known by its keys, or by its stream.
bool is_quote_event(const Event& event) { return event.has_type && event.type == "quote"; }

FrameKind event_kind(const Event& event, std::string_view stream) {
  if (is_quote_event(event)) return event.quote_kind();
  if (event.has_type) {
    if (event.type == "bookTicker") return event.exchange_kind();
    return event.type == "serverShutdown" ? FrameKind::server_shutdown : FrameKind::other;
  }
  if (event.is_ticker() || stream.ends_with("@bookTicker")) return event.exchange_kind();
  return FrameKind::other;
}

}  // namespace

struct FrameReader::Json {
  json::Text text{kFrameBytesMax};
  char symbol[kSymbolBytesMax];
};

FrameReader::FrameReader() : json_(std::make_unique<Json>()) {}
FrameReader::~FrameReader() = default;

FrameKind FrameReader::read(std::string_view frame) {
  return scan_ticker(frame, ticker_) ? FrameKind::ticker : read_with_simdjson(frame);
}

FrameKind FrameReader::read_with_simdjson(std::string_view frame) {
  Frame found;
  const auto on_member = [&found](std::string_view key, json::ondemand::value value) {
    return read_frame_member(key, value, found);
  };
  FrameKind kind = FrameKind::malformed;
  if (json::read_object(json_->text, frame, on_member)) {
    const bool wrapped = found.has_stream && found.has_data;
    const Event none;
    const Event& event = !wrapped ? found.top : found.data ? *found.data : none;
    if (wrapped && !found.data) {
      kind = FrameKind::other;  // an array of events: none that we know
    } else if (!wrapped && !found.top.is_ticker() &&
               (found.has_result || found.has_error || found.has_code)) {
      kind = FrameKind::reply;
      reply_ = std::move(found.reply);
      reply_.is_error = found.has_error || found.has_code;
    } else {
      kind = event_kind(event, found.stream);
    }
    if (kind == FrameKind::ticker) {
      std::memcpy(json_->symbol, event.symbol_text.data(), event.symbol_text.size());
      ticker_.symbol = {json_->symbol, event.symbol_text.size()};
      ticker_.quote = is_quote_event(event) ? event.ours.quote : event.exchange.quote;
    }
  } else if (json::read_array(json_->text, frame,
                              [](json::ondemand::value value) { return json::skip(value); })) {
    kind = FrameKind::other;
  }
  json_->text.shrink();
  return kind;
}

// --- writing ---

namespace {

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

std::uint64_t id_of(const market::Quote& quote) { return static_cast<std::uint64_t>(quote.update_id); }

char* put(char* out, std::uint64_t number) { return write_number(out, number); }

}  // namespace

char* write_book_ticker(char* out, std::string_view symbol, const market::Quote& quote) {
  out = put(put(out, R"({"u":)"), id_of(quote));
  out = put(put(out, R"(,"s":")"), symbol);
  out = quote.bid_price.write(put(out, R"(","b":")"));
  out = quote.bid_quantity.write(put(out, R"(","B":")"));
  out = quote.ask_price.write(put(out, R"(","a":")"));
  out = quote.ask_quantity.write(put(out, R"(","A":")"));
  return put(out, R"("})");
}

char* write_quote_event(char* out, std::string_view symbol, const market::Quote& quote,
                        std::int64_t emitter_ns, std::uint64_t merged_updates) {
  out = put(put(out, R"({"e":"quote","s":")"), symbol);
  out = put(out, "\"");
  if (quote.update_id != market::kNoUpdateId) out = put(put(out, R"(,"u":)"), id_of(quote));
  out = quote.bid_price.write(put(out, R"(,"bid":")"));
  out = quote.bid_quantity.write(put(out, R"(","bids":")"));
  out = quote.ask_price.write(put(out, R"(","ask":")"));
  out = quote.ask_quantity.write(put(out, R"(","asks":")"));
  out = write_epoch_ms(put(out, R"(","producerTime":)"), quote.admitted_ns);
  out = write_epoch_ms(put(out, R"(,"emitterTime":)"), emitter_ns);
  if (merged_updates != 0) out = put(put(out, R"(,"n":)"), merged_updates);
  return put(out, "}");
}

char* write_combined_prefix(char* out, std::string_view lower_case_symbol, std::string_view channel) {
  out = put(put(out, R"({"stream":")"), lower_case_symbol);
  return put(put(put(out, "@"), channel), R"(","data":)");
}

char* write_epoch_ms(char* out, std::int64_t epoch_ns) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(epoch_ns, 0)) / 1'000;
  out = put(out, us / 1'000);
  const auto fraction = static_cast<unsigned>(us % 1'000);
  *out++ = '.';
  *out++ = static_cast<char>('0' + fraction / 100);
  *out++ = static_cast<char>('0' + fraction / 10 % 10);
  *out++ = static_cast<char>('0' + fraction % 10);
  return out;
}

std::string server_shutdown_event(std::int64_t epoch_ns, bool combined) {
  const std::string event = R"({"e":"serverShutdown","E":)" + std::to_string(epoch_ns / 1'000'000) + "}";
  return combined ? R"({"stream":"!serverShutdown","data":)" + event + "}" : event;
}

}  // namespace tickcast::wire
