// SPDX-License-Identifier: Apache-2.0
#include "app/topic_report.h"

#include <algorithm>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "base/clock.h"

namespace tickcast::app {
namespace {

constexpr std::size_t kAgesMax = 1'000'000;

double to_ms(std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNsPerMs); }

std::string age_text(std::int64_t age_ns) {
  const double ms = to_ms(age_ns);
  if (ms < 1'000) return fmt::format("{:.1f} ms", ms);
  return fmt::format("{:.1f} s", ms / 1'000);
}

std::int64_t record_time_ns(const kafka::Record& record, const market::Quote& quote) {
  return quote.admitted_ns != 0 ? quote.admitted_ns : record.timestamp_ms * kNsPerMs;
}

std::string quote_text(const market::Quote& quote) {
  return fmt::format("{} x {}  {} x {}", quote.bid_price.text(), quote.bid_quantity.text(),
                     quote.ask_price.text(), quote.ask_quantity.text());
}

std::string_view key_text(const kafka::Record& record) {
  return record.key.empty() ? "(no key)" : record.key;
}

std::string place(const kafka::Record& record) {
  return fmt::format("({}/{})", record.partition, record.offset);
}

}  // namespace

void TopicReport::note(Finding& finding, const kafka::Record& record) {
  if (finding.count++ == 0) finding.first = fmt::format("{} {}", key_text(record), place(record));
}

void TopicReport::add(const kafka::Record& record, std::int64_t now_ns) {
  ++records_;
  Partition& partition = partitions_[record.partition];
  ++partition.records;
  const std::size_t bytes = record.key.size() + record.value.value_or("").size();
  partition.bytes += bytes;
  bytes_ += bytes;
  if (record.key.empty()) {
    note(without_key_, record);
  } else if (!record.value) {
    note(tombstones_, record);
  } else {
    switch (reader_.read(*record.value)) {
      case wire::RecordKind::quote:
        return add_quote(record, reader_.quote(), now_ns);
      case wire::RecordKind::unreadable:
        note(unreadable_, record);
        break;
      case wire::RecordKind::unrepresentable:
        note(unrepresentable_, record);
        break;
    }
  }
}

void TopicReport::add_quote(const kafka::Record& record, const market::Quote& quote, std::int64_t now_ns) {
  auto found = symbols_.find(record.key);
  if (found == symbols_.end()) {
    if (symbols_.size() >= kSymbolsMax) {
      note(too_many_, record);
      return;
    }
    found = symbols_.emplace(record.key, Symbol{}).first;
    found->second.partition = record.partition;
  }
  Symbol& symbol = found->second;
  partitions_[record.partition].symbols.insert(found->first);
  if (symbol.partition != record.partition && !std::exchange(symbol.scattered, true))
    note(scattered_, record);
  if (quote.admitted_ns == 0) note(without_time_, record);
  if (quote.update_id == market::kNoUpdateId) {
    note(without_id_, record);
  } else if (symbol.records > 0 && quote.update_id == symbol.last.update_id) {
    ++rewritten_;
  } else if (quote.update_id < symbol.last.update_id) {
    note(went_back_, record);
  } else if (ages_ns_.size() < kAgesMax) {
    ages_ns_.push_back(now_ns - record_time_ns(record, quote));
  }
  ++symbol.records;
  if (quote.update_id >= symbol.last.update_id) {
    symbol.last = quote;
    symbol.last.admitted_ns = record_time_ns(record, quote);
  }
}

std::string TopicReport::stats(double seconds, std::size_t symbols_shown, std::int64_t now_ns) const {
  std::string out =
      fmt::format("{} records in {:.1f} s, {:.0f}/s, {:.1f} kB/s; {} symbols; {} written again\n", records_,
                  seconds, static_cast<double>(records_) / seconds,
                  static_cast<double>(bytes_) / seconds / 1e3, symbols_.size(), rewritten_);
  std::vector<std::int64_t> ages = ages_ns_;
  std::sort(ages.begin(), ages.end());
  if (!ages.empty()) {
    out += fmt::format("age of new quotes when read here: p50 {}, p99 {}\n", age_text(ages[ages.size() / 2]),
                       age_text(ages[ages.size() * 99 / 100]));
  }
  out += "\npartition   records/s      kB/s   symbols\n";
  for (const auto& [number, partition] : partitions_) {
    out += fmt::format("{:>9} {:>11.1f} {:>9.1f} {:>9}\n", number,
                       static_cast<double>(partition.records) / seconds,
                       static_cast<double>(partition.bytes) / seconds / 1e3, partition.symbols.size());
  }
  std::vector<const std::pair<const std::string, Symbol>*> order;
  for (const auto& entry : symbols_) order.push_back(&entry);
  std::ranges::stable_sort(
      order, [](const auto* a, const auto* b) { return a->second.records > b->second.records; });
  if (!order.empty()) out += "\nsymbol           records/s        age  last bid, ask\n";
  for (std::size_t i = 0; i < std::min(order.size(), symbols_shown); ++i) {
    const auto& [name, symbol] = *order[i];
    out += fmt::format("{:<16} {:>9.1f} {:>10}  {}\n", name, static_cast<double>(symbol.records) / seconds,
                       age_text(now_ns - symbol.last.admitted_ns), quote_text(symbol.last));
  }
  return out;
}

std::vector<std::string> TopicReport::faults() const {
  std::vector<std::string> out;
  const auto add = [&out](const Finding& found, std::string_view one, std::string_view many) {
    if (found.count > 0)
      out.push_back(fmt::format("{} {}; first: {}", found.count, found.count == 1 ? one : many, found.first));
  };
  add(unreadable_, "record is no quote", "records are no quotes");
  add(unrepresentable_, "record has numbers that do not fit exactly",
      "records have numbers that do not fit exactly");
  add(without_key_, "record has no key, so no symbol", "records have no key, so no symbol");
  add(scattered_,
      "symbol is in more than one partition: producers with different partitioners, or partitions added "
      "lately",
      "symbols are in more than one partition: producers with different partitioners, or partitions added "
      "lately");
  add(went_back_,
      "quote has a lower u than one before it: several producers, of which readers take the newest",
      "quotes have a lower u than one before them: several producers, of which readers take the newest");
  add(without_id_, "quote has no u: its order in the partition is its order in time",
      "quotes have no u: their order in the partition is their order in time");
  add(without_time_, "quote has no producerTime: its age is that of the record",
      "quotes have no producerTime: their age is that of the record");
  add(tombstones_, "record is a tombstone: its symbol counts as gone",
      "records are tombstones: their symbols count as gone");
  add(too_many_, "record is of a symbol beyond the most that are kept apart here",
      "records are of symbols beyond the most that are kept apart here");
  return out;
}

std::string record_line(wire::RecordReader& reader, const kafka::Record& record, std::int64_t now_ns) {
  const std::string where = place(record);
  const std::string_view key = key_text(record);
  if (!record.value) return fmt::format("{} tombstone {}", key, where);
  switch (reader.read(*record.value)) {
    case wire::RecordKind::unreadable:
      return fmt::format("{} is no quote {}", key, where);
    case wire::RecordKind::unrepresentable:
      return fmt::format("{} has numbers that do not fit exactly {}", key, where);
    case wire::RecordKind::quote:
      break;
  }
  const market::Quote& quote = reader.quote();
  const std::int64_t time_ns = record_time_ns(record, quote);
  const auto id = quote.update_id != market::kNoUpdateId ? fmt::format("u {}", quote.update_id) : "no u";
  return fmt::format("{:%FT%T}.{:03} {:<12} {}  {}  age {} {}", fmt::gmtime(time_ns / kNsPerSecond),
                     time_ns / kNsPerMs % 1'000, key, quote_text(quote), id, age_text(now_ns - time_ns),
                     where);
}

}  // namespace tickcast::app
