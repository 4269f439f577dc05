// SPDX-License-Identifier: Apache-2.0
#include "net/test_authority.h"

#include <array>
#include <cstdio>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace tickcast::net {
namespace {

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using KeyPointer = std::unique_ptr<EVP_PKEY, KeyDeleter>;
using CertificatePointer = std::unique_ptr<X509, CertificateDeleter>;

KeyPointer new_key() { return KeyPointer(EVP_EC_gen("P-256")); }

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr, "the test's certificate extension is wrong");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

CertificatePointer new_certificate(EVP_PKEY* key, const char* common_name, long not_before_s,
                                   long not_after_s) {
  static long serial = 1;
  CertificatePointer certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), not_before_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), not_after_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return certificate;
}

// Into a new temporary file; its path.
std::string write_pem(const std::function<void(FILE*)>& write) {
  const char* folder = getenv("TMPDIR");
  std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/tickcast-pem-XXXXXX";
  const int fd = mkstemp(path.data());
  CHECK(fd >= 0, "the temporary folder can't be written to");
  FILE* file = fdopen(fd, "w");
  write(file);
  fclose(file);
  return path;
}

// OpenSSL's own socket writes raise it when the client has gone.
void block_broken_pipe() {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

}  // namespace

struct TestAuthority::Key {
  KeyPointer key = new_key();
  CertificatePointer certificate;
};
struct TestAuthority::Issued {
  KeyPointer key = new_key();
  CertificatePointer certificate;
};

TestAuthority::TestAuthority() : key_(std::make_unique<Key>()) {
  static int made = 0;
  const std::string name = "a test's authority " + std::to_string(++made);
  key_->certificate = new_certificate(key_->key.get(), name.c_str(), -86'400, 86'400);
  X509* own = key_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, own, NID_subject_key_identifier, "hash");
  X509_sign(own, key_->key.get(), EVP_sha256());

  ca_file_ = write_pem([own](FILE* file) { PEM_write_X509(file, own); });
}

TestAuthority::~TestAuthority() { unlink(ca_file_.c_str()); }

std::shared_ptr<TestAuthority::Issued> TestAuthority::issue(const Certificate& what) const {
  auto issued = std::make_shared<Issued>();
  issued->certificate =
      new_certificate(issued->key.get(), "a test's server", what.not_before_s, what.not_after_s);
  X509* made = issued->certificate.get();
  X509_set_issuer_name(made, X509_get_subject_name(key_->certificate.get()));
  add_extension(made, key_->certificate.get(), NID_subject_alt_name, what.name);
  X509_sign(made, key_->key.get(), EVP_sha256());
  return issued;
}

TestAuthority::Files::~Files() {
  if (!certificate.empty()) unlink(certificate.c_str());
  if (!key.empty()) unlink(key.c_str());
}

