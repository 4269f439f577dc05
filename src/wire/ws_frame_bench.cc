// SPDX-License-Identifier: Apache-2.0
//
// What reading frames costs. The task: a buffer of many 107-byte text frames, as a socket brings them.
//   ReadTickers/server:0   from the exchange, unmasked
//   ReadTickers/server:1   from a client, masked
//   ReadTornTickers        unmasked, in pieces of 1,000 bytes: one frame in nine is torn
//   CheckAscii, CheckCjk   the UTF-8 check alone
#include "wire/ws_frame.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include <benchmark/benchmark.h>

#include "base/check.h"

namespace tickcast::wire {
namespace {

constexpr std::size_t kFrames = 512;
constexpr std::string_view kTicker =
    R"({"u":400900217,"s":"BNBUSDT","b":"625.35190000","B":"31.21000000","a":"625.36520000","A":"40.6600000000"})";
static_assert(kTicker.size() + frame_header_bytes(kTicker.size()) == 107);

std::string tickers(Role reader) {
  std::string bytes;
  const Role sender = reader == Role::server ? Role::client : Role::server;
  // With a mask of zeros the reader leaves the bytes as they are, so that they can be read again.
  for (std::size_t i = 0; i < kFrames; ++i) append_frame(bytes, sender, Opcode::text, kTicker, 0);
  return bytes;
}

void read_all(MessageReader& reader, std::string& bytes, std::size_t piece) {
  std::size_t messages = 0;
  Message message;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::span<char> input = std::span(bytes).subspan(at, std::min(piece, bytes.size() - at));
    while (reader.next(input, message) == MessageReader::Status::message) {
      benchmark::DoNotOptimize(message.payload.data());
      ++messages;
    }
  }
  CHECK(messages == kFrames, "the benchmark lost messages");
}

void count_frames(benchmark::State& state, std::size_t bytes) {
  state.SetItemsProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * kFrames));
  state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * bytes));
}

void ReadTickers(benchmark::State& state) {
  const Role role = state.range(0) != 0 ? Role::server : Role::client;
  std::string bytes = tickers(role);
  MessageReader reader(role, {});
  for (auto _ : state) read_all(reader, bytes, bytes.size());
  count_frames(state, bytes.size());
}
BENCHMARK(ReadTickers)->ArgName("server")->Arg(0)->Arg(1);

void ReadTornTickers(benchmark::State& state) {
  std::string bytes = tickers(Role::client);
  MessageReader reader(Role::client, {});
  for (auto _ : state) read_all(reader, bytes, 1000);
  count_frames(state, bytes.size());
}
BENCHMARK(ReadTornTickers);

void check_utf8(benchmark::State& state, std::string_view text) {
  for (auto _ : state) {
    Utf8Validator validator;
    benchmark::DoNotOptimize(validator.feed(text));
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * text.size()));
}

void CheckAscii(benchmark::State& state) { check_utf8(state, kTicker); }
BENCHMARK(CheckAscii);

void CheckCjk(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < 35; ++i) text += "\xe5\xb8\x81";
  check_utf8(state, text);
}
BENCHMARK(CheckCjk);

}  // namespace
}  // namespace tickcast::wire
