// SPDX-License-Identifier: Apache-2.0
#include "bare_kafka.h"

#include <span>
#include <vector>

#include "base/check.h"
#include "base/clock.h"

namespace tickcast::bench {

namespace {

// The quotes of a market, one after the other at the same distance.
class SteadyMarket final : public exchange::Source {
 public:
  explicit SteadyMarket(const exchange::MarketOptions& options)
      : model_(options),
        gap_ns_(static_cast<std::int64_t>(1e9 / options.events_per_second)),
        next_ns_(options.start_ns) {}
  const std::vector<market::Listing>& listings() const override { return model_.listings(); }
  const std::vector<market::Quote>& quotes() const override { return model_.quotes(); }
  std::span<const exchange::MarketEvent> due(std::int64_t now_ns) override {
    if (now_ns < next_ns_) return {};
    next_ns_ += gap_ns_;
    while (at_ == flush_.size()) {
      const auto next = model_.due(model_.next_ns());
      flush_.assign(next.begin(), next.end());
      at_ = 0;
    }
    return std::span(flush_).subspan(at_++, 1);
  }
  std::int64_t next_ns() const override { return next_ns_; }

 private:
  exchange::MarketModel model_;
  std::vector<exchange::MarketEvent> flush_;
  std::size_t at_ = 0;
  std::int64_t gap_ns_;
  std::int64_t next_ns_;
};

// The market of another time, played from now on: the same events, at the same distances.
class ReplayedMarket final : public exchange::Source {
 public:
  explicit ReplayedMarket(const exchange::MarketOptions& options)
      : model_(options), shift_ns_(wall_ns() - options.start_ns) {}
  const std::vector<market::Listing>& listings() const override { return model_.listings(); }
  const std::vector<market::Quote>& quotes() const override { return model_.quotes(); }
  std::span<const exchange::MarketEvent> due(std::int64_t now_ns) override {
    return model_.due(now_ns - shift_ns_);
  }
  std::int64_t next_ns() const override { return model_.next_ns() + shift_ns_; }

 private:
  exchange::MarketModel model_;
  std::int64_t shift_ns_;
};

rd_kafka_t* make_bare(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char error[512];
  rd_kafka_t* handle = rd_kafka_new(type, conf, error, sizeof error);
  CHECK(handle != nullptr, error);
  return handle;
}

void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  char error[512];
  CHECK(rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
}

}  // namespace

rd_kafka_t* make_bare_producer(const std::string& brokers, const std::string& linger_ms) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", brokers);
  set(conf, "enable.idempotence", "true");
  set(conf, "linger.ms", linger_ms);
  set(conf, "queue.buffering.max.messages", "1000000");
  rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
  return make_bare(RD_KAFKA_PRODUCER, conf);
}

rd_kafka_t* make_bare_consumer(const std::string& brokers) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", brokers);
  return make_bare(RD_KAFKA_CONSUMER, conf);
}

std::unique_ptr<exchange::Source> make_market(const Rate& rate, int episode) {
  exchange::MarketOptions options;
  options.symbols = kSymbols;
  options.events_per_second = rate.events_per_second;
  if (rate.steady) {
    options.start_ns = wall_ns();
    return std::make_unique<SteadyMarket>(options);
  }
  options.start_ns = (episode + 1) * 3600 * kNsPerSecond;
  return std::make_unique<ReplayedMarket>(options);
}

market::Quote stamped(market::Quote quote) {
  static std::int64_t last_id = wall_ns() / kNsPerUs;
  quote.update_id = ++last_id;
  quote.admitted_ns = wall_ns();
  return quote;
}

}  // namespace tickcast::bench
