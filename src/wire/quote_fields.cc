// SPDX-License-Identifier: Apache-2.0
#include "wire/quote_fields.h"

#include <limits>

#include "wire/json.h"

namespace tickcast::wire {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The form of Decimal::parse without its limits: tells a number that is too large from what is no number of
// ours.
bool is_decimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == text.size() ? "0" : text.substr(point + 1);
  return !whole.empty() && !fraction.empty() && std::ranges::all_of(whole, is_digit) &&
         std::ranges::all_of(fraction, is_digit) && (whole[0] != '0' || whole.size() == 1);
}

// False, here and below: not JSON.
bool read_decimal(json::ondemand::value value, Field& field, market::Decimal& out) {
  std::optional<std::string_view> text;
  if (!json::read_string(value, text)) return false;
  const auto parsed = text ? market::Decimal::parse(*text) : std::nullopt;
  if (parsed) out = *parsed;
  field = parsed ? Field::good : text && is_decimal(*text) ? Field::too_large : Field::mistyped;
  return true;
}

bool read_update_id(json::ondemand::value value, Field& field, std::int64_t& out) {
  const std::string_view token = json::token(value);
  const auto id = json::integer(token);
  const bool is_positive_integer =
      json::is_number(token) && token[0] != '0' && std::ranges::all_of(token, is_digit);
  field = !is_positive_integer ? Field::mistyped : id ? Field::good : Field::too_large;
  out = id && is_positive_integer ? *id : market::kNoUpdateId;
  return json::skip(value);
}

bool read_epoch_ms(json::ondemand::value value, Field& field, std::int64_t& out_ns) {
  const auto moment = parse_epoch_ms(json::token(value));
  field = moment ? Field::good : Field::mistyped;
  out_ns = moment.value_or(0);
  return json::skip(value);
}

}  // namespace

QuoteMembers::Outcome QuoteMembers::read(std::string_view key, json::ondemand::value value,
                                         Spelling spelling) {
  const bool exchange = spelling == Spelling::exchange;
  bool good = false;
  if (key == "u") {
    good = read_update_id(value, update_id, quote.update_id);
  } else if (key == (exchange ? "b" : "bid")) {
    good = read_decimal(value, bid_price, quote.bid_price);
  } else if (key == (exchange ? "B" : "bids")) {
    good = read_decimal(value, bid_quantity, quote.bid_quantity);
  } else if (key == (exchange ? "a" : "ask")) {
    good = read_decimal(value, ask_price, quote.ask_price);
  } else if (key == (exchange ? "A" : "asks")) {
    good = read_decimal(value, ask_quantity, quote.ask_quantity);
  } else if (!exchange && key == "producerTime") {
    good = read_epoch_ms(value, producer_time, quote.admitted_ns);
  } else {
    return Outcome::not_ours;
  }
  return good ? Outcome::read : Outcome::not_json;
}

bool QuoteMembers::any_side() const {
  return bid_price != Field::absent || bid_quantity != Field::absent || ask_price != Field::absent ||
         ask_quantity != Field::absent;
}

bool QuoteMembers::all_sides() const {
  return !is_missing(bid_price) && !is_missing(bid_quantity) && !is_missing(ask_price) &&
         !is_missing(ask_quantity);
}

bool QuoteMembers::any_too_large() const {
  const Field all[] = {update_id, bid_price, bid_quantity, ask_price, ask_quantity};
  return std::ranges::count(all, Field::too_large) != 0;
}

std::optional<std::int64_t> parse_epoch_ms(std::string_view text) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  constexpr int kFractionDigits = 6;  // of a millisecond: nanoseconds
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == text.size() ? "0" : text.substr(point + 1);
  const auto all_digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, is_digit);
  };
  if (!all_digits(whole) || !all_digits(fraction) || whole.size() > 13) return std::nullopt;
  std::int64_t ns = 0;
  for (const char c : whole) ns = ns * 10 + (c - '0');
  if (ns >= std::numeric_limits<std::int64_t>::max() / kNsPerMs) return std::nullopt;
  for (int i = 0; i < kFractionDigits; ++i) {
    const auto at = static_cast<std::size_t>(i);
    ns = ns * 10 + (at < fraction.size() ? fraction[at] - '0' : 0);
  }
  return ns;
}

}  // namespace tickcast::wire
