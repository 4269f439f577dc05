// SPDX-License-Identifier: Apache-2.0
#include "kafka/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/topic_reader.h"
#include "kafka/topic_sink.h"

namespace tickcast::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using Config = std::vector<std::pair<std::string, std::string>>;

// The message of what must fail; "" when it does not.
std::string message(const Status& status) { return status ? "" : status.error().message; }

TEST(KafkaSettings, AreReadAsKeyAndValue) {
  EXPECT_FALSE(parse_config_item("novalue"));
  EXPECT_FALSE(parse_config_item("=value"));
  EXPECT_EQ(parse_config_item("a=b=c")->second, "b=c");
}

TEST(KafkaSettings, ThatTheLibraryDoesNotKnowOrTakeAreNamedInItsWords) {
  EXPECT_TRUE(check_config({{"security.protocol", "plaintext"}, {"acks", "all"}}));
  EXPECT_THAT(
      message(check_config({{"no.such.thing", "1"}})),
      AllOf(HasSubstr("No such configuration property: \"no.such.thing\""), HasSubstr("CONFIGURATION.md")));
  EXPECT_THAT(message(check_config({{"security.protocol", "nonsense"}})),
              HasSubstr("Invalid value \"nonsense\" for configuration property \"security.protocol\""));
  EXPECT_THAT(message(check_config({{"message.timeout.ms", "soon"}})), HasSubstr("\"message.timeout.ms\""));
}

TEST(KafkaSettings, AreRefusedWithoutTellingASecret) {
  EXPECT_THAT(message(check_config({{"sasl.jaas.config", "user and hunter2"}})),
              AllOf(HasSubstr("sasl.jaas.config"), Not(HasSubstr("hunter2"))));
}

TEST(KafkaSettings, NameATopicThatKafkaAllows) {
  EXPECT_TRUE(check_topic("book-tickers"));
  EXPECT_FALSE(check_topic(""));
  EXPECT_FALSE(check_topic(".."));
  EXPECT_FALSE(check_topic("a/b"));
  EXPECT_FALSE(check_topic(std::string(250, 'a')));
}

Settings with(Config config) { return {"127.0.0.1:1", "quotes", std::move(config)}; }

TEST(KafkaSettings, OfAReaderThatDoNotGoTogetherAreNamedInTheLibrarysWords) {
  EXPECT_TRUE(TopicReader::check(with({})));
  EXPECT_THAT(message(TopicReader::check(with({{"fetch.max.bytes", "10"}}))),
              AllOf(HasSubstr("`fetch.max.bytes` must be >= `message.max.bytes`"),
                    HasSubstr("change the setting of yours")));
  EXPECT_THAT(
      message(TopicReader::check(with({{"security.protocol", "SSL"}, {"ssl.ca.location", "/no/such/file"}}))),
      HasSubstr("ssl.ca.location"));
}

TEST(KafkaSettings, OfAWriterThatContradictOurOwnAreNamedWithOurs) {
  SinkOptions options;
  options.settings = with({{"max.in.flight", "5"}});
  EXPECT_TRUE(TopicSink::check(options));
  options.settings = with({{"max.in.flight", "10"}});
  EXPECT_THAT(message(TopicSink::check(options)),
              AllOf(HasSubstr("`max.in.flight` must be set <= 5 when `enable.idempotence` is true"),
                    HasSubstr("tickcast sets enable.idempotence=true"),
                    HasSubstr("change the setting of yours that this is about, or leave it out")));
  options.settings = with({{"queue.buffering.max.ms", "5000"}});  // another name of linger.ms
  EXPECT_THAT(message(TopicSink::check(options)),
              AllOf(HasSubstr("tickcast sets message.timeout.ms=1000"), Not(HasSubstr("sets linger.ms"))));
}

}  // namespace
}  // namespace tickcast::kafka
