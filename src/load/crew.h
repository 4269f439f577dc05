// SPDX-License-Identifier: Apache-2.0
//
// Crew: the processes over which the clients of a run are spread, each with a Fleet of its own: so a run has
// more descriptors and more cores than one process. They share memory with the one that started them, in
// which it says how far they shall go and they say how far they are and what they have counted.
//
// Thread: the owner's, which must be the only one of its process when it starts a crew (they are forks of
// it).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "load/fleet.h"
#include "load/tally.h"

namespace tickcast::load {

enum class Phase : std::uint8_t { connecting, connected, measuring, settling, settled };

class Crew {
 public:
  static constexpr std::uint32_t kProcessesMax = 256;

  // Splits the clients evenly and starts connecting. An error also when so many processes have no descriptors
  // for them. REQUIRES: 1 <= processes <= kProcessesMax.
  static Result<std::unique_ptr<Crew>> start(const FleetOptions& options, std::uint32_t processes);
  ~Crew();  // ends the processes that are still there
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // What they shall do next, once they have done what they are at: measuring, settling.
  void ask(Phase phase);
  // Whether all are there; one that has ended too early, or can't do its part, counts as being there.
  bool reached(Phase phase);

  std::uint32_t processes() const { return static_cast<std::uint32_t>(members_.size()); }
  // Of one process. Its counters may be read at any time.
  const Tally& tally(std::uint32_t process) const;

 private:
  struct Shared;
  struct Member {
    pid_t pid = 0;  // 0: has ended
    Shared* shared = nullptr;
  };

  Crew() = default;
  void notice_end(Member& member);
  [[noreturn]] static void work(const FleetOptions& options, Shared& shared);

  std::vector<Member> members_;
};

}  // namespace tickcast::load
