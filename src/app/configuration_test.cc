// SPDX-License-Identifier: Apache-2.0
//
// Where values come from: the file, the environment, the command line; and what is said of files that are
// wrong.
#include "app/configuration.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_file.h"

namespace tickcast::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

// A file that is there as long as the object.
class File {
 public:
  explicit File(const std::string& text)
      : path(testing::TempDir() + "tickcast_configuration_" + std::to_string(getpid()) + ".toml") {
    std::ofstream(path) << text;
  }
  ~File() { std::remove(path.c_str()); }
  const std::string path;
};

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }

 private:
  const char* name_;
};

template <class T>
T parsed(const std::vector<std::string>& words) {
  return std::get<T>(parse_words(words));
}

// How a command line ends that is refused.
int exit_code(std::vector<const char*> words) {
  words.insert(words.begin(), "tickcast");
  return std::get<Exit>(parse_command_line(static_cast<int>(words.size()), words.data())).code;
}

Effective value_of(const std::vector<std::string>& words, const std::string& key) {
  const auto values = effective_values(words);
  for (const Effective& value : values.value()) {
    if (value.key == key) return value;
  }
  return {};
}

TEST(Configuration, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  const File file("topic = \"of-all\"\n[emitter]\nbrokers = \"file:1\"\nmax-connections = 7\n");
  const std::vector<std::string> words = {"emitter", "--config", file.path};
  EXPECT_EQ(parsed<EmitterCommand>(words).topic.settings.brokers, "file:1");
  EXPECT_EQ(parsed<EmitterCommand>(words).topic.settings.topic, "of-all");
  EXPECT_EQ(parsed<EmitterCommand>(words).emitter.admission.connections_max, 7u);
  const Variable variable("TICKCAST_BROKERS", "environment:1");
  EXPECT_EQ(parsed<EmitterCommand>(words).topic.settings.brokers, "environment:1");
  const std::vector<std::string> with_flag = {"emitter", "-c", file.path, "--brokers", "flag:1"};
  EXPECT_EQ(parsed<EmitterCommand>(with_flag).topic.settings.brokers, "flag:1");
}

TEST(Configuration, ARolesTableWinsOverWhatIsSaidForAll) {
  const File file("log-level = \"error\"\n[serve]\nlog-level = \"debug\"\n");
  EXPECT_EQ(parsed<ServeCommand>({"serve", "--config=" + file.path}).role.log_level, LogLevel::debug);
  EXPECT_EQ(parsed<ExchangeCommand>({"exchange", "--config=" + file.path}).role.log_level, LogLevel::error);
}

TEST(Configuration, TheEnvironmentCanNameTheFile) {
  const File file("[serve]\nshards = 3\n");
  const Variable variable("TICKCAST_CONFIG", file.path.c_str());
  EXPECT_EQ(parsed<ServeCommand>({"serve"}).emitter.shards, 3u);
}

TEST(Configuration, ListsAndFlagsHaveTheirOwnFormInAFile) {
  const File file(
      "[serve]\nsymbols = [\"btcusdt\", \"ETHUSDT\"]\n[demo]\nsimulate = true\n[emitter]\nbrokers = \"b:1\"\n"
      "kafka-config = [\"sasl.username=a b\", \"acks=all\"]\n");
  EXPECT_THAT(parsed<ServeCommand>({"serve", "-c", file.path}).feed.symbols,
              ElementsAre("BTCUSDT", "ETHUSDT"));
  EXPECT_EQ(parsed<DemoCommand>({"demo", "-c", file.path}).from, DemoCommand::From::simulated);
  const auto config = parsed<EmitterCommand>({"emitter", "-c", file.path}).topic.settings.config;
  ASSERT_EQ(config.size(), 2u);
  EXPECT_EQ(config[0].second, "a b");
}

