// SPDX-License-Identifier: Apache-2.0
#include "watch/market_watch.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/clock.h"
#include "net/loop.h"
#include "watch/display.h"
#include "watch/format.h"
#include "watch/plain_lines.h"

namespace tickcast::watch {
namespace {

constexpr std::int64_t kSampleNs = kNsPerSecond;     // numbers change so often, rows their order
constexpr std::int64_t kLookNs = 100 * kNsPerMs;     // for a wish to stop, without a terminal
constexpr std::int64_t kOnceNs = 10 * kNsPerSecond;  // how long --once waits
constexpr std::int64_t kClockGoodNs = kNsPerMs;  // until it is known so well, the time there is asked often
constexpr int kClockTries = 15;

std::string what_is_followed(const FollowOptions& options, std::size_t known) {
  const std::size_t symbols = options.symbols.empty() ? known : options.symbols.size();
  const std::string pace = options.pace_ms == 0 ? "" : fmt::format(" at {} ms", options.pace_ms);
  return fmt::format("{} symbol{}{}", count(static_cast<double>(symbols)), symbols == 1 ? "" : "s", pace);
}

// What was heard, and what can be said about it.
class Model final : public FollowerEvents {
 public:
  explicit Model(const FollowOptions& options) { table.list(options.symbols); }

  void on_link(Link link, const std::string& trouble, std::int64_t retry_ns) override {
    const std::int64_t now_ns = steady_ns();
    const bool still_offline = !trust.trouble.empty() && link != Link::open && link != Link::silent;
    if (!still_offline) trust.link_since_ns = now_ns;
    trust.link = link;
    trust.retry_ns = retry_ns;
    if (!trouble.empty()) trust.trouble = trouble;
    if (link == Link::open) trust.trouble.clear();
    if (link == Link::open || link == Link::silent) return;
    trust.status.reset();
    trust.age_p50_ns.reset();
    hops.clear();
    clock.reset();
    clock_answers = 0;
    table.distrust();
  }
  void on_status(const market::SourceStatus& status) override { trust.status = status; }
  void on_plain_exchange() override { trust.plain_exchange = true; }
  void on_bytes(std::size_t size) override { bytes_rate.add(steady_ns(), size); }

  void on_answer(std::int64_t asked_ns, std::int64_t sent_ns, std::int64_t received_ns) override {
    clock.answered(asked_ns, sent_ns, received_ns);
    ++clock_answers;
  }

  void on_quote(const wire::ServedEvent& event, std::int64_t received_ns) override {
    const std::int64_t now_ns = steady_ns();
    if (event.emitter_ns != 0) clock.received(event.emitter_ns, received_ns);
    if (table.take(event, received_ns, now_ns) == QuoteTable::Taken::update)
      measure(event, received_ns, now_ns);
  }
  void on_read_end() override {}

  bool clock_is_good() const {
    return clock_answers >= kClockTries || (clock.known() && clock.uncertainty_ns() < kClockGoodNs);
  }

  // Once a second.
  void sample(std::int64_t now_ns) {
    const auto offset = clock.value_ns();
    numbers = {events_rate.per_second(now_ns),
               updates_rate.per_second(now_ns),
               bytes_rate.per_second(now_ns),
               hops.age.ages(now_ns, offset),
               hops.sent.ages(now_ns, 0),
               hops.received.ages(now_ns, offset),
               hops.drawn.ages(now_ns, 0),
               offset,
               clock.known() ? clock.uncertainty_ns() : 0};
    trust.age_p50_ns = numbers.age.p50_ns;
    table.sample(now_ns, offset);
  }

  QuoteTable table;
  Trust trust;
  MarketNumbers numbers;
  ClockOffset clock;
  Hops hops;
  int clock_answers = 0;

 private:
  void measure(const wire::ServedEvent& event, std::int64_t received_ns, std::int64_t now_ns) {
    const std::int64_t taken_in_ns = event.ticker.quote.admitted_ns;
    events_rate.add(now_ns, 1);
    updates_rate.add(now_ns, std::max<std::uint64_t>(event.merged_updates, 1));
    if (taken_in_ns != 0) hops.age.add(now_ns, received_ns - taken_in_ns);
    if (event.emitter_ns == 0) return;
    hops.received.add(now_ns, received_ns - event.emitter_ns);
    if (taken_in_ns != 0) hops.sent.add(now_ns, event.emitter_ns - taken_in_ns);
  }

