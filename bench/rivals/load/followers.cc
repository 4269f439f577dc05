// SPDX-License-Identifier: Apache-2.0
#include "followers.h"

#include <algorithm>
#include <utility>

#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

namespace tickcast::bench {
namespace {

constexpr std::int64_t kDialTickNs = 2 * kNsPerMs;
// Patient clients are read so many at a time, between the prompt ones' turns, and looked at this often.
constexpr int kPatientReads = 16;
constexpr std::int64_t kPatienceNs = kNsPerMs;

}  // namespace

Followers::Followers(net::Loop& loop, const Plan& plan, std::unique_ptr<const Dialect> dialect)
    : loop_(loop), plan_(plan), dialect_(std::move(dialect)), patient_(epoll_create1(0)) {
  CHECK(patient_ >= 0, "no descriptors left for the comparison");
  followers_.reserve(plan_.clients);
  dial();
  loop_.on_end_of_turn([this] { return read_patient(); });
}

Followers::~Followers() {
  loop_.on_end_of_turn(nullptr);
  loop_.cancel(dialling_);
  close(patient_);
}

std::uint32_t Followers::served() const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(followers_, [](const auto& follower) { return follower->served(); }));
}

void Followers::dial() {
  while (followers_.size() < plan_.clients && followers_.size() < open_ + lost_ + kDialsUnderWayMax) {
    FollowerEvents& events = *this;
    const bool prompt = followers_.size() % kOfThemOnePrompt == 0;
    followers_.push_back(
        std::make_unique<Follower>(loop_, plan_.server, *dialect_, plan_.symbols, prompt, events));
  }
  dialling_ = 0;
  if (followers_.size() < plan_.clients) dialling_ = loop_.after(kDialTickNs, [this] { dial(); });
}

void Followers::on_patient(Follower& follower, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &follower;
  CHECK(epoll_ctl(patient_, EPOLL_CTL_ADD, fd, &event) == 0, "a client of the comparison can't be watched");
}

// Returns how long the loop may sleep.
std::int64_t Followers::read_patient() {
  epoll_event events[kPatientReads];
  const int count = epoll_wait(patient_, events, kPatientReads, 0);
  for (int i = 0; i < count; ++i) static_cast<Follower*>(events[i].data.ptr)->read_some();
  return count == kPatientReads ? 0 : kPatienceNs;
}

void Followers::on_lost(const std::string& why) {
  if (lost_++ == 0) first_loss_ = why;
}

void Followers::measure(std::size_t seconds) {
  seconds_.clear();
  for (std::size_t i = 0; i < seconds; ++i) seconds_.push_back(std::make_unique<Second>());
  began_ns_ = wall_ns();
}

void Followers::on_update(std::int64_t update_id, std::int64_t read_ns, bool prompt) {
  if (read_ns < began_ns_) return;
  const auto at = static_cast<std::size_t>((read_ns - began_ns_) / kNsPerSecond);
  if (at >= seconds_.size()) return;
  ++seconds_[at]->updates;
  if (prompt) seconds_[at]->age.record(read_ns - update_id);
}

}  // namespace tickcast::bench
