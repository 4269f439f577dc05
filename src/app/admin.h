// SPDX-License-Identifier: Apache-2.0
//
// Admin: metrics and health of a running role, on a port of their own: /metrics (Prometheus' text format),
// /healthz (200 while the process answers at all) and /readyz (200 while the role does its work; the body is
// one word, and the reason when it is not).
//
// Thread: one of its own, of low priority, so that a scrape waits for quotes and never the other way round.
// What it is given to call is called there, and must read only what any thread may.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "metrics/exposition.h"
#include "wire/url.h"

namespace tickcast::app {

struct Readiness {
  bool ready = false;
  std::string word;  // "live", "stale", ...
};

class Admin {
 public:
  using Collect = std::function<void(metrics::Exposition&)>;
  using Ask = std::function<Readiness()>;

  // Listens and starts the thread. A port that is taken is an error that names the flag.
  static Result<std::unique_ptr<Admin>> start(const wire::ListenAddress& listen, std::string role,
                                              Collect collect, Ask ask);
  ~Admin();

  std::uint16_t port() const;
  // From here on /readyz says "draining": before anything else of a planned stop.
  void drain();

 private:
  struct Impl;
  explicit Admin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tickcast::app
