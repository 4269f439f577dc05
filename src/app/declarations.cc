// SPDX-License-Identifier: Apache-2.0
#include "app/declarations.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "app/flags.h"
#include "exchange/faults.h"
#include "market/symbol_table.h"

namespace tickcast::app {
namespace {

constexpr const char* kBinanceRest = "https://data-api.binance.vision";
// What a running role takes in when it is told to read its file again.
constexpr std::array<std::string_view, 5> kLiveKeys = {
    "log-level", "max-connections", "max-connections-per-address", "fastest-pace", "allowed-origins"};
constexpr const char* kReadiness = "http://127.0.0.1:9464/readyz";
constexpr const char* kBinanceStreams = "wss://data-stream.binance.vision";

CLI::Option* add_listen(CLI::App& command, wire::ListenAddress& into, const std::string& preset) {
  into = wire::parse_listen_address(preset).value();
  return add_parsed(command, "--listen", into, wire::parse_listen_address, "ADDR",
                    "host:port or :port; port 0 takes a free one")
      ->default_str(preset);
}

// Empty when it is an origin as browsers tell it (RFC 6454 section 6.2); what is wrong otherwise.
std::string is_origin(const std::string& text) {
  const auto url = wire::parse_url(text, "https");
  const bool whole =
      url && text.find("://") != std::string::npos && text.find('/', text.find("://") + 3) == text.npos;
  return whole && (url->scheme == "http" || url->scheme == "https")
             ? ""
             : "\"" + text + "\" is no origin; https://example.com is";
}

Result<LogLevel> parse_log_level(const std::string& text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "info") return LogLevel::info;
  if (text == "warning") return LogLevel::warning;
  if (text == "error") return LogLevel::error;
  return Error{"\"" + text + "\" is no level; debug, info, warning and error are"};
}

void add_log_level(CLI::App& command, LogLevel& into) {
  add_parsed(command, "--log-level", into, parse_log_level, "LEVEL",
             "least that is logged: debug, info, warning or error")
      ->type_name("LEVEL:{debug,info,warning,error}")
      ->default_str("info");
}

void add_file(CLI::App& command, std::string& into) {
  with_environment(command.add_option("-c,--config", into, "settings from this TOML file"), "--config")
      ->type_name("FILE");
}

// Two roles on one machine want a port each: those that people start beside others take a free one.
constexpr const char* kAdmin = "127.0.0.1:9464";
constexpr const char* kAdminAnywhere = "127.0.0.1:0";

// What every role has.
void add_role(CLI::App& command, Role& role, std::string& config_path, const std::string& admin) {
  role.admin = wire::parse_listen_address(admin).value();
  add_parsed(command, "--admin", role.admin, wire::parse_listen_address, "ADDR",
             "where metrics and health are: host:port; port 0 takes a free one")
      ->default_str(admin);
  add_file(command, config_path);
  add_log_level(command, role.log_level);
}

// Names of the market as people type them: btcusdt,ethusdt.
CLI::Option* add_names(CLI::App& command, const std::string& flag, std::vector<std::string>& into,
                       const std::string& help) {
  CLI::Option* const option = command.add_option_function<std::vector<std::string>>(
      flag,
      [&into](const std::vector<std::string>& names) {
        into.clear();
        for (const std::string& name : names) into.push_back(market::to_upper_ascii(name));
      },
      help);
  option->delimiter(',')->type_name("A,B");
  return with_environment(option, flag);
}

// The look-ups of a server that answers REST and streams on one port.
wire::Url rest_beside(const wire::Url& streams) {
  wire::Url rest = streams;
  rest.scheme = streams.secure() ? "https" : "http";
  rest.target.clear();
  return rest;
}

// Returns the brokers' option.
CLI::Option* add_kafka_flags(CLI::App& command, kafka::Settings& settings) {
  CLI::Option* const brokers = with_environment(
      command.add_option("--brokers", settings.brokers, "Kafka's bootstrap servers, host:port,..."),
      "--brokers");
  brokers->required()->type_name("BROKERS");
  with_environment(command.add_option("--topic", settings.topic, "the topic")->capture_default_str(),
                   "--topic")
      ->check([](const std::string& name) {
        const Status checked = kafka::check_topic(name);
        return checked ? std::string() : checked.error().message;
      });
  with_environment(
      command.add_option_function<std::vector<std::string>>(
          "--kafka-config",
          [&settings](const std::vector<std::string>& items) {
            settings.config.clear();
            for (const std::string& item : items) {
              auto parsed = kafka::parse_config_item(item);
              if (!parsed) throw CLI::ValidationError("--kafka-config", parsed.error().message);
              settings.config.push_back(std::move(*parsed));
            }
            const Status checked = kafka::check_config(settings.config);
            if (!checked) throw CLI::ValidationError("--kafka-config", checked.error().message);
          },
          "any setting of librdkafka, as security.protocol=SASL_SSL; may be given several times"),
      "--kafka-config")
      ->delimiter('\n')  // several in one environment variable
      ->type_name("KEY=VALUE");
  return brokers;
}

void add_topic_flags(CLI::App& command, kafka::SinkOptions& sink) {
  kafka::TopicOptions& topic = sink.topic;
  add_number(command, "--partitions", topic.partitions, 1, 1'000, "of a topic that has to be made");
  add_number(command, "--replication", topic.replication, -1, 100,
             "replicas of a topic that has to be made; -1: as the broker has it");
  add_number(command, "--min-insync-replicas", topic.min_insync_replicas, 0, 100,
             "of a topic that has to be made; 0: as the broker has it");
  command
      .add_option_function<double>(
          "--retention",
          [&topic](const double& seconds) {
            topic.retention_ms = static_cast<std::int64_t>(seconds * 1'000);
          },
          "of a topic that has to be made")
      ->check(CLI::Range(60.0, 1e9))
      ->type_name("SECONDS")
      ->default_str("600")
      ->envname("TICKCAST_RETENTION");
  constexpr double kMaxAgeLeast =
      static_cast<double>(kafka::kMaxAgeLeastNs) / static_cast<double>(kNsPerSecond);
  add_seconds(command, "--max-age", sink.max_age_ns, kMaxAgeLeast, 3'600,
              "a quote that was not delivered after so long is given up for its symbol's newest");
  add_seconds(command, "--rewrite-after", sink.rewrite_after_ns, 0, 86'400,
              "an unchanged quote is written again after so long, for late readers; 0: never");
}

void add_emitter_flags(CLI::App& command, emitter::Options& emitter) {
  add_number<std::size_t>(command, "--shards", emitter.shards, 0, 256,
                          "threads that serve clients; 0: one per core");
  with_environment(
      command.add_flag("--pin", emitter.pin, "keep each of these threads on a processor of its own"),
      "--pin");
  add_number<std::size_t>(command, "--max-connections", emitter.admission.connections_max, 0, 100'000'000,
                          "clients in all; 0: what descriptors allow, less a reserve");
  add_number<std::size_t>(command, "--max-connections-per-address",
                          emitter.admission.connections_per_address_max, 0, 100'000'000,
                          "clients from one address; 0: no limit");
  add_seconds(command, "--fastest-pace", emitter.fastest_pace_ns, 0, 60,
              "no client is sent a symbol's updates more often than once in so long, whatever it asked for; "
              "0: no limit");
  with_environment(
      command
          .add_option(
              "--allowed-origins", emitter.admission.origins,
              "web pages that may open streams, as https://example.com, besides our own page; none: all")
          ->delimiter(',')
          ->check(is_origin)
          ->type_name("A,B"),
      "--allowed-origins");
  auto* const certificate =
      command.add_option("--tls-certificate", emitter.tls_certificate_file,
                         "serve https and wss with this certificate (PEM, the chain's others behind it)");
  auto* const key =
      command.add_option("--tls-key", emitter.tls_key_file, "the certificate's key (PEM, no pass phrase)");
  with_environment(certificate, "--tls-certificate")->type_name("FILE")->check(CLI::ExistingFile)->needs(key);
  with_environment(key, "--tls-key")->type_name("FILE")->check(CLI::ExistingFile)->needs(certificate);
  CLI::Option* const no_compression = command.add_flag_function(
      "--no-compression", [&emitter](std::int64_t given) { emitter.compression = given <= 0; },
      "never compress array messages (permessage-deflate), even for clients that offer to take them so");
  with_environment(no_compression, "--no-compression");
  add_seconds(command, "--drain", emitter.drain_ns, 0, 3'600,
              "a planned stop closes its clients spread over so long");
}

// Other tickcasts as further sources. They tell quotes with their times, have no leg B and no daily cut, and
// are near: one that restarts is tried often.
void add_upstreams(CLI::App& command, std::vector<feed::Options>& upstreams) {
  CLI::Option* const option = command.add_option_function<std::vector<std::string>>(
      "--upstream",
      [&upstreams](const std::vector<std::string>& urls) {
        upstreams.clear();
        for (const std::string& text : urls) {
          auto url = wire::parse_url(text, "ws");
          if (!url) throw CLI::ValidationError("--upstream", url.error().message);
          feed::Options feed;
          feed.streams = std::move(*url);
          feed.rest = rest_beside(feed.streams);
          feed.channel = wire::Channel::quote;
          feed.legs = 1;
          feed.connections_per_leg_min = 1;
          feed.requests_per_second = 40;
          feed.backoff_first_ns = 100 * kNsPerMs;
          feed.backoff_max_ns = kNsPerSecond;
          feed.stall_after_ns = 5 * kNsPerSecond;  // what an upstream can't say itself, its silence does
          upstreams.push_back(std::move(feed));
        }
      },
      "another tickcast (a producer with --listen, an emitter) as a further source; the first to bring a "
      "quote wins; may be given several times");
  with_environment(option, "--upstream")->type_name("URL");
}

void add_market_flags(CLI::App& command, exchange::Options& exchange) {
  add_number<std::size_t>(command, "--symbol-count", exchange.market.symbols, 1,
                          market::SymbolTable::kSymbolsMax, "symbols that trade");
  add_number<double>(command, "--rate", exchange.market.events_per_second, 0.1, 200'000,
                     "book ticker events per second over all symbols");
  add_number<std::uint64_t>(command, "--seed", exchange.market.seed, 0, ~std::uint64_t{0},
                            "same seed, same market");
}

CLI::Option* add_replay_flags(CLI::App& command, exchange::Options& exchange) {
  CLI::Option* const replay = with_environment(
      command.add_option("--replay", exchange.replay_path, "play a recording instead"), "--replay");
  replay->check(CLI::ExistingFile)->type_name("FILE");
  add_number<double>(command, "--speed", exchange.replay_speed, 0.001, 1000, "of the replay; 1 is true time")
      ->needs(replay);
  return replay;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row[b.size()];
}

}  // namespace

void ExchangeOptions::add(CLI::App& command, feed::Options& feed) {
  feed.rest = wire::parse_url(kBinanceRest, "http").value();
  feed.streams = wire::parse_url(kBinanceStreams, "ws").value();
  streams = add_parsed(
      command, "--exchange-streams", feed.streams,
      [](const std::string& text) { return wire::parse_url(text, "ws"); }, "URL",
      "where the exchange's streams are");
  streams->default_str(kBinanceStreams);
  rest = add_parsed(
      command, "--exchange-rest", feed.rest,
      [](const std::string& text) { return wire::parse_url(text, "http"); }, "URL",
      "where its REST look-ups are; with --exchange-streams alone: the same host and port");
  rest->default_str(kBinanceRest);
  auto* const symbols = add_names(command, "--symbols", feed.symbols, "only these symbols");
  auto* const quotes =
      add_names(command, "--quote-assets", feed.quote_assets, "only symbols quoted in these assets");
  symbols->excludes(quotes);
  with_environment(command.add_option("--ca-file", feed.ca_file,
                                      "trust these certificate authorities (PEM) instead of the system's"),
                   "--ca-file")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
}

void ExchangeOptions::complete(feed::Options& feed) const {
  if (streams->count() == 0 || rest->count() != 0) return;
  feed.rest = rest_beside(feed.streams);
}

Declarations::Declarations()
    : root("Live best bid and ask of every symbol, from the exchange to any number of WebSocket clients.",
           "tickcast") {
  root.require_subcommand(0, 1);
  root.allow_extras();

  demo_app =
      root.add_subcommand("demo", "Everything in one process: the market in a browser, live or simulated");
  add_listen(*demo_app, demo.emitter.listen, ":8080");
  add_role(*demo_app, demo.role, config_path, kAdminAnywhere);
  CLI::Option* const simulate_flag = demo_app->add_flag("--simulate", simulate, "use the simulated exchange");
  CLI::Option* const live_flag =
      demo_app->add_flag("--live", live, "use the live exchange, and fail when it can't be reached");
  with_environment(simulate_flag->excludes(live_flag), "--simulate");
  with_environment(live_flag, "--live");
  add_number<double>(*demo_app, "--rate", demo.simulated.market.events_per_second, 0.1, 200'000,
                     "events per second when simulated");
  add_replay_flags(*demo_app, demo.simulated)->excludes(simulate_flag)->excludes(live_flag);
  demo_app->footer("Example: tickcast demo --listen :8080 --simulate");

  serve_app = root.add_subcommand("serve", "Exchange to WebSocket clients, without Kafka");
  add_listen(*serve_app, serve.emitter.listen, ":8080");
  add_role(*serve_app, serve.role, config_path, kAdmin);
  serve_exchange.add(*serve_app, serve.feed);
  add_emitter_flags(*serve_app, serve.emitter);
  serve_app->footer("Example: tickcast serve --listen :8080 --quote-assets USDT,BTC");

  producer_app =
      root.add_subcommand("producer", "Exchange to a Kafka topic, and to clients besides with --listen");
  add_kafka_flags(*producer_app, producer.sink.settings);
  add_role(*producer_app, producer.role, config_path, kAdmin);
  add_topic_flags(*producer_app, producer.sink);
  lane = add_parsed(*producer_app, "--listen", producer.emitter.listen, wire::parse_listen_address, "ADDR",
                    "serve clients and emitters directly too (host:port or :port)");
  producer_exchange.add(*producer_app, producer.feed);
  add_emitter_flags(*producer_app, producer.emitter);
  producer_app->footer(
      "Example: tickcast producer --brokers localhost:9092 --exchange-streams ws://127.0.0.1:9443");

  emitter_app = root.add_subcommand("emitter", "A Kafka topic to WebSocket clients");
  add_kafka_flags(*emitter_app, emitter.topic.settings);
  add_listen(*emitter_app, emitter.emitter.listen, ":8080");
  add_role(*emitter_app, emitter.role, config_path, kAdmin);
  add_upstreams(*emitter_app, emitter.upstreams);
  add_seconds(*emitter_app, "--lookback", emitter.topic.lookback_ns, 1, 1e6,
              "how far to read the topic back at the start, for every symbol's last quote");
  add_seconds(*emitter_app, "--stale-after", emitter.topic.stale_after_ns, 0.1, 86'400,
              "a topic without a record for so long is stale");
  add_emitter_flags(*emitter_app, emitter.emitter);
  emitter_app->footer("Example: tickcast emitter --brokers localhost:9092 --listen :8080");

  exchange_app =
      root.add_subcommand("exchange", "A simulated exchange that speaks Binance's protocol, faults included");
  add_listen(*exchange_app, exchange.exchange.listen, "127.0.0.1:9443");
  add_role(*exchange_app, exchange.role, config_path, kAdminAnywhere);
  add_market_flags(*exchange_app, exchange.exchange);
  add_replay_flags(*exchange_app, exchange.exchange);
  with_environment(exchange_app->add_option("--fault", exchange.exchange.faults,
                                            "inject a fault; may be given several times"),
                   "--fault")
      ->type_name("SPEC")
      ->check([](const std::string& spec) {
        const Status checked = exchange::check_fault(spec);
        return checked ? std::string() : checked.error().message;
      });
  exchange_app->footer(
      "Example: tickcast exchange --listen 127.0.0.1:9443 --symbol-count 1400 --rate 6000 --seed 1\n\n" +
      exchange::fault_help());

  record_app = root.add_subcommand("record", "Write what the exchange sends to a file, until Ctrl-C");
  record_exchange.add(*record_app, record.feed);
  add_file(*record_app, config_path);
  add_log_level(*record_app, record.log_level);
  with_environment(
      record_app->add_option("--out", record.out_path, "the recording; compressed when the name ends in .gz"),
      "--out")
      ->required()
      ->type_name("FILE");
  record_app->footer("Example: tickcast record --exchange-streams ws://127.0.0.1:9443 --out market.gz");

  topic.settings.brokers = "localhost:9092";
  topic_app = root.add_subcommand(
      "topic",
      "What is in a topic: tail shows records, stats its load, check what consumers may stumble over");
  topic_app->add_option("ACTION", topic_action, "tail, stats or check")
      ->required()
      ->check(CLI::IsMember({"tail", "stats", "check"}));
  add_kafka_flags(*topic_app, topic.settings)->required(false)->capture_default_str();
  add_file(*topic_app, config_path);
  add_log_level(*topic_app, topic.log_level);
  add_names(*topic_app, "--symbols", topic.symbols, "tail: only these");
  add_seconds(*topic_app, "--duration", topic.duration_ns, 0.1, 86'400, "stats: how long to count");
  add_number<std::size_t>(*topic_app, "--top", topic.symbols_shown, 0, 100'000,
                          "stats: busiest symbols shown");
  add_seconds(*topic_app, "--lookback", topic.lookback_ns, 1, 1e6, "check: how far to read back");
  topic_app->footer("Example: tickcast topic stats --brokers localhost:9092");

  bench_app = bench.add(root);
  watch_app = watch.add(root);
  plan_app = plan.add(root);

  config_app = root.add_subcommand("config",
                                   "The configuration file: init writes one with every default, check reads "
                                   "one and says all that is wrong "
                                   "with it, show prints what holds for a role");
  config_app->add_option("ACTION", config_action, "init, check or show")
      ->required()
      ->check(CLI::IsMember({"init", "check", "show"}));
  config_app->add_option("WHAT", config.what,
                         "check: the file (else $TICKCAST_CONFIG); init: the file to write (else to standard "
                         "output); show: the role, its flags behind it");
  config_app->add_flag("--origin", config.origin, "show: where each value comes from");
  config_app->footer("Example: tickcast config show --origin emitter --config tickcast.toml");

  healthcheck_app = root.add_subcommand(
      "healthcheck",
      "Ask a running role whether it is ready: exits 0 when it is, 1 with the reason otherwise");
  healthcheck.url = wire::parse_url(kReadiness, "http").value();
  add_parsed(
      *healthcheck_app, "--url", healthcheck.url,
      [](const std::string& text) { return wire::parse_url(text, "http"); }, "URL", "what must answer 200")
      ->default_str(kReadiness);
  healthcheck_app->footer("Example: tickcast healthcheck --url http://127.0.0.1:9464/readyz");

  version_app = root.add_subcommand("version", "Version, compiler and libraries");
  version_app->footer("Example: tickcast version");

  manual_app = root.add_subcommand("manual", "This program's manual page, for man");
  manual_app->footer("Example: tickcast manual | man -l -");

  completion_app = root.add_subcommand("completion", "What lets a shell complete the words of this program");
  completion_app->add_option("SHELL", completion_shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion_app->footer("Example: source <(tickcast completion bash)");
  for (CLI::App* command : root.get_subcommands({})) command->allow_extras();
}

void Declarations::listen_to(const std::string& command) {
  for (CLI::App* other : root.get_subcommands({})) {
    if (other->get_name() == command) continue;
    for (CLI::Option* option : other->get_options()) option->envname("");
  }
}

Result<Command> Declarations::chosen() {
  const CLI::App& command = *root.get_subcommands().front();
  if (&command == demo_app) {
    const bool replay = !demo.simulated.replay_path.empty();
    demo.from = simulate || replay ? DemoCommand::From::simulated
                : live             ? DemoCommand::From::live
                                   : DemoCommand::From::either;
    demo.live.rest = wire::parse_url(kBinanceRest, "http").value();
    demo.live.streams = wire::parse_url(kBinanceStreams, "ws").value();
    return Command(demo);
  }
  if (&command == serve_app) {
    serve_exchange.complete(serve.feed);
    return Command(serve);
  }
  if (&command == producer_app) {
    producer_exchange.complete(producer.feed);
    producer.direct_lane = lane->count() > 0;
    return Command(producer);
  }
  if (&command == emitter_app) {
    return Command(emitter);
  }
  if (&command == exchange_app) return Command(exchange);
  if (&command == topic_app) {
    topic.action = topic_action == "tail"    ? TopicCommand::Action::tail
                   : topic_action == "stats" ? TopicCommand::Action::stats
                                             : TopicCommand::Action::check;
    return Command(topic);
  }
  if (&command == record_app) {
    record_exchange.complete(record.feed);
    return Command(record);
  }
  if (&command == bench_app) {
    auto complete = bench.complete();
    if (!complete) return complete.error();
    return Command(std::move(*complete));
  }
  if (&command == watch_app) {
    auto complete = watch.complete();
    if (!complete) return complete.error();
    return Command(std::move(*complete));
  }
  if (&command == plan_app) {
    auto complete = plan.complete();
    if (!complete) return complete.error();
    return Command(std::move(*complete));
  }
  if (&command == config_app) {
    config.action = config_action == "init"    ? ConfigCommand::Action::init
                    : config_action == "check" ? ConfigCommand::Action::check
                                               : ConfigCommand::Action::show;
    config.words = command.remaining();
    return Command(config);
  }
  if (&command == healthcheck_app) return Command(healthcheck);
  if (&command == manual_app) return Command(ManualCommand{});
  if (&command == completion_app) {
    return Command(CompletionCommand{completion_shell == "bash"  ? Shell::bash
                                     : completion_shell == "zsh" ? Shell::zsh
                                                                 : Shell::fish});
  }
  return Command(VersionCommand{});
}

std::vector<CLI::Option*> settable(CLI::App& command) {
  std::vector<CLI::Option*> out;
  if (command.get_option_no_throw("--config") == nullptr) return out;
  for (CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (name.starts_with("--") && name != "--help" && name != "--config") out.push_back(option);
  }
  return out;
}

std::string key_of(const CLI::Option& option) { return option.get_name().substr(2); }

std::string default_of(const CLI::Option& option) {
  return is_flag(option) ? "false" : option.get_default_str();
}

std::string type_of(const CLI::Option& option) {
  const std::string type = is_flag(option) ? "true or false" : option.get_type_name();
  // "UINT:INT in [0 - 256]" and "FILE:FILE": what it is, not how it is kept or judged.
  const std::size_t range = type.find(" in [");
  return range != std::string::npos ? type.substr(range + 4) : type.substr(0, type.find(':'));
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  std::string type = option.get_type_name();  // "TEXT:{init,check,show}"
  const std::size_t begin = type.find(":{");
  if (begin == std::string::npos || !type.ends_with('}')) return {};
  type = type.substr(begin + 2, type.size() - begin - 3);
  return CLI::detail::split(type, ',');
}

bool changes_live(std::string_view key) { return std::ranges::find(kLiveKeys, key) != kLiveKeys.end(); }

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  constexpr std::size_t kTooFar = 4;
  std::string best;
  std::size_t best_distance = kTooFar;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace tickcast::app