TEST(Configuration, EverythingWrongIsSaidAtOnceWithItsLine) {
  const File file(
      "brokrs = \"a:1\"\n[emitter]\nlistne = \":1\"\nmax-connections = -1\nlisten = \"nonsense\"\n"
      "since = 1979-05-27\n[emiter]\nshards = 1\n");
  const auto faults = lay_over({"emitter", "--config", file.path}).faults;
  EXPECT_THAT(faults, testing::UnorderedElementsAre(
                          EndsWith(":6: since is no text, number, true, false, or array of these"),
                          EndsWith(":1: brokrs is not a key; did you mean brokers?"),
                          EndsWith(":3: listne is not a key of [emitter]; did you mean listen?"),
                          AllOf(HasSubstr(":4: max-connections: "), HasSubstr("-1")),
                          AllOf(HasSubstr(":5: listen: "), HasSubstr("host:port")),
                          EndsWith(":8: [emiter] is not a role; did you mean emitter?")));
  testing::internal::CaptureStderr();
  EXPECT_EQ(std::get<Exit>(parse_words({"emitter", "--config", file.path})).code, 78);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("brokrs"));
}

TEST(Configuration, AFileThatIsNoTomlOrNotThereIsSaidWithItsName) {
  const File file("a = 1\nb = = 2\n");
  EXPECT_THAT(lay_over({"serve", "-c", file.path}).faults, ElementsAre(HasSubstr(file.path + ":2: ")));
  EXPECT_THAT(lay_over({"serve", "-c", "/no/such/file"}).faults, ElementsAre(HasSubstr("/no/such/file")));
}

TEST(Configuration, AWrongVariableIsSaidByItsNameAndAnEmptyOneIsUnset) {
  const Variable wrong("TICKCAST_SHARDS", "many");
  const Variable empty("TICKCAST_LISTEN", "");
  EXPECT_THAT(lay_over({"serve"}).faults,
              ElementsAre(AllOf(HasSubstr("TICKCAST_SHARDS"), HasSubstr("many"))));
}

TEST(Configuration, AWrongKafkaSettingIsSaidWithWhereItComesFrom) {
  const File unknown(
      "[emitter]\nbrokers = \"b:1\"\nkafka-config = [\"acks=all\", \"no.such=1\"]\ntopic = \"a b\"\n");
  EXPECT_THAT(lay_over({"emitter", "-c", unknown.path}).faults,
              testing::UnorderedElementsAre(
                  HasSubstr(":3: kafka-config: Kafka setting no.such: No such configuration property"),
                  HasSubstr(":4: topic: \"a b\" can't be a topic")));
  const Variable variable("TICKCAST_KAFKA_CONFIG", "acks=all\nacks=some");
  EXPECT_THAT(lay_over({"producer", "--brokers", "b:1"}).faults,
              ElementsAre(AllOf(HasSubstr("TICKCAST_KAFKA_CONFIG: "), HasSubstr("Invalid value"))));
}

TEST(Configuration, KafkaSettingsThatDoNotGoTogetherAreSaidWithWhereTheyComeFrom) {
  const File file("[emitter]\nbrokers = \"b:1\"\nkafka-config = [\"fetch.max.bytes=10\"]\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(exit_code({"emitter", "-c", file.path.c_str()}), 78);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr(file.path + ":3: Kafka settings: `fetch.max.bytes` must be"));
  const Variable variable("TICKCAST_KAFKA_CONFIG", "fetch.max.bytes=10");
  testing::internal::CaptureStderr();
  EXPECT_EQ(exit_code({"emitter", "--brokers", "b:1"}), 78);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("TICKCAST_KAFKA_CONFIG: Kafka settings: `fetch.max.bytes` must be"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(exit_code({"emitter", "--brokers=b:1", "--kafka-config=fetch.max.bytes=9"}), 2)
      << "a flag wins over the environment, and is a word of the command line";
  testing::internal::GetCapturedStderr();
}

TEST(Configuration, AWrongVariableStopsTheCommandsThatReadItAndNoOther) {
  const Variable kafka("TICKCAST_KAFKA_CONFIG", "no.such=1");
  const Variable age("TICKCAST_MAX_AGE", "0.001");
  EXPECT_TRUE(std::holds_alternative<ServeCommand>(parse_words({"serve"})));
  EXPECT_TRUE(std::holds_alternative<VersionCommand>(parse_words({"version"})));
  EXPECT_TRUE(std::holds_alternative<ConfigCommand>(parse_words({"config", "show", "producer"})));
  testing::internal::CaptureStderr();
  EXPECT_EQ(std::get<Exit>(parse_words({"emitter", "--brokers", "b:1"})).code, 78);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("TICKCAST_KAFKA_CONFIG"), testing::Not(HasSubstr("TICKCAST_MAX_AGE"))));
}

