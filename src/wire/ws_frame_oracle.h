// SPDX-License-Identifier: Apache-2.0
//
// For tests of the frame codec: the same bytes read by wslay, a codec that others wrote, and where the two
// may differ. wslay inflates nothing: that is done here, by the plainest use of zlib.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <sys/types.h>

#include <wslay/wslay.h>

#include "base/check.h"
#include "wire/test_inflate.h"
#include "wire/ws_frame_transcript.h"

namespace tickcast::wire::testing {

// wslay works in a buffer of 4,096 bytes and checks a close frame's reason wrongly when that tears it; so no
// more is fed.
inline constexpr std::size_t kOracleBytesMax = 4096;

// A wslay context and what it said so far.
class Oracle {
 public:
  Oracle(Role role, std::size_t message_bytes_max, Extension extension)
      : message_bytes_max_(message_bytes_max) {
    wslay_event_callbacks callbacks{};
    callbacks.recv_callback = receive;
    callbacks.send_callback = [](wslay_event_context_ptr, const std::uint8_t*, std::size_t size, int, void*) {
      return static_cast<ssize_t>(size);
    };
    callbacks.genmask_callback = [](wslay_event_context_ptr, std::uint8_t* mask, std::size_t size, void*) {
      std::memset(mask, 0, size);
      return 0;
    };
    callbacks.on_msg_recv_callback = take_message;
    const auto init =
        role == Role::server ? wslay_event_context_server_init : wslay_event_context_client_init;
    CHECK(init(&context_, &callbacks, this) == 0, "wslay did not start");
    wslay_event_config_set_max_recv_msg_length(context_, message_bytes_max);
    if (extension == Extension::deflate) wslay_event_config_set_allowed_rsv_bits(context_, WSLAY_RSV1_BIT);
  }
  ~Oracle() { wslay_event_context_free(context_); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  void feed(std::string_view bytes) {
    input_ = bytes;
    failed_ = wslay_event_recv(context_) != 0 || failed_;
    wslay_event_send(context_);
  }

  const std::vector<Received>& messages() const { return messages_; }
  bool refused() const {
    return failed_ || inflating_failed_with_ != CloseCode::no_code ||
           (wslay_event_get_close_sent(context_) != 0 && wslay_event_get_close_received(context_) == 0);
  }
  // The code it closes with; no_code when it does not tell.
  CloseCode code() const {
    if (inflating_failed_with_ != CloseCode::no_code) return inflating_failed_with_;
    return static_cast<CloseCode>(wslay_event_get_status_code_sent(context_));
  }

 private:
  static ssize_t receive(wslay_event_context_ptr context, std::uint8_t* buffer, std::size_t size, int,
                         void* self) {
    std::string_view& input = static_cast<Oracle*>(self)->input_;
    if (input.empty()) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    const std::size_t taken = input.copy(reinterpret_cast<char*>(buffer), size);
    input.remove_prefix(taken);
    return static_cast<ssize_t>(taken);
  }

  static void take_message(wslay_event_context_ptr, const wslay_event_on_msg_recv_arg* message, void* self) {
    Received received{static_cast<Opcode>(message->opcode),
                      std::string(reinterpret_cast<const char*>(message->msg), message->msg_length)};
    if (received.kind == Opcode::close && message->status_code != 0) {
      received.close_code = static_cast<CloseCode>(message->status_code);
      received.payload.erase(0, 2);
    }
    Oracle& oracle = *static_cast<Oracle*>(self);
    if (oracle.inflating_failed_with_ != CloseCode::no_code) return;  // all that came behind
    if (wslay_get_rsv1(message->rsv) && !oracle.inflate(received)) return;
    oracle.messages_.push_back(std::move(received));
  }

  bool inflate(Received& received) {
    const auto inflated = inflated_message(received.payload);
    Utf8Validator utf8;
    if (!inflated) {
      inflating_failed_with_ = CloseCode::invalid_payload;
    } else if (inflated->size() > message_bytes_max_) {
      inflating_failed_with_ = CloseCode::too_big;
    } else if (received.kind == Opcode::text && !(utf8.feed(*inflated) && utf8.complete())) {
      inflating_failed_with_ = CloseCode::invalid_payload;
    } else {
      received.payload = *inflated;
    }
    return inflating_failed_with_ == CloseCode::no_code;
  }

  wslay_event_context_ptr context_ = nullptr;
  std::string_view input_;
  std::vector<Received> messages_;
  bool failed_ = false;
  std::size_t message_bytes_max_;
  CloseCode inflating_failed_with_ = CloseCode::no_code;
};

// Why our reading of `bytes` can't be squared with wslay's; empty when it can. Known differences, which are
// not reported:
//   - wslay reads nothing behind a close frame; a MessageReader leaves that to its user.
//   - wslay takes a close frame of one byte, and refuses the codes 1012 to 1014, which were registered after
//   RFC 6455.
//   - of a close frame with a wrong code and a wrong reason it names the reason (1007), we the code (1002).
//   - wslay judges a header when the first byte behind it has come, we when its own deciding byte has.
//   - wslay judges a close frame's reason while it comes, we when the frame is whole.
//   - wslay's limit holds for control frames too; so limits that these may break are not compared.
//   - wslay has no limit on fragments.
//   - data that is torn or wrong behind the limit is too big to us, which read no further.
inline std::string disagreement(Role role, const MessageLimits& limits, std::string_view bytes,
                                Extension extension = Extension::none) {
  CHECK(bytes.size() <= kOracleBytesMax, "more bytes than the comparison with wslay is good for");
  if (limits.message_bytes_max < kControlPayloadBytesMax) return "";
  Transcript ours = read_in_pieces(role, limits, bytes, {}, extension);
  const auto is_close = [](const Received& message) { return message.kind == Opcode::close; };
  const auto close = std::find_if(ours.messages.begin(), ours.messages.end(), is_close);
  const bool closed = close != ours.messages.end();
  if (closed)
    ours = {.messages = {ours.messages.begin(), close + 1}, .violation = CloseCode::no_code, .reason = ""};
  if (ours.violation == CloseCode::policy) return "";

  Oracle wslay(role, limits.message_bytes_max, extension);
  wslay.feed(bytes);
  std::vector<Received> theirs = wslay.messages();

  if (ours.reason == "close frame with half a code" && !theirs.empty() && is_close(theirs.back())) return "";
  const auto late_code = closed ? static_cast<unsigned>(ours.messages.back().close_code) : 0;
  if (late_code >= 1012 && late_code <= 1014) {
    ours.messages.pop_back();
    return wslay.refused() && theirs == ours.messages ? "" : "a late close code: other messages before it";
  }

  if (theirs != ours.messages) return "other messages";
  if (!ours.violated() && wslay.refused()) {
    ours = read_in_pieces(role, limits, std::string(bytes) + std::string(kControlPayloadBytesMax, '\0'), {},
                          extension);
    const bool torn_close = ours.violated() && ours.messages == theirs;
    return torn_close ? "" : "accepted by us, refused by wslay";
  }
  if (!ours.violated()) return "";
  if (!wslay.refused()) {
    wslay.feed(std::string(kFrameHeaderBytesMax + 1, '\0'));
    if (wslay.messages() != theirs) return "refused by us, a message to wslay";
  }
  if (!wslay.refused()) return "refused by us (" + ours.reason + "), accepted by wslay";
  const bool same_code = wslay.code() == ours.violation || wslay.code() == CloseCode::no_code;
  const bool reason_first = ours.reason == "close frame with a code that is never sent" &&
                            wslay.code() == CloseCode::invalid_payload;
  const bool read_no_further =
      ours.reason == "compressed message over the size limit" && wslay.code() == CloseCode::invalid_payload;
  return same_code || reason_first || read_no_further ? "" : "refused for another reason than " + ours.reason;
}

}  // namespace tickcast::wire::testing
