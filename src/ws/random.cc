// SPDX-License-Identifier: Apache-2.0
#include "ws/random.h"

#include <array>
#include <bit>

#include <sys/random.h>

#include <openssl/evp.h>

#include "base/check.h"

namespace tickcast::ws {
namespace {

template <class T>
T from_kernel() {
  T value{};
  // At most 256 bytes are never torn (getrandom(2)).
  CHECK(getrandom(&value, sizeof value, 0) == sizeof value, "the kernel gives no random bytes");
  return value;
}

// xoshiro256+ (Blackman and Vigna): its high bits are what is used.
class Generator {
 public:
  std::uint32_t next() {
    const std::uint64_t result = state_[0] + state_[3];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return static_cast<std::uint32_t>(result >> 32);
  }

 private:
  std::array<std::uint64_t, 4> state_ = from_kernel<std::array<std::uint64_t, 4>>();
};

}  // namespace

std::uint32_t random_mask() {
  thread_local Generator generator;
  return generator.next();
}

std::string random_handshake_key() {
  const auto bytes = from_kernel<std::array<unsigned char, 16>>();
  std::array<unsigned char, 25> text{};  // EVP_EncodeBlock ends it with a zero
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

}  // namespace tickcast::ws