TestAuthority::Files TestAuthority::issue_files(const Certificate& what) const {
  const auto issued = issue(what);
  Files files;
  files.certificate = write_pem([&](FILE* file) { PEM_write_X509(file, issued->certificate.get()); });
  files.key = write_pem([&](FILE* file) {
    PEM_write_PrivateKey(file, issued->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

TestTlsServer::TestTlsServer(std::shared_ptr<TestAuthority::Issued> certificate,
                             std::function<void(Io&)> serve, int version_max)
    : certificate_(std::move(certificate)), version_max_(version_max) {
  auto listener = listen_tcp({"127.0.0.1", 0}, {});
  CHECK(listener.has_value(), "a test's port can't be opened");
  listener_ = std::move(listener).value();
  port_ = local_endpoint(listener_)->port();
  thread_ = std::thread([this, serve = std::move(serve)] { run(serve); });
}

TestTlsServer::~TestTlsServer() { thread_.join(); }

void TestTlsServer::run(const std::function<void(Io&)>& serve) {
  block_broken_pipe();
  pollfd waiting{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, 20'000) != 1) return;
  // Inherits no O_NONBLOCK: this thread may block, a while.
  const Socket socket(accept(listener_.fd(), nullptr, nullptr));
  const timeval limit{.tv_sec = 60, .tv_usec = 0};  // longer than any test waits
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);

  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (version_max_ != 0) {
    SSL_CTX_set_min_proto_version(context, 0);
    SSL_CTX_set_max_proto_version(context, version_max_);
    SSL_CTX_set_security_level(context, 0);
  }
  SSL_CTX_set_max_send_fragment(context,
                                1024);  // many records, so that several come with one read of the socket
  SSL_CTX_use_certificate(context, certificate_->certificate.get());
  SSL_CTX_use_PrivateKey(context, certificate_->key.get());
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, socket.fd());
  if (SSL_accept(ssl) == 1) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    server_name_ = name == nullptr ? "" : name;
    Io io;
    io.read = [ssl] {
      std::string bytes(64 * 1024, '\0');
      const int n = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
      bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
      return bytes;
    };
    io.write = [ssl, fd = socket.fd()](const std::string& bytes) {
      const int on = 1;
      const int off = 0;
      setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
      SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()));
      setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
    };
    serve(io);
    SSL_shutdown(ssl);
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
}

// --- the proxy ---

namespace {

Socket dial_loopback(std::uint16_t port) {
  Socket out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(out.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) out.reset();
  return out;
}

bool send_all(int fd, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes += n;
    count -= static_cast<std::size_t>(n);
  }
  return true;
}

// What the client sent, to the server. False at the end.
bool pass_on(SSL* ssl, int server) {
  std::array<char, 16 * 1024> bytes;
  const int n = SSL_read(ssl, bytes.data(), static_cast<int>(bytes.size()));
  if (n > 0) return send_all(server, bytes.data(), static_cast<std::size_t>(n));
  return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;  // a record without bytes of the application
}

// What the server sent, to the client. False at the end.
bool pass_back(int server, SSL* ssl) {
  std::array<char, 16 * 1024> bytes;
  const ssize_t n = recv(server, bytes.data(), bytes.size(), 0);
  return n > 0 && SSL_write(ssl, bytes.data(), static_cast<int>(n)) == n;
}

bool has_bytes(int fd) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, 0) == 1;
}

}  // namespace

TestTlsProxy::TestTlsProxy(std::shared_ptr<TestAuthority::Issued> certificate, std::uint16_t to_port)
    : certificate_(std::move(certificate)), to_port_(to_port) {
  auto listener = listen_tcp({"127.0.0.1", 0}, {});
  CHECK(listener.has_value(), "a test's port can't be opened");
  listener_ = std::move(listener).value();
  port_ = local_endpoint(listener_)->port();
  thread_ = std::thread([this] { accept_clients(); });
}

TestTlsProxy::~TestTlsProxy() {
  stopping_ = true;
  thread_.join();
  for (std::thread& client : clients_) client.join();
}

std::vector<std::string> TestTlsProxy::server_names() const {
  const std::lock_guard lock(mutex_);
  return server_names_;
}

bool TestTlsProxy::readable(int fd, int other_fd) const {
  constexpr int kLookMs = 20;  // whether the proxy is to end
  while (!stopping_) {
    std::array<pollfd, 2> waiting{
        {{.fd = fd, .events = POLLIN, .revents = 0}, {.fd = other_fd, .events = POLLIN, .revents = 0}}};
    if (poll(waiting.data(), waiting.size(), kLookMs) > 0) return true;
  }
  return false;
}

void TestTlsProxy::accept_clients() {
  while (readable(listener_.fd(), -1)) {
    const int fd = accept(listener_.fd(), nullptr, nullptr);
    if (fd < 0) continue;
    clients_.emplace_back([this, client = std::make_shared<Socket>(fd)] { serve(*client); });
  }
}

void TestTlsProxy::serve(const Socket& client) {
  block_broken_pipe();
  const timeval limit{.tv_sec = 5, .tv_usec = 0};  // a client that stops half way must not hold the end up
  setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(client.fd(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), certificate_->certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), certificate_->key.get());
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  SSL_clear_mode(ssl.get(), SSL_MODE_AUTO_RETRY);
  SSL_set_fd(ssl.get(), client.fd());
  if (SSL_accept(ssl.get()) != 1) return;
  if (const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name)) {
    const std::lock_guard lock(mutex_);
    server_names_.emplace_back(name);
  }
  const Socket server = dial_loopback(to_port_);
  bool open = static_cast<bool>(server);
  while (open && (SSL_pending(ssl.get()) > 0 || readable(client.fd(), server.fd()))) {
    if (SSL_pending(ssl.get()) > 0 || has_bytes(client.fd())) open = pass_on(ssl.get(), server.fd());
    if (open && has_bytes(server.fd())) open = pass_back(server.fd(), ssl.get());
  }
  SSL_shutdown(ssl.get());
}

}  // namespace tickcast::net
