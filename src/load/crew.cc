// SPDX-License-Identifier: Apache-2.0
#include "load/crew.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <new>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/check.h"
#include "net/loop.h"

namespace tickcast::load {

struct Crew::Shared {
  std::atomic<Phase> asked{Phase::connected};
  std::atomic<Phase> reached{Phase::connecting};
  Tally tally;
};
static_assert(std::atomic<Phase>::is_always_lock_free, "processes share it");

namespace {

constexpr std::int64_t kLookNs = 5 * kNsPerMs;  // at what is asked, in each process

// A fleet that does what is asked of it, step by step.
template <class Shared>
class Worker {
 public:
  Worker(net::Loop& loop, const FleetOptions& options, Shared& shared)
      : loop_(loop), shared_(shared), fleet_(loop, options, shared.tally) {
    fleet_.connect();
    look();
  }

 private:
  void look() {
    advance();
    if (shared_.reached == Phase::settled) return loop_.stop();
    loop_.after(kLookNs, [this] { look(); });
  }

  void advance() {
    const Phase asked = shared_.asked;
    switch (shared_.reached.load()) {
      case Phase::connecting:
        if (fleet_.connected()) shared_.reached = Phase::connected;
        // A run that is broken off goes on from here too.
        if (asked == Phase::settling) settle();
        return;
      case Phase::connected:
        if (asked == Phase::settling) return settle();
        if (asked != Phase::measuring) return;
        fleet_.begin_measuring();
        shared_.reached = Phase::measuring;
        return;
      case Phase::measuring:
        if (asked != Phase::settling) return;
        fleet_.end_measuring();
        return settle();
      case Phase::settling:
        if (fleet_.settled()) shared_.reached = Phase::settled;
        return;
      case Phase::settled:
        return;
    }
  }

  void settle() {
    fleet_.settle();
    shared_.reached = Phase::settling;
  }

  net::Loop& loop_;
  Shared& shared_;
  Fleet fleet_;
};

Error no_room(std::uint32_t clients, std::uint32_t room) {
  return Error{
      fmt::format("a process has descriptors for {} clients here: for {} give the tool --processes {}, or "
                  "raise the limit "
                  "(ulimit -Hn)",
                  room, clients, (clients - 1) / std::max(room, 1U) + 1)};
}

}  // namespace

void Crew::work(const FleetOptions& options, Shared& shared) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  net::raise_descriptor_limit();
  {
    net::Loop loop;
    Worker<Shared> worker(loop, options, shared);
    loop.run();
  }
  _exit(0);
}

Result<std::unique_ptr<Crew>> Crew::start(const FleetOptions& options, std::uint32_t processes) {
  CHECK(processes >= 1 && processes <= kProcessesMax, "a crew of no process, or of too many");
  const std::uint32_t room = clients_with(net::raise_descriptor_limit());
  if (options.clients > std::uint64_t{room} * processes) return no_room(options.clients, room);
  std::unique_ptr<Crew> crew(new Crew);
  std::fflush(nullptr);  // or each process would write what is still in our buffers once more
  for (std::uint32_t i = 0; i < processes; ++i) {
    FleetOptions part = options;
    part.first = options.first + static_cast<std::uint32_t>(std::uint64_t{options.clients} * i / processes);
    part.clients = options.first +
                   static_cast<std::uint32_t>(std::uint64_t{options.clients} * (i + 1) / processes) -
                   part.first;
    part.connects_per_s = options.connects_per_s / processes;
    void* const memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error{"there is no memory left for another process"};
    Member member{0, new (memory) Shared};
    crew->members_.push_back(member);
    const pid_t pid = fork();
    if (pid < 0) return Error{"another process can't be started: is there a limit on processes?"};
    if (pid == 0) work(part, *member.shared);
    crew->members_.back().pid = pid;
  }
  return crew;
}

Crew::~Crew() {
  for (const Member& member : members_) {
    if (member.pid != 0) {
      kill(member.pid, SIGKILL);
      waitpid(member.pid, nullptr, 0);
    }
    munmap(member.shared, sizeof(Shared));
  }
}

void Crew::ask(Phase phase) {
  for (const Member& member : members_) member.shared->asked = phase;
}

bool Crew::reached(Phase phase) {
  for (Member& member : members_) notice_end(member);
  return std::ranges::all_of(members_, [phase](const Member& member) {
    return member.pid == 0 || member.shared->reached.load() >= phase;
  });
}

void Crew::notice_end(Member& member) {
  int status = 0;
  if (member.pid == 0 || waitpid(member.pid, &status, WNOHANG) != member.pid) return;
  member.pid = 0;
  if (member.shared->reached.load() == Phase::settled) return;
  member.shared->tally.broken.set(
      fmt::format("one of its processes ended with status {:#x} before its work was done", status));
}

const Tally& Crew::tally(std::uint32_t process) const { return members_[process].shared->tally; }

}  // namespace tickcast::load
