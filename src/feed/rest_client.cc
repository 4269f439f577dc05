// SPDX-License-Identifier: Apache-2.0
#include "feed/rest_client.h"

#include <array>
#include <atomic>
#include <optional>
#include <string_view>

#include <curl/curl.h>
#include <fmt/core.h>

#include "base/clock.h"
#include "feed/refusal.h"
#include "net/background.h"

namespace tickcast::feed {
namespace {

// libcurl looks once a second whether it is to stop. It is worth waiting for: a request still under way when
// the process ends would use TLS after its end.
constexpr std::int64_t kStopPatienceNs = 1'200 * kNsPerMs;

// One blocking GET, from its options to its outcome.
class Get {
 public:
  Get(const RestOptions& options, const std::atomic<bool>& stopping)
      : options_(options), stopping_(stopping), curl_(curl_easy_init()) {
    CHECK(curl_ != nullptr, "libcurl gave no handle");
  }
  ~Get() { curl_easy_cleanup(curl_); }
  Get(const Get&) = delete;
  Get& operator=(const Get&) = delete;

  // The body of a 200, or why there is none.
  std::variant<std::string, RestFailure> perform(const std::string& path) {
    const std::string url = options_.base.text() + path;
    configure(url);
    const CURLcode code = curl_easy_perform(curl_);
    if (code != CURLE_OK) return RestFailure{explain(code), 0};
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return std::move(body_);

    Refusal refusal = explain_refusal(Service::rest, host(), static_cast<int>(status), header("Retry-After"));
    if (const std::string words = exchange_words(); !words.empty())
      refusal.message += fmt::format(" [it says: {}]", words);
    return RestFailure{std::move(refusal.message), refusal.wait_ns};
  }

  // A header of the answer. Valid as long as this object.
  std::optional<std::string_view> header(const char* name) const {
    curl_header* found = nullptr;
    if (curl_easy_header(curl_, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return std::nullopt;
    return found->value;
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(curl_, option, value);
    CHECK(code == CURLE_OK, "libcurl refused an option that every supported version has");
  }

  void configure(const std::string& url) {
    const auto ms = [](std::int64_t ns) { return static_cast<long>((ns + kNsPerMs - 1) / kNsPerMs); };
    const auto seconds = [](std::int64_t ns) {
      return static_cast<long>((ns + kNsPerSecond - 1) / kNsPerSecond);
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_QUICK_EXIT, 1L);  // do not wait for a name look-up that was given up
    set(CURLOPT_USERAGENT, "tickcast");
    set(CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can unpack: exchangeInfo shrinks forty-fold
    set(CURLOPT_CONNECTTIMEOUT_MS, ms(options_.connect_timeout_ns));
    set(CURLOPT_TIMEOUT_MS, ms(options_.total_timeout_ns));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, seconds(options_.stall_timeout_ns));
    set(CURLOPT_ERRORBUFFER, error_.data());
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());

    set(
        CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t, std::size_t count, void* self) {
          return static_cast<Get*>(self)->take_in({bytes, count});
        });
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    set(
        CURLOPT_XFERINFOFUNCTION, +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
          return static_cast<Get*>(self)->stopping_.load(std::memory_order_relaxed) ? 1 : 0;
        });
    set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
    set(CURLOPT_NOPROGRESS, 0L);
  }

  // Unpacked bytes; taking fewer than were given makes libcurl give up.
  std::size_t take_in(std::string_view bytes) {
    if (bytes.size() > options_.body_bytes_max - body_.size()) {
      too_large_ = true;
      return 0;
    }
    body_ += bytes;
    return bytes.size();
  }

  std::string host() const { return options_.base.authority(); }

  // The start of an error body, fit for a log line.
  std::string exchange_words() const {
    std::string words;
    for (const char c : std::string_view(body_).substr(0, 160)) words += c >= ' ' && c <= '~' ? c : '.';
    return body_.empty() || body_.front() != '{' ? "" : words;
  }

