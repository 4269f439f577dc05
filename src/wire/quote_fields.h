// SPDX-License-Identifier: Apache-2.0
//
// The members that make a quote, read from JSON by their kinds: shared by the general paths of all shapes in
// which a quote comes (the exchange's events, ours, the Kafka record).
//
// For the .cc files of wire/ alone. Pure. Thread: any.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include <simdjson.h>

#include "market/quote.h"

namespace tickcast::wire {

// What became of a member. `too_large`: a number of the right form that does not fit exactly.
enum class Field : std::uint8_t { absent, good, mistyped, too_large };

constexpr bool is_missing(Field field) { return field == Field::absent || field == Field::mistyped; }

// How a shape spells its members.
enum class Spelling : std::uint8_t {
  exchange,  // u, b, B, a, A
  record,    // u, bid, bids, ask, asks, producerTime (the quote's admitted_ns)
};

// A quote as its members come by. Of one that comes twice the last counts, as in JavaScript. `u` is a
// positive integer, prices and quantities are strings, producerTime is epoch milliseconds with or without a
// fraction.
struct QuoteMembers {
  Field update_id{}, bid_price{}, bid_quantity{}, ask_price{}, ask_quantity{}, producer_time{};
  market::Quote quote;

  enum class Outcome : std::uint8_t { read, not_ours, not_json };  // not_ours: `value` was not looked at
  Outcome read(std::string_view key, simdjson::ondemand::value value, Spelling spelling);

  bool any() const { return update_id != Field::absent || any_side(); }
  bool any_side() const;       // any of prices and quantities came
  bool all_sides() const;      // all of them came, each of the right form
  bool any_too_large() const;  // of these or the id
};

// The text of such a number: digits ['.' digits]. Digits beyond nanoseconds are cut. Nothing for another
// form, or a moment beyond the year 2262.
std::optional<std::int64_t> parse_epoch_ms(std::string_view text);

}  // namespace tickcast::wire
