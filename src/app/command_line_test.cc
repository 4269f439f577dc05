// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <cstdlib>
#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

namespace tickcast::app {
namespace {

Command parse(std::initializer_list<const char*> words) {
  std::vector<const char*> argv = {"tickcast"};
  argv.insert(argv.end(), words);
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

// The message of a usage error; the exit code must be 2.
std::string usage_error(std::initializer_list<const char*> words) {
  testing::internal::CaptureStderr();
  const Command command = parse(words);
  std::string message = testing::internal::GetCapturedStderr();
  const Exit* const exit = std::get_if<Exit>(&command);
  EXPECT_TRUE(exit != nullptr && exit->code == 2) << message;
  return message;
}

TEST(CommandLine, ServeDefaultsToThePublicExchangeOverTls) {
  const auto command = std::get<ServeCommand>(parse({"serve"}));
  EXPECT_EQ(command.feed.rest.text(), "https://data-api.binance.vision");
  EXPECT_EQ(command.feed.streams.text(), "wss://data-stream.binance.vision");
  EXPECT_EQ(command.emitter.listen.port, 8080);
}

TEST(CommandLine, StreamsOfOnesOwnHostBringItsRestAlong) {
  const auto command = std::get<ServeCommand>(parse({"serve", "--exchange-streams", "ws://127.0.0.1:9443"}));
  EXPECT_EQ(command.feed.rest.text(), "http://127.0.0.1:9443");
}

TEST(CommandLine, CompressionIsOnUnlessItIsTurnedOff) {
  EXPECT_TRUE(std::get<ServeCommand>(parse({"serve"})).emitter.compression);
  EXPECT_FALSE(std::get<ServeCommand>(parse({"serve", "--no-compression"})).emitter.compression);
  EXPECT_FALSE(std::get<EmitterCommand>(parse({"emitter", "--brokers", "b:1", "--no-compression"}))
                   .emitter.compression);
  setenv("TICKCAST_NO_COMPRESSION", "1", 1);
  EXPECT_FALSE(std::get<ServeCommand>(parse({"serve"})).emitter.compression);
  unsetenv("TICKCAST_NO_COMPRESSION");
}

TEST(CommandLine, ClientsAreClosedOverTheDrainThatIsAskedFor) {
  EXPECT_EQ(std::get<ServeCommand>(parse({"serve"})).emitter.drain_ns, kNsPerSecond);
  const auto command = std::get<EmitterCommand>(parse({"emitter", "--brokers", "a:1", "--drain", "60"}));
  EXPECT_EQ(command.emitter.drain_ns, 60 * kNsPerSecond);
  EXPECT_NE(usage_error({"serve", "--drain", "-1"}).find("--drain"), std::string::npos);
}

TEST(CommandLine, WatchFollowsSymbolsOfAServerOrAnAdminPort) {
  auto command =
      std::get<WatchCommand>(parse({"watch", "http://localhost:8080", "btcusdt", "ETHUSDT", "BTCUSDT"}));
  EXPECT_EQ(command.market.url.text(), "ws://localhost:8080") << "the page's address will do";
  EXPECT_EQ(command.market.symbols, (std::vector<std::string>{"BTCUSDT", "ETHUSDT"}));
  EXPECT_EQ(command.market.pace_ms, 0u);
  EXPECT_FALSE(command.admin);
  command = std::get<WatchCommand>(parse({"watch", "wss://x", "--pace", "250ms"}));
  EXPECT_EQ(command.market.pace_ms, 250u);
  setenv("TICKCAST_ADMIN", "127.0.0.1:9464", 1);  // where a role listens
  EXPECT_FALSE(std::get<WatchCommand>(parse({"watch", "ws://x"})).admin);
  unsetenv("TICKCAST_ADMIN");
  command = std::get<WatchCommand>(parse({"watch", "--admin", "http://localhost:9464"}));
  EXPECT_EQ(command.admin->text(), "http://localhost:9464/metrics");
  EXPECT_NE(usage_error({"watch", "ws://x", "a@b"}).find("no symbol"), std::string::npos);
  EXPECT_NE(usage_error({"watch", "ws://x", "--pace", "1s"}).find("1000ms"), std::string::npos);
}

TEST(CommandLine, NamesAreReadInAnyCase) {
  const auto command = std::get<ServeCommand>(parse({"serve", "--symbols", "btcusdt,ETHUSDT"}));
  EXPECT_EQ(command.feed.symbols, (std::vector<std::string>{"BTCUSDT", "ETHUSDT"}));
}

TEST(CommandLine, AnUnknownFlagIsNamedWithTheNearestOne) {
  EXPECT_NE(usage_error({"serve", "--lissten", ":1"})
                .find("--lissten is not a flag of serve; did you mean --listen?"),
            std::string::npos);
}

TEST(CommandLine, AnUnknownCommandIsNamed) {
  EXPECT_NE(usage_error({"sevre"}).find("sevre"), std::string::npos);
}

TEST(CommandLine, AnImpossibleValueNamesItsFlagAndWhatWouldBeRight) {
  const std::string listen = usage_error({"serve", "--listen", "nonsense"});
  EXPECT_NE(listen.find("--listen"), std::string::npos);
  EXPECT_NE(listen.find("host:port"), std::string::npos);
  const std::string rate = usage_error({"exchange", "--rate", "300000"});
  EXPECT_NE(rate.find("--rate"), std::string::npos);
  EXPECT_NE(rate.find("200000"), std::string::npos);
  EXPECT_NE(usage_error({"serve", "--exchange-streams", "http://x"}).find("--exchange-streams"),
            std::string::npos);
  EXPECT_NE(usage_error({"exchange", "--fault", "nonsense"}).find("--fault"), std::string::npos);
}

TEST(CommandLine, RecordNeedsAFile) { EXPECT_NE(usage_error({"record"}).find("--out"), std::string::npos); }

TEST(CommandLine, SymbolsAndQuoteAssetsExcludeEachOther) {
  EXPECT_NE(usage_error({"serve", "--symbols", "A", "--quote-assets", "B"}).find("--quote-assets"),
            std::string::npos);
}

TEST(CommandLine, TheEnvironmentStandsInForAFlag) {
  ASSERT_EQ(setenv("TICKCAST_EXCHANGE_STREAMS", "ws://exchange:1", 1), 0);
  const auto from_environment = std::get<ServeCommand>(parse({"serve"}));
  const auto from_flag = std::get<ServeCommand>(parse({"serve", "--exchange-streams", "ws://other:2"}));
  unsetenv("TICKCAST_EXCHANGE_STREAMS");
  EXPECT_EQ(from_environment.feed.streams.host, "exchange");
  EXPECT_EQ(from_flag.feed.streams.host, "other");
}

TEST(CommandLine, ProducerAndEmitterNeedBrokersAndPassKafkasSettingsThrough) {
  EXPECT_NE(usage_error({"producer"}).find("--brokers"), std::string::npos);
  const auto producer = std::get<ProducerCommand>(
      parse({"producer", "--brokers", "a:1,b:2", "--kafka-config", "acks=all", "--max-age", "0.5"}));
  EXPECT_EQ(producer.sink.settings.brokers, "a:1,b:2");
  EXPECT_EQ(producer.sink.settings.config.at(0), (std::pair<std::string, std::string>("acks", "all")));
  EXPECT_EQ(producer.sink.max_age_ns, 500 * kNsPerMs);
  EXPECT_FALSE(producer.direct_lane) << "not without --listen";

  ASSERT_EQ(setenv("TICKCAST_KAFKA_CONFIG", "sasl.username=a b\nsasl.password=c;d", 1), 0);
  const auto emitter = std::get<EmitterCommand>(
      parse({"emitter", "--brokers", "a:1", "--upstream", "ws://p:1", "--upstream", "wss://q:2"}));
  unsetenv("TICKCAST_KAFKA_CONFIG");
  ASSERT_EQ(emitter.topic.settings.config.size(), 2U);
  EXPECT_EQ(emitter.topic.settings.config[0].second, "a b");
  EXPECT_EQ(emitter.topic.settings.config[1].second, "c;d");
  ASSERT_EQ(emitter.upstreams.size(), 2U);
  EXPECT_EQ(emitter.upstreams[0].rest.text(), "http://p:1");
  EXPECT_EQ(emitter.upstreams[1].rest.text(), "https://q:2");
}

TEST(CommandLine, KafkaSettingsThatDoNotGoTogetherAreNamedBeforeAnythingStarts) {
  for (const char* command : {"emitter", "producer"})
    EXPECT_NE(usage_error({command, "--brokers", "a:1", "--kafka-config", "security.protocol=SSL",
                           "--kafka-config", "ssl.ca.location=/no/such/file"})
                  .find("ssl.ca.location"),
              std::string::npos);
  EXPECT_NE(usage_error({"producer", "--brokers", "127.0.0.1:1", "--kafka-config", "max.in.flight=10"})
                .find("`max.in.flight` must be set <= 5 when `enable.idempotence` is true; tickcast sets "
                      "enable.idempotence=true"),
            std::string::npos);
  EXPECT_NE(usage_error({"topic", "tail", "--kafka-config", "fetch.max.bytes=10"})
                .find("`fetch.max.bytes` must be >= `message.max.bytes`"),
            std::string::npos);
}

TEST(CommandLine, AWrongKafkaSettingIsNamedInTheLibrarysWords) {
  EXPECT_NE(usage_error({"emitter", "--brokers", "a:1", "--kafka-config", "no.such=1"})
                .find("No such configuration property: \"no.such\""),
            std::string::npos);
  EXPECT_NE(usage_error({"emitter", "--brokers", "a:1", "--kafka-config", "nonsense"}).find("key=value"),
            std::string::npos);
  EXPECT_NE(usage_error({"producer", "--brokers", "a:1", "--topic", "a b"}).find("can't be a topic"),
            std::string::npos);
}

TEST(CommandLine, TopicKnowsItsThreeActions) {
  EXPECT_EQ(std::get<TopicCommand>(parse({"topic", "tail", "--symbols", "btcusdt"})).symbols.at(0),
            "BTCUSDT");
  EXPECT_EQ(std::get<TopicCommand>(parse({"topic", "check"})).action, TopicCommand::Action::check);
  EXPECT_NE(usage_error({"topic", "look"}).find("tail"), std::string::npos);
}

TEST(CommandLine, AHealthCheckAsksThisMachineUnlessSaid) {
  EXPECT_EQ(std::get<HealthcheckCommand>(parse({"healthcheck"})).url.text(), "http://127.0.0.1:9464/readyz");
  EXPECT_EQ(std::get<HealthcheckCommand>(parse({"healthcheck", "--url", "http://e:1/readyz"})).url.host, "e");
  EXPECT_NE(usage_error({"healthcheck", "--url", "ws://e:1"}).find("--url"), std::string::npos);
}

TEST(CommandLine, ABenchTakesAServerOrTheFloor) {
  const auto bench = std::get<BenchCommand>(parse(
      {"bench", "ws://h:1", "--connections", "7", "--streams", "5@bookTicker", "--distinct", "--slow", "9"}));
  EXPECT_EQ(bench.url->host, "h");
  EXPECT_FALSE(bench.floor);
  EXPECT_EQ(bench.run.fleet.clients, 7u);
  EXPECT_EQ(bench.run.fleet.streams.count, 5u);
  EXPECT_TRUE(bench.run.fleet.watchlists.distinct);
  EXPECT_EQ(bench.run.fleet.slow_percent, 10);
  const auto floor = std::get<BenchCommand>(parse({"bench", "--self", "--rate", "50"}));
  EXPECT_EQ(floor.floor->messages_per_s, 50);
  EXPECT_EQ(floor.run.fleet.slow_percent, 0);
  EXPECT_NE(usage_error({"bench"}).find("--self"), std::string::npos);
  EXPECT_NE(usage_error({"bench", "http://h:1"}).find("ws"), std::string::npos);
  EXPECT_NE(usage_error({"bench", "ws://h:1", "--streams", "x@depth"}).find("100"), std::string::npos);
  EXPECT_NE(usage_error({"bench", "ws://h:1", "--stalled", "95", "--slow", "1"}).find("--stalled"),
            std::string::npos);
}

TEST(CommandLine, APlanTakesADemandAndANode) {
  const auto plan = std::get<PlanCommand>(
      parse({"plan", "--users", "1000000", "--symbols", "3", "--updates", "2.5", "--pace", "250ms",
             "--encoding", "bookTicker", "--tls", "--busy", "40", "--node-memory", "32", "--json", "-"}));
  EXPECT_EQ(plan.demand.users, 1'000'000u);
  EXPECT_EQ(plan.demand.updates_per_s, 2.5);
  EXPECT_EQ(plan.demand.pace_ms, 250u);
  EXPECT_EQ(plan.demand.channel, wire::Channel::book_ticker);
  EXPECT_TRUE(plan.demand.tls && plan.demand.compressed && !plan.demand.distinct);
  EXPECT_DOUBLE_EQ(plan.node.busy, 0.4);
  EXPECT_EQ(plan.node.memory_bytes, 32e9);
  EXPECT_EQ(plan.json_path, "-");
  EXPECT_NE(usage_error({"plan", "--pace", "1s"}).find("1000ms"), std::string::npos);
  EXPECT_NE(usage_error({"plan", "--encoding", "sbe"}).find("bestBidAsk"), std::string::npos);
  EXPECT_NE(usage_error({"plan", "--encoding", "bestBidAsk", "--array"}).find("--array"), std::string::npos);
  EXPECT_NE(usage_error({"plan", "--measured", "/nonexistent"}).find("/nonexistent"), std::string::npos);
}

TEST(CommandLine, HelpOfEveryCommandHasAnExample) {
  for (const char* command : {"demo", "serve", "exchange", "producer", "emitter", "topic", "record", "bench",
                              "plan", "healthcheck", "version"}) {
    testing::internal::CaptureStdout();
    const Command parsed = parse({command, "--help"});
    EXPECT_EQ(std::get<Exit>(parsed).code, 0);
    EXPECT_NE(testing::internal::GetCapturedStdout().find(std::string("Example: tickcast ") + command),
              std::string::npos);
  }
}

}  // namespace
}  // namespace tickcast::app
