// SPDX-License-Identifier: Apache-2.0
#include "wire/kafka_record.h"

#include "wire/json.h"
#include "wire/quote_fields.h"
#include "wire/scan.h"
#include "wire/ticker.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kValueBytesMax = 64 * 1024;

// Epoch milliseconds with three digits after the point, as write_epoch_ms() writes them.
bool eat_epoch_ms(Cursor& in, std::int64_t& out_ns) {
  constexpr std::size_t kMillisecondsDigits = 13;                                // from 2001 to 2286
  if (in.left() < kMillisecondsDigits + 1 + 8 || in.at[0] == '0') return false;  // read by eights
  const std::uint64_t high = digit_values(in.at);
  const std::uint64_t low = digit_values(in.at + 8);
  if (leading_digits(high) != 8 || leading_digits(low) != 5 || in.at[kMillisecondsDigits] != '.')
    return false;
  const auto ms = static_cast<std::int64_t>(digits_number(high, 8) * kPowersOf10[5] + digits_number(low, 5));
  const std::uint64_t fraction = digit_values(in.at + kMillisecondsDigits + 1);
  if (leading_digits(fraction) != 3) return false;
  constexpr std::int64_t kMillisecondsMax = 9'000'000'000'000;  // fits in nanoseconds
  if (ms >= kMillisecondsMax) return false;
  out_ns = ms * 1'000'000 + static_cast<std::int64_t>(digits_number(fraction, 3)) * 1'000;
  in.at += kMillisecondsDigits + 4;
  return true;
}

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

}  // namespace

bool scan_record(std::string_view value, market::Quote& out) {
  Cursor in{value.data(), value.data() + value.size()};
  if (!eat(in, R"({"bid":")") || !eat_decimal(in, out.bid_price) ||      //
      !eat(in, R"(,"bids":")") || !eat_decimal(in, out.bid_quantity) ||  //
      !eat(in, R"(,"ask":")") || !eat_decimal(in, out.ask_price) ||      //
      !eat(in, R"(,"asks":")") || !eat_decimal(in, out.ask_quantity) ||  //
      !eat(in, R"(,"producerTime")") || in.left() < 8 || *in.at != ':') {
    return false;
  }
  ++in.at;
  if (!eat_epoch_ms(in, out.admitted_ns) || !eat(in, R"(,"u":)")) return false;
  // The id is the last member: shorter than what the word-wise scanner needs to see behind it.
  const std::string_view id(in.at, in.left());
  if (id.size() < 2 || id.size() > 17 || id.back() != '}' || id.front() == '0') return false;
  out.update_id = 0;
  for (const char c : id.substr(0, id.size() - 1)) {
    if (c < '0' || c > '9') return false;
    out.update_id = out.update_id * 10 + (c - '0');
  }
  out.event_ns = out.received_ns = 0;
  return true;
}

struct RecordReader::Json {
  json::Text text{kValueBytesMax};
};

RecordReader::RecordReader() : json_(std::make_unique<Json>()) {}
RecordReader::~RecordReader() = default;

RecordKind RecordReader::read(std::string_view value) {
  return scan_record(value, quote_) ? RecordKind::quote : read_with_simdjson(value);
}

RecordKind RecordReader::read_with_simdjson(std::string_view value) {
  QuoteMembers members;
  const bool is_object =
      json::read_object(json_->text, value, [&members](std::string_view key, json::ondemand::value member) {
        const auto outcome = members.read(key, member, Spelling::record);
        if (outcome == QuoteMembers::Outcome::not_ours) return json::skip(member);
        return outcome == QuoteMembers::Outcome::read;
      });
  // Ids that are none of the exchange's (null, text, a negative number) order nothing: as if left out.
  if (!is_object || !members.all_sides()) return RecordKind::unreadable;
  if (members.any_too_large()) return RecordKind::unrepresentable;
  quote_ = members.quote;
  return RecordKind::quote;
}

char* write_record(char* out, const market::Quote& quote) {
  out = quote.bid_price.write(put(out, R"({"bid":")"));
  out = quote.bid_quantity.write(put(out, R"(","bids":")"));
  out = quote.ask_price.write(put(out, R"(","ask":")"));
  out = quote.ask_quantity.write(put(out, R"(","asks":")"));
  out = write_epoch_ms(put(out, R"(","producerTime":)"), quote.admitted_ns);
  if (quote.update_id != market::kNoUpdateId)
    out = write_number(put(out, R"(,"u":)"), static_cast<std::uint64_t>(quote.update_id));
  return put(out, "}");
}

}  // namespace tickcast::wire
