// SPDX-License-Identifier: Apache-2.0
#include "watch/server_watch.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/background.h"
#include "net/loop.h"
#include "watch/display.h"
#include "watch/server_page.h"

namespace tickcast::watch {
namespace {

constexpr std::int64_t kScrapeNs = kNsPerSecond;
constexpr std::int64_t kLookNs = 100 * kNsPerMs;  // for a wish to stop, without a terminal

// Asks once a second, or later while an answer is awaited.
class Scraper {
 public:
  Scraper(net::Loop& loop, const ServerWatchOptions& options)
      : loop_(loop), background_(loop), scrape_(options.scrape) {
    ask();
  }
  ~Scraper() { loop_.cancel(timer_); }

  ServerNumbers numbers;
  std::string trouble;  // of the last request; "": none
  std::int64_t trouble_since_ns = 0;
  std::uint64_t answers = 0;  // good or not

 private:
  void ask() {
    const std::int64_t asked_ns = steady_ns();
    background_.run([scrape = scrape_] { return scrape(); },
                    [this, asked_ns](const Result<std::string>& text) {
                      take(text);
                      timer_ = loop_.at(asked_ns + kScrapeNs, [this] { ask(); });
                    });
  }

  void take(const Result<std::string>& text) {
    ++answers;
    const std::int64_t now_ns = steady_ns();
    if (!text) {
      if (trouble.empty()) trouble_since_ns = now_ns;
      trouble = text.error().message;
      return;
    }
    trouble.clear();
    numbers.take(metrics::Scrape::parse(*text), now_ns);
  }

  net::Loop& loop_;
  net::Background background_;
  std::function<Result<std::string>()> scrape_;
  net::Loop::TimerId timer_ = 0;
};

class Pictures {
 public:
  Pictures(net::Loop& loop, std::unique_ptr<Terminal> terminal, std::string url)
      : url_(std::move(url)), display_(loop, std::move(terminal)), view_(server_columns(), std::nullopt) {}

  // False: it is quit.
  bool react(const Scraper& scraper, std::int64_t now_ns) {
    for (const Key& key : display_.keys(now_ns)) {
      const View::Wish wish = view_.press(key, page_rows_);
      if (wish == View::Wish::quit) return false;
      if (wish == View::Wish::redraw) display_.redraw();
      if (view_.paused() != frozen_.has_value()) pause(scraper, now_ns);
      display_.hurry();
    }
    return !display_.gone();
  }

  void draw(const Scraper& scraper, std::int64_t now_ns) {
    if (!display_.due(now_ns)) return;
    const ServerNumbers& numbers = frozen_ ? frozen_->numbers : scraper.numbers;
    const auto column = view_.sort();
    const std::vector<std::size_t> order =
        numbers.order(column ? std::optional(static_cast<ServerNumbers::Column>(*column)) : std::nullopt,
                      view_.descending(), view_.filter());
    const ServerPicture picture{numbers,
                                order,
                                url_,
                                scraper.trouble,
                                scraper.trouble_since_ns,
                                frozen_ ? std::optional(now_ns - frozen_->at_ns) : std::nullopt,
                                now_ns,
                                wall_ns()};
    page_rows_ = Frame::table_rows(display_.size(), server_lines(picture, display_.marks()).size());
    view_.fit(order.size(), page_rows_);
    Screen screen(display_.size());
    draw_server(screen, view_, display_.marks(), picture);
    display_.show(std::move(screen), now_ns);
  }

  std::int64_t wait_ns(std::int64_t now_ns) const { return display_.wait_ns(now_ns); }

 private:
  struct Frozen {
    ServerNumbers numbers;
    std::int64_t at_ns;
  };

  void pause(const Scraper& scraper, std::int64_t now_ns) {
    frozen_.reset();
    if (view_.paused()) frozen_.emplace(Frozen{scraper.numbers, now_ns});
  }

  const std::string url_;
  Display display_;
  View view_;
  std::optional<Frozen> frozen_;
  int page_rows_ = 1;
};

int watch_pictures(const ServerWatchOptions& options, const std::function<bool()>& stop_requested) {
  net::Loop loop;
  auto terminal = Terminal::take_over();
  if (!terminal) {
    std::fprintf(stderr, "tickcast watch: %s\n", terminal.error().message.c_str());
    return 1;
  }
  Pictures pictures(loop, std::move(*terminal), options.url);
  Scraper scraper(loop, options);
  while (!stop_requested() && pictures.react(scraper, steady_ns())) {
    pictures.draw(scraper, steady_ns());
    loop.turn(pictures.wait_ns(steady_ns()));
  }
  return 0;
}

int watch_lines(const ServerWatchOptions& options, const std::function<bool()>& stop_requested) {
  net::Loop loop;
  Scraper scraper(loop, options);
  std::string told;
  for (std::uint64_t seen = 0; !stop_requested() && std::ferror(stdout) == 0;) {
    loop.turn(kLookNs);
    if (scraper.answers == seen) continue;
    seen = scraper.answers;
    if (!scraper.trouble.empty() && scraper.trouble != told)
      std::fprintf(stderr, "tickcast watch: %s\n", scraper.trouble.c_str());
    told = scraper.trouble;
    if (scraper.trouble.empty()) {
      std::puts(server_summary(scraper.numbers, wall_ns()).c_str());
      std::fflush(stdout);
    }
    if (options.once) return scraper.trouble.empty() ? 0 : 1;
  }
  return 0;
}

}  // namespace

int watch_server(const ServerWatchOptions& options, const std::function<bool()>& stop_requested) {
  return Terminal::usable() && !options.once ? watch_pictures(options, stop_requested)
                                             : watch_lines(options, stop_requested);
}

}  // namespace tickcast::watch
