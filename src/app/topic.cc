// SPDX-License-Identifier: Apache-2.0
//
// `tickcast topic`: what is in a topic, in the terms of its records.
#include <algorithm>
#include <cstdio>

#include "app/roles.h"
#include "app/signals.h"
#include "app/topic_report.h"
#include "base/clock.h"
#include "base/log.h"
#include "kafka/topic_reader.h"
#include "net/loop.h"

namespace tickcast::app {
namespace {

class TopicView final : private kafka::TopicReaderOwner {
 public:
  explicit TopicView(const TopicCommand& command)
      : command_(command),
        reader_(loop_, command.settings,
                command.action == TopicCommand::Action::check ? command.lookback_ns : 0, *this) {}

  int run() {
    const Status started = reader_.start();
    if (!started) return fail(started.error().message);
    if (command_.action == TopicCommand::Action::stats) {
      // Counting begins when the partitions are being read, so that waiting for a broker does not dilute it.
      loop_.after(kPollNs, [this] { wait_for_partitions(); });
    }
    while (!done_ && !stop_requested()) loop_.turn(kPollNs);
    return done_ || command_.action == TopicCommand::Action::tail ? code_ : finish();
  }

 private:
  static constexpr std::int64_t kPollNs = 100 * kNsPerMs;

  int fail(const std::string& why) {
    std::fprintf(stderr, "tickcast topic: %s\n", why.c_str());
    return 1;
  }

  void wait_for_partitions() {
    if (reader_.partitions() == 0) {
      loop_.after(kPollNs, [this] { wait_for_partitions(); });
      return;
    }
    started_ns_ = steady_ns();
    loop_.after(command_.duration_ns, [this] { finish(); });
  }

  int finish() {
    done_ = true;
    if (command_.action == TopicCommand::Action::stats) {
      const double seconds =
          static_cast<double>(steady_ns() - started_ns_) / static_cast<double>(kNsPerSecond);
      if (started_ns_ != 0)
        std::fputs(report_.stats(seconds, command_.symbols_shown, wall_ns()).c_str(), stdout);
    } else {
      std::printf("%llu records of %zu symbols in %zu partitions\n",
                  static_cast<unsigned long long>(report_.records()), report_.symbols(),
                  reader_.partitions());
    }
    for (const std::string& fault : report_.faults()) std::printf("! %s\n", fault.c_str());
    code_ = report_.faults().empty() || command_.action == TopicCommand::Action::stats ? 0 : 1;
    return code_;
  }

  void on_record(const kafka::Record& record) override {
    if (command_.action != TopicCommand::Action::tail) return report_.add(record, wall_ns());
    if (!command_.symbols.empty() && std::ranges::count(command_.symbols, record.key) == 0) return;
    std::puts(record_line(record_reader_, record, wall_ns()).c_str());
  }
  void on_batch_end() override {
    std::fflush(stdout);
    done_ |= std::ferror(stdout) != 0;  // whoever read the lines has gone
  }
  void on_caught_up() override {
    if (command_.action == TopicCommand::Action::check) finish();
  }
  void on_trouble(const std::string& why) override {
    if (why == told_) return;
    told_ = why;
    std::fprintf(stderr, "tickcast topic: %s; waiting\n", why.c_str());
  }

  const TopicCommand& command_;
  net::Loop loop_;
  TopicReport report_;
  wire::RecordReader record_reader_;
  kafka::TopicReader reader_;
  std::int64_t started_ns_ = 0;
  bool done_ = false;
  int code_ = 0;
  std::string told_;
};

}  // namespace

int run_topic(const TopicCommand& command) {
  set_log_level(command.log_level);
  return TopicView(command).run();
}

}  // namespace tickcast::app
