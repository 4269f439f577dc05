// SPDX-License-Identifier: Apache-2.0
//
// HttpSession: one accepted TCP connection as long as it speaks HTTP/1.1 (RFC 9112): reads request heads,
// writes answers whole, keeps the connection alive between them, and gives its stream away when a request
// becomes a WebSocket connection.
//
// Thread: its server's loop. Bounds: one request head and 64 KiB of what follows it, one answer, and a
// deadline for each phase.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "net/loop.h"
#include "net/socket.h"
#include "net/stream.h"
#include "wire/http.h"
#include "ws/address_limit.h"

namespace tickcast::ws {

struct HttpSessionOptions {
  std::int64_t request_timeout_ns;  // from the beginning of the phase to a whole head, TLS handshake included
  std::int64_t write_timeout_ns;    // without the peer taking anything of an answer
};

class HttpSession final : private net::Ready {
 public:
  // The server's side. Requests are GET or POST (HEAD comes as GET) without a body. on_request calls exactly
  // one of answer(), hang() or release_stream(); only the last ends the session.
  class Host {
   public:
    virtual void on_request(HttpSession& session, const wire::HttpRequest& request) = 0;
    virtual void on_bad_request() = 0;
    // The TLS handshake went wrong; the end follows.
    virtual void on_tls_failure(const net::Stream& stream) = 0;
    virtual void on_request_timeout() = 0;
    // The last call: the host disposes of the session. Not called after release_stream().
    virtual void on_session_end(HttpSession& session) = 0;

   protected:
    ~Host() = default;
  };

  HttpSession(net::Loop& loop, net::Stream stream, const net::Endpoint& peer,
              const HttpSessionOptions& options, Host& host);
  ~HttpSession();

  const net::Endpoint& peer() const { return peer_; }
  bool head_only() const { return head_only_; }  // the request under way is HEAD
  bool answering() const { return phase_ == Phase::answering; }

  // Writes the answer; the body is left out when the request was HEAD.
  void answer(const wire::HttpResponse& response);
  // Answers this request, or the one to come, and ends then.
  void close_after_answer() { keep_alive_ = false; }
  // Never answers; ends when the peer does.
  void hang();
  // Lets go of the stream, and hands over the bytes that came behind the head.
  net::Stream release_stream(std::string& already_read);

  // For the host's use.
  bool refused = false;
  AddressLimit::Ticket ticket;

 private:
  enum class Phase : std::uint8_t {
    securing,  // the TLS handshake
    reading,
    answering,
    lingering,  // the last answer is out, what still comes is thrown away: closing over unread bytes would
                // reset the answer too
    hanging,
    gone,
  };

  void on_ready(std::uint32_t what) override;
  void secure();
  void read_some();
  void read_pending();
  void take_requests();
  void take_request(wire::HttpRequest request);
  void refuse(int status, std::string_view sentence);
  void write_some();
  void linger();
  void enter(Phase phase, std::uint32_t interest, std::int64_t timeout_ns);
  void time_out();
  void end();
  void leave_loop();

  net::Loop& loop_;
  Host& host_;
  const HttpSessionOptions& options_;
  net::Stream stream_;
  net::Endpoint peer_;
  std::string in_;
  std::string out_;
  std::size_t written_ = 0;
  std::size_t discarded_ = 0;
  net::Loop::TimerId timer_ = 0;
  Phase phase_ = Phase::reading;
  bool keep_alive_ = true;
  bool closing_ = false;    // the request, or a refusal, asked for it
  bool head_only_ = false;  // the request was HEAD
  bool taking_ = false;
  bool first_ = true;  // no request has been answered yet
};

}  // namespace tickcast::ws
