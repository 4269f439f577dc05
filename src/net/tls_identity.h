// SPDX-License-Identifier: Apache-2.0
//
// TlsIdentity: what a server shows its clients: a certificate and its key, from two PEM files that may be
// replaced while it runs.
//
// Thread: any; shared by those that accept.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "net/stream.h"

namespace tickcast::net {

class TlsIdentity {
 public:
  // As TlsContext::server().
  static Result<std::unique_ptr<TlsIdentity>> load(std::string certificate_file, std::string key_file);

  // Reads the files again, for those accepted from then on. Fails when they are not good: what was read last
  // stays.
  Status reload();

  std::shared_ptr<const TlsContext> context() const;

 private:
  TlsIdentity(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  const std::string certificate_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;  // once a connection, beside a handshake that takes a millisecond
  std::shared_ptr<const TlsContext> context_;  // guarded by mutex_
};

}  // namespace tickcast::net
