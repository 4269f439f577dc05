// SPDX-License-Identifier: Apache-2.0
#include "net/tls_identity.h"

#include <utility>

namespace tickcast::net {

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::load(std::string certificate_file, std::string key_file) {
  std::unique_ptr<TlsIdentity> made(new TlsIdentity(std::move(certificate_file), std::move(key_file)));
  const Status loaded = made->reload();
  if (!loaded) return loaded.error();
  return made;
}

Status TlsIdentity::reload() {
  auto read = TlsContext::server(certificate_file_, key_file_);
  if (!read) return read.error();
  auto context = std::make_shared<const TlsContext>(std::move(*read));
  const std::lock_guard lock(mutex_);
  context_ = std::move(context);
  return Done{};
}

std::shared_ptr<const TlsContext> TlsIdentity::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace tickcast::net