TEST(Configuration, EveryValueTellsItsOriginAndSecretsAreMasked) {
  const File file("[producer]\nmax-age = 0.5\nkafka-config = [\"sasl.password=hunter2\", \"acks=all\"]\n");
  const Variable variable("TICKCAST_TOPIC", "t");
  const std::vector<std::string> words = {"producer", "--config", file.path, "--brokers=b:1"};
  EXPECT_THAT(value_of(words, "max-age").origin, EndsWith(".toml:2"));
  EXPECT_EQ(value_of(words, "max-age").text, "0.5");
  EXPECT_EQ(value_of(words, "topic").origin, "TICKCAST_TOPIC");
  EXPECT_EQ(value_of(words, "brokers").origin, "flag");
  EXPECT_EQ(value_of(words, "replication").origin, "default");
  EXPECT_EQ(value_of(words, "kafka-config").text, "sasl.password=********,acks=all");
}

// Every default, taken as if someone had meant it, is a value that its option takes.
TEST(Configuration, TheDefaultFileUncommentedIsRight) {
  std::string text = default_file();
  EXPECT_THAT(text, AllOf(HasSubstr("# max-age = 2\n"), HasSubstr("\n[emitter]\n"),
                          HasSubstr("# topic = \"book-tickers\"\n")));
  std::string uncommented;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    const std::size_t equals = line.find(" = ");
    const bool setting = line.starts_with("# ") && equals != std::string::npos &&
                         line.substr(2, equals - 2).find(' ') == std::string::npos;
    uncommented += (setting ? line.substr(2) : line) + "\n";
    at = end + 1;
  }
  const File file(uncommented);
  EXPECT_THAT(lay_over({"emitter", "--config", file.path}).faults, IsEmpty()) << uncommented;
  EXPECT_GT(read_config_file(file.path).settings.size(), 40u);
}

TEST(Configuration, AFileReadAgainIsFollowedWhereThatIsPossible) {
  const std::string path = testing::TempDir() + "tickcast_reread.toml";
  std::ofstream(path) << "[serve]\nmax-connections = 5\nshards = 1\n";
  LiveSettings settings({"serve", "--config", path});
  ASSERT_TRUE(settings.has_file());
  std::ofstream(path)
      << "[serve]\nmax-connections = 6\nshards = 2\nlog-level = \"debug\"\nfastest-pace = 0.25\n";
  testing::internal::CaptureStderr();
  const auto command = settings.read_again();
  const std::string log = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(command);
  EXPECT_EQ(std::get<ServeCommand>(*command).emitter.admission.connections_max, 6u);
  EXPECT_EQ(std::get<ServeCommand>(*command).emitter.fastest_pace_ns, 250'000'000);
  EXPECT_EQ(std::get<ServeCommand>(*command).role.log_level, LogLevel::debug);
  std::ofstream(path) << "[serve]\nmax-connections = \"many\"\n";
  EXPECT_FALSE(settings.read_again()) << "what is wrong changes nothing";
  std::remove(path.c_str());
}

TEST(Reference, ThePageOfOptionsIsWhatTheDeclarationsSay) {
  const char* const source = std::getenv("TICKCAST_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "TICKCAST_SOURCE_DIR is the source tree; ctest sets it";
  const std::string path = std::string(source) + "/docs/reference/options.md";
  if (std::getenv("TICKCAST_WRITE_DOCS") != nullptr) std::ofstream(path) << options_page();
  std::ifstream file(path);
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(page, options_page()) << "make docs writes it anew";
}

}  // namespace
}  // namespace tickcast::app