  std::string explain(CURLcode code) const {
    const char* detail = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        return fmt::format(
            "no address was found for {} ({}): is this machine online, and is --exchange-rest spelt right?",
            options_.base.host, detail);
      case CURLE_COULDNT_CONNECT:
        return fmt::format(
            "{} does not take connections ({}): is the address right, and does a firewall let it through?",
            host(), detail);
      case CURLE_OPERATION_TIMEDOUT:
        return fmt::format("{} did not answer in time ({})", host(), detail);
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_SSL_CACERT_BADFILE:
        return fmt::format(
            "no trusted TLS connection to {} ({}): are ca-certificates installed, is the clock right, does a "
            "proxy open TLS here?",
            host(), detail);
      case CURLE_ABORTED_BY_CALLBACK:
        return fmt::format("the request to {} was broken off because the feed stops", host());
      case CURLE_WRITE_ERROR:
        if (too_large_)
          return fmt::format("{} answered with more than {} bytes, which was refused", host(),
                             options_.body_bytes_max);
        [[fallthrough]];
      default:
        return fmt::format("the request to {} failed: {}", host(), detail);
    }
  }

  const RestOptions& options_;
  const std::atomic<bool>& stopping_;
  CURL* curl_;
  std::string body_;
  bool too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

// Runs in the helper thread. `parse` turns the body into a Result<T>.
template <class T, class Parse>
RestOutcome<T> fetch(const RestOptions& options, const std::atomic<bool>& stopping, const std::string& path,
                     Parse parse) {
  RestOutcome<T> outcome{.asked_ns = wall_ns(), .result = RestFailure{}};
  Get get(options, stopping);
  auto body = get.perform(path);
  outcome.answered_ns = wall_ns();
  if (const auto origin = get.header(market::kOriginHeader.data()))
    outcome.origin = market::origin_named(*origin).value_or(market::Origin::live);
  outcome.has_status = get.header(market::kStatusHeader.data()).has_value();
  if (auto* failure = std::get_if<RestFailure>(&body)) {
    outcome.result = std::move(*failure);
    return outcome;
  }
  Result<T> parsed = parse(std::get<std::string>(body));
  if (parsed) {
    outcome.result = std::move(parsed).value();
  } else {
    outcome.result = RestFailure{fmt::format("{} answered {} with something unreadable: {}",
                                             options.base.authority(), path, parsed.error().message),
                                 0};
  }
  return outcome;
}

}  // namespace

struct RestClient::Impl {
  // What a request under way uses, which may last longer than its client.
  struct Shared {
    explicit Shared(const RestOptions& options_in) : options(options_in) {}
    const RestOptions options;
    std::atomic<bool> stopping{false};
  };

  Impl(net::Loop& loop, const RestOptions& options)
      : shared(std::make_shared<Shared>(options)), background(loop, kStopPatienceNs) {}
  ~Impl() { shared->stopping.store(true, std::memory_order_relaxed); }

  template <class T, class Parse>
  void request(std::string path, Parse parse, std::function<void(RestOutcome<T>)> done) {
    const bool taken =
        background.run([shared = shared, path = std::move(path),
                        parse] { return fetch<T>(shared->options, shared->stopping, path, parse); },
                       [alive = std::weak_ptr<int>(alive), done = std::move(done)](RestOutcome<T> outcome) {
                         if (!alive.expired()) done(std::move(outcome));
                       });
    CHECK(taken, "more REST requests were asked for than may wait");
  }

  std::shared_ptr<Shared> shared;
  std::shared_ptr<int> alive = std::make_shared<int>(0);
  net::Background background;
};

RestClient::RestClient(net::Loop& loop, const RestOptions& options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(started == CURLE_OK, "libcurl did not start");
  impl_ = std::make_unique<Impl>(loop, options);
}

RestClient::~RestClient() = default;

void RestClient::ping(std::function<void(RestOutcome<Done>)> done) {
  impl_->request<Done>(
      "/api/v3/ping", [](const std::string&) -> Result<Done> { return Done{}; }, std::move(done));
}

void RestClient::exchange_info(std::function<void(RestOutcome<Listings>)> done) {
  impl_->request<Listings>(
      "/api/v3/exchangeInfo?showPermissionSets=false",
      [](const std::string& body) { return wire::parse_exchange_info(body); }, std::move(done));
}

void RestClient::book_tickers(std::function<void(RestOutcome<RestTickers>)> done) {
  impl_->request<RestTickers>(
      "/api/v3/ticker/bookTicker", [](const std::string& body) { return wire::parse_rest_tickers(body); },
      std::move(done));
}

}  // namespace tickcast::feed