  Rate events_rate;
  Rate updates_rate;
  Rate bytes_rate;
};

std::optional<std::size_t> first_sort(const FollowOptions& options) {
  if (!options.symbols.empty()) return std::nullopt;  // as they were named
  return static_cast<std::size_t>(QuoteTable::Column::rate);
}

// Pictures of a model on a terminal.
class Pictures {
 public:
  Pictures(net::Loop& loop, std::unique_ptr<Terminal> terminal, const FollowOptions& options)
      : options_(options),
        display_(loop, std::move(terminal)),
        view_(market_columns(), first_sort(options)) {}

  // False: it is quit.
  bool react(const Model& model, std::int64_t now_ns) {
    for (const Key& key : display_.keys(now_ns)) {
      const View::Wish wish = view_.press(key, page_rows());
      if (wish == View::Wish::quit) return false;
      if (wish == View::Wish::redraw) display_.redraw();
      if (view_.paused() != frozen_.has_value()) pause(model, now_ns);
      display_.hurry();
    }
    return !display_.gone();
  }

  void draw(Model& model, std::int64_t now_ns) {
    if (!display_.due(now_ns)) return;
    const QuoteTable& table = frozen_ ? frozen_->table : model.table;
    if (now_ns - ordered_ns_ >= kSampleNs || ordered_version_ != view_.version() ||
        ordered_rows_ != table.rows().size())
      put_in_order(table, now_ns);
    view_.fit(order_.size(), page_rows());
    note_drawn(model, now_ns);
    Screen screen(display_.size());
    draw_market(screen, view_, display_.marks(),
                {table, order_, model.trust, frozen_ ? frozen_->numbers : model.numbers, options_.url.text(),
                 what_is_followed(options_, model.table.known()),
                 frozen_ ? std::optional(now_ns - frozen_->at_ns) : std::nullopt, now_ns, wall_ns()});
    display_.show(std::move(screen), now_ns);
    drawn_ns_ = now_ns;
  }

  std::int64_t wait_ns(std::int64_t now_ns) const { return display_.wait_ns(now_ns); }

 private:
  struct Frozen {
    QuoteTable table;
    MarketNumbers numbers;
    std::int64_t at_ns;
  };

  int page_rows() const { return Frame::table_rows(display_.size(), kMarketNumberLines); }

  void pause(const Model& model, std::int64_t now_ns) {
    frozen_.reset();
    if (view_.paused()) frozen_.emplace(Frozen{model.table, model.numbers, now_ns});
  }

  void put_in_order(const QuoteTable& table, std::int64_t now_ns) {
    const auto column = view_.sort();
    order_ = table.order(column ? std::optional(static_cast<QuoteTable::Column>(*column)) : std::nullopt,
                         view_.descending(), view_.filter());
    ordered_ns_ = now_ns;
    ordered_version_ = view_.version();
    ordered_rows_ = table.rows().size();
  }

  // How long what is seen now, and was not before, has waited for it.
  void note_drawn(Model& model, std::int64_t now_ns) const {
    if (frozen_) return;
    const std::size_t end =
        std::min(order_.size(), view_.top() + static_cast<std::size_t>(std::max(page_rows(), 0)));
    for (std::size_t i = view_.top(); i < end; ++i) {
      const QuoteRow& row = model.table.rows()[order_[i]];
      if (row.current && row.changed_ns > drawn_ns_) model.hops.drawn.add(now_ns, now_ns - row.changed_ns);
    }
  }

  const FollowOptions& options_;
  Display display_;
  View view_;
  std::optional<Frozen> frozen_;
  std::vector<std::size_t> order_;
  std::int64_t ordered_ns_ = 0;
  std::uint64_t ordered_version_ = 0;
  std::size_t ordered_rows_ = 0;
  std::int64_t drawn_ns_ = 0;
};

// A model that writes lines: of what is quoted, or a summary a second.
class Lines final : public FollowerEvents {
 public:
  Lines(const MarketWatchOptions& options, Model& model)
      : model_(model),
        once_(options.once),
        each_(!options.follow.symbols.empty() &&
              (options.once || options.follow.symbols.size() <= kSymbolsWithLines)) {}

