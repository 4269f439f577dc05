// SPDX-License-Identifier: Apache-2.0
#include "net/socket.h"

#include <fstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/port_holder.h"

namespace tickcast::net {
namespace {

using testing::HasSubstr;

bool wait_for(const Socket& socket, short events) {
  pollfd entry{.fd = socket.fd(), .events = events, .revents = 0};
  return poll(&entry, 1, 20'000) == 1;
}

Socket listen_anywhere(const std::string& host = "127.0.0.1", const ListenOptions& options = {}) {
  auto socket = listen_tcp({host, 0}, options);
  EXPECT_TRUE(socket) << (socket ? "" : socket.error().message);
  return socket ? std::move(socket).value() : Socket();
}

std::uint16_t port_of(const Socket& socket) { return local_endpoint(socket)->port(); }

Socket accept_one(const Socket& listener, Endpoint& peer) {
  EXPECT_TRUE(wait_for(listener, POLLIN));
  auto socket = accept_tcp(listener, peer);
  EXPECT_TRUE(socket);
  return std::move(socket).value();
}

Endpoint loopback_endpoint(std::uint16_t port) { return resolve("127.0.0.1", port)->front(); }

Socket connect_to(std::uint16_t port) {
  auto socket = start_connect(loopback_endpoint(port));
  EXPECT_TRUE(socket);
  EXPECT_TRUE(wait_for(*socket, POLLOUT));
  EXPECT_TRUE(connect_outcome(*socket));
  return std::move(socket).value();
}

std::string own_name() {
  std::ifstream file("/proc/self/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

TEST(Socket, ConnectsAndAcceptsWithoutBlocking) {
  const Socket listener = listen_anywhere();
  Endpoint peer;
  auto nobody = accept_tcp(listener, peer);
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(*nobody);

  const Socket client = connect_to(port_of(listener));
  const Socket server = accept_one(listener, peer);
  EXPECT_EQ(peer.text(), local_endpoint(client)->text());
  EXPECT_EQ(peer.host_text(), "127.0.0.1");
  EXPECT_TRUE(peer.loopback());
  EXPECT_NE(fcntl(server.fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(server.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Socket, ARefusedConnectionSaysSo) {
  std::uint16_t port = 0;
  {
    const Socket listener = listen_anywhere();
    port = port_of(listener);
  }
  auto socket = start_connect(loopback_endpoint(port));
  ASSERT_TRUE(socket);
  ASSERT_TRUE(wait_for(*socket, POLLOUT));
  const Status outcome = connect_outcome(*socket);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "Connection refused");
}

TEST(Socket, AbortSendsAReset) {
  const Socket listener = listen_anywhere();
  const Socket client = connect_to(port_of(listener));
  Endpoint peer;
  Socket server = accept_one(listener, peer);
  server.abort();
  ASSERT_TRUE(wait_for(client, POLLIN));
  char byte = 0;
  EXPECT_EQ(recv(client.fd(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(Listen, EveryAddressTakesBothFamilies) {
  const Socket listener = listen_anywhere("");
  const Socket client = connect_to(port_of(listener));
  Endpoint peer;
  accept_one(listener, peer);
  EXPECT_EQ(peer.host_text(), "127.0.0.1");  // not ::ffff:127.0.0.1
  EXPECT_TRUE(peer.loopback());
}

TEST(Listen, TakesANameAndAnIpv6Address) {
  EXPECT_TRUE(listen_tcp({"localhost", 0}, {}));
  auto six = listen_tcp({"::1", 0}, {});
  if (!six) GTEST_SKIP() << "this machine has no IPv6: " << six.error().message;
  const Endpoint at = *local_endpoint(*six);
  EXPECT_EQ(at.text(), "[::1]:" + std::to_string(at.port()));
  EXPECT_TRUE(at.loopback());
}

TEST(Listen, ATakenPortNamesItsHolder) {
  const Socket first = listen_anywhere();
  const std::uint16_t port = port_of(first);
  const auto second = listen_tcp({"127.0.0.1", port}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "port " + std::to_string(port) + " is taken, probably by " + own_name() +
                                        " (pid " + std::to_string(getpid()) +
                                        "); choose another with --listen");
  const auto everywhere = listen_tcp({"", port}, {});
  ASSERT_FALSE(everywhere);
  EXPECT_THAT(everywhere.error().message, HasSubstr("is taken"));
}

TEST(Listen, AnAddressOfAnotherMachineIsRefusedInWords) {
  const auto socket = listen_tcp({"192.0.2.1", 0}, {});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message,
            "192.0.2.1 is not an address of this machine; choose another with --listen");
}

TEST(Listen, AHostNameThatDoesNotExistIsNamed) {
  const auto socket = listen_tcp({"no-such-host.invalid", 0}, {});
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message, HasSubstr("no-such-host.invalid"));
}

TEST(Listen, ListenersOfThisProcessMayShareAPort) {
  const ListenOptions shared{.reuse_port = true};
  const Socket first = listen_anywhere("127.0.0.1", shared);
  const std::uint16_t port = port_of(first);
  for (int i = 0; i < 3; ++i) {
    const auto more = listen_tcp({"127.0.0.1", port}, shared);
    ASSERT_TRUE(more) << more.error().message;
    EXPECT_EQ(port_of(*more), port);
  }
}

TEST(Listen, AnotherProcessMayNotJoinASharedPort) {
  const ListenOptions shared{.reuse_port = true};
  const Socket first = listen_anywhere("127.0.0.1", shared);
  const std::uint16_t port = port_of(first);
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    close(first.fd());  // inherited; the child shall not be its holder
    const auto second = listen_tcp({"127.0.0.1", port}, shared);
    const std::string said = second ? "joined" : second.error().message;
    const bool written = write(fds[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    _exit(written ? 0 : 1);
  }
  close(fds[1]);
  std::string said(1024, '\0');
  const ssize_t n = read(fds[0], said.data(), said.size());
  close(fds[0]);
  said.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  EXPECT_THAT(said, HasSubstr("is taken, probably by"));
  EXPECT_THAT(said, HasSubstr("(pid " + std::to_string(parent) + ")"));
}

TEST(PortHolder, IsNobodyForAFreePort) {
  std::uint16_t port = 0;
  {
    const Socket listener = listen_anywhere();
    port = port_of(listener);
    EXPECT_TRUE(held_by_this_process(port));
  }
  EXPECT_FALSE(find_port_holder(port));
  EXPECT_FALSE(held_by_this_process(port));
}

TEST(Accept, WithoutADescriptorLeftIsAnErrorThatSaysWhatToDo) {
  const Socket listener = listen_anywhere();
  const Socket client = connect_to(port_of(listener));
  ASSERT_TRUE(wait_for(listener, POLLIN));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Endpoint peer;
  const auto socket = accept_tcp(listener, peer);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message, HasSubstr("ulimit -n"));
  EXPECT_TRUE(accept_one(listener, peer));  // it was not lost
}

TEST(Resolve, GivesAddressesWithThePort) {
  const auto found = resolve("localhost", 4711);
  ASSERT_TRUE(found);
  for (const Endpoint& endpoint : *found) {
    EXPECT_EQ(endpoint.port(), 4711);
    EXPECT_TRUE(endpoint.loopback());
  }
  EXPECT_FALSE(resolve("no-such-host.invalid", 1));
}

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
  const std::size_t left = raise_descriptor_limit();
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  EXPECT_GT(left, 0u);
  EXPECT_LT(left, limit.rlim_max);
}

}  // namespace
}  // namespace tickcast::net
