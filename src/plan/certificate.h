// SPDX-License-Identifier: Apache-2.0
//
// Certificate: one for 127.0.0.1, made on the spot and signed by itself, for a server of this process and its
// own clients. It lies in memory, under names that can be opened like files' as long as the object lives:
// nothing is left behind.
#pragma once

#include <string>

#include "base/result.h"
#include "net/socket.h"

namespace tickcast::plan {

class Certificate {
 public:
  static Result<Certificate> make();

  const std::string& certificate_file() const {
    return certificate_file_;
  }  // also the authority that a client trusts
  const std::string& key_file() const { return key_file_; }

 private:
  Certificate() = default;

  net::Socket certificate_;  // descriptors of memory
  net::Socket key_;
  std::string certificate_file_;
  std::string key_file_;
};

}  // namespace tickcast::plan