  void on_link(Link link, const std::string& trouble, std::int64_t retry_ns) override {
    model_.on_link(link, trouble, retry_ns);
    if (link == Link::waiting) tell(trouble + "; trying again");
    if (link == Link::silent) tell("the server does not answer; what comes may not be current");
  }
  void on_status(const market::SourceStatus& status) override {
    model_.on_status(status);
    tell(fmt::format("the server's source is {} ({})", market::name(status.state),
                     market::name(status.origin)));
  }
  void on_plain_exchange() override {
    model_.on_plain_exchange();
    tell("this server tells neither its status nor times: ages are not known");
  }
  void on_quote(const wire::ServedEvent& event, std::int64_t received_ns) override {
    const bool first = !once_ || !is_known(event.ticker.symbol);
    model_.on_quote(event, received_ns);
    if (each_ && first) std::puts(quote_line(event, received_ns, model_.clock.value_ns()).c_str());
  }
  void on_bytes(std::size_t bytes) override { model_.on_bytes(bytes); }
  void on_answer(std::int64_t asked_ns, std::int64_t sent_ns, std::int64_t received_ns) override {
    model_.on_answer(asked_ns, sent_ns, received_ns);
  }
  void on_read_end() override { std::fflush(stdout); }

  void summarize() {
    if (each_) return;
    std::puts(summary_line(wall_ns(), state(), model_.table.known(), model_.numbers).c_str());
    std::fflush(stdout);
  }

  // Whoever read the lines has gone, or all that was asked for has been told.
  bool done() const {
    return std::ferror(stdout) != 0 || (once_ && model_.table.known() == model_.table.rows().size());
  }

 private:
  bool is_known(std::string_view symbol) const {
    return std::ranges::any_of(model_.table.rows(),
                               [&](const QuoteRow& row) { return row.known && row.symbol == symbol; });
  }

  std::string_view state() const {
    if (model_.trust.link == Link::silent) return "silent";
    if (model_.trust.link != Link::open) return "offline";
    if (model_.trust.late()) return "late";
    if (model_.trust.plain_exchange) return "open";
    return model_.trust.status ? market::name(model_.trust.status->state) : "connecting";
  }

  void tell(const std::string& text) {
    if (text == told_) return;
    told_ = text;
    std::fprintf(stderr, "tickcast watch: %s\n", text.c_str());
  }

  Model& model_;
  const bool once_;
  const bool each_;
  std::string told_;
};

int watch_pictures(const MarketWatchOptions& options, const std::function<bool()>& stop_requested) {
  net::Loop loop;
  net::Background background(loop);
  auto terminal = Terminal::take_over();
  if (!terminal) {
    std::fprintf(stderr, "tickcast watch: %s\n", terminal.error().message.c_str());
    return 1;
  }
  Model model(options.follow);
  Pictures pictures(loop, std::move(*terminal), options.follow);
  Follower follower(loop, background, options.follow, model);
  for (std::int64_t sampled_ns = 0;;) {
    loop.turn(pictures.wait_ns(steady_ns()));
    const std::int64_t now_ns = steady_ns();
    if (stop_requested() || !pictures.react(model, now_ns)) return 0;
    follower.ask_often(!model.clock_is_good());
    if (now_ns - sampled_ns >= kSampleNs) {
      model.sample(now_ns);
      sampled_ns = now_ns;
    }
    pictures.draw(model, now_ns);
  }
}

int watch_lines(const MarketWatchOptions& options, const std::function<bool()>& stop_requested) {
  net::Loop loop;
  net::Background background(loop);
  Model model(options.follow);
  Lines lines(options, model);
  Follower follower(loop, background, options.follow, lines);
  const std::int64_t begun_ns = steady_ns();
  for (std::int64_t sampled_ns = begun_ns; !stop_requested() && !lines.done();) {
    loop.turn(kLookNs);
    const std::int64_t now_ns = steady_ns();
    follower.ask_often(!model.clock_is_good());
    if (options.once && now_ns - begun_ns > kOnceNs) {
      std::fprintf(stderr, "tickcast watch: not every symbol was quoted within %lld s\n",
                   static_cast<long long>(kOnceNs / kNsPerSecond));
      return 1;
    }
    if (now_ns - sampled_ns < kSampleNs) continue;
    model.sample(now_ns);
    sampled_ns = now_ns;
    lines.summarize();
  }
  return 0;
}

}  // namespace

int watch_market(const MarketWatchOptions& options, const std::function<bool()>& stop_requested) {
  return Terminal::usable() && !options.once ? watch_pictures(options, stop_requested)
                                             : watch_lines(options, stop_requested);
}

}  // namespace tickcast::watch
