// SPDX-License-Identifier: Apache-2.0
#include "load/tally.h"

#include <algorithm>
#include <cstring>

namespace tickcast::load {
namespace {

void take_first(Line& ours, const Line& other) {
  if (ours.empty()) ours = other;
}

}  // namespace

void Line::set(std::string_view text) {
  const std::size_t bytes = std::min(text.size(), text_.size() - 1);
  std::memcpy(text_.data(), text.data(), bytes);
  text_[bytes] = '\0';
}

std::string_view name(Fault fault) {
  constexpr std::string_view kNames[] = {"framing",  "unreadable", "unasked",      "backwards",
                                         "repeated", "uncounted",  "contradicted", "outdated"};
  static_assert(std::size(kNames) == kFaults);
  return kNames[static_cast<std::size_t>(fault)];
}

void Tally::found(Fault fault, std::string_view what) {
  Finding& finding = findings[static_cast<std::size_t>(fault)];
  if (finding.count.get() == 0) finding.first.set(what);
  finding.count.add();
}

std::uint64_t Tally::faults() const {
  std::uint64_t all = 0;
  for (const Finding& finding : findings) all += finding.count.get();
  return all;
}

void Tally::add(const Tally& other) {
  constexpr Counter Tally::*kCounters[] = {
      &Tally::started,      &Tally::connected,  &Tally::refused, &Tally::failed,  &Tally::lost,
      &Tally::lost_stalled, &Tally::messages,   &Tally::quotes,  &Tally::bytes,   &Tally::merged,
      &Tally::unrelated,    &Tally::without_id, &Tally::early,   &Tally::checked, &Tally::undecided};
  for (const auto counter : kCounters) (this->*counter).add((other.*counter).get());
  take_first(first_failure, other.first_failure);
  take_first(first_loss, other.first_loss);
  take_first(broken, other.broken);
  take_first(unchecked, other.unchecked);
  age.add(other.age);
  slow_age.add(other.slow_age);
  if (other.oldest.value > oldest.value) oldest = other.oldest;
  if (other.fewest.value >= 0 && (fewest.value < 0 || other.fewest.value < fewest.value))
    fewest = other.fewest;
  measured_ns = std::max(measured_ns, other.measured_ns);
  cpu_ns += other.cpu_ns;
  late_ns = std::max(late_ns, other.late_ns);
  settled_ns = std::max(settled_ns, other.settled_ns);
  for (std::size_t i = 0; i < kFaults; ++i) {
    take_first(findings[i].first, other.findings[i].first);
    findings[i].count.add(other.findings[i].count.get());
  }
}

}  // namespace tickcast::load
