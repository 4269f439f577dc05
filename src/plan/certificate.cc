// SPDX-License-Identifier: Apache-2.0
#include "plan/certificate.h"

#include <cstdio>
#include <memory>

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace tickcast::plan {
namespace {

constexpr long kValidSeconds = 3'600;  // either side of now

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;

X509Pointer self_signed(EVP_PKEY* key) {
  X509Pointer made(X509_new(), X509_free);
  CHECK(made != nullptr, "OpenSSL is out of memory");
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kValidSeconds);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kValidSeconds);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"),
                             -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, made.get(), made.get(), nullptr, nullptr, 0);
  X509_EXTENSION* const address =
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "IP:127.0.0.1");
  CHECK(address != nullptr, "OpenSSL knows no address in a certificate");
  X509_add_ext(made.get(), address, -1);
  X509_EXTENSION_free(address);
  CHECK(X509_sign(made.get(), key, EVP_sha256()) != 0, "OpenSSL can't sign a certificate");
  return made;
}

// A file in memory with what `write` puts there.
template <class Write>
Result<net::Socket> in_memory(Write write) {
  net::Socket memory(memfd_create("tickcast-pem", MFD_CLOEXEC));
  FILE* const file = memory ? fdopen(dup(memory.fd()), "w") : nullptr;
  if (file == nullptr) return Error{"no memory can be had for a certificate"};
  write(file);
  std::fclose(file);
  return memory;
}

std::string path_of(const net::Socket& memory) { return fmt::format("/proc/self/fd/{}", memory.fd()); }

}  // namespace

Result<Certificate> Certificate::make() {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  CHECK(key != nullptr, "OpenSSL can't make a key");
  const X509Pointer made = self_signed(key.get());
  auto certificate = in_memory([&](FILE* file) { PEM_write_X509(file, made.get()); });
  if (!certificate) return certificate.error();
  auto key_text = in_memory(
      [&](FILE* file) { PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  if (!key_text) return key_text.error();
  Certificate out;
  out.certificate_ = std::move(*certificate);
  out.key_ = std::move(*key_text);
  out.certificate_file_ = path_of(out.certificate_);
  out.key_file_ = path_of(out.key_);
  return out;
}

}  // namespace tickcast::plan
