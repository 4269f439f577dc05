// SPDX-License-Identifier: Apache-2.0
//
// Fuzzes what a peer can say about compression: the header of offers, and a compressed message. The first
// byte is the limit of the message in sixteens. zlib, used otherwise, is the oracle of the second.
#include "wire/deflate.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/deflate_offer.h"
#include "wire/test_inflate.h"

namespace {

using namespace tickcast::wire;

void read_offers(std::string_view header) {
  const DeflateAnswer answer = answer_deflate_offers(header);
  CHECK(answer.well_formed || answer.accepted.empty(), "a header that is none was accepted");
  if (!answer.well_formed) return;
  const std::string twice = std::string(header) + "," + std::string(header);
  CHECK(answer_deflate_offers(twice).accepted == answer.accepted,
        "an offer made twice is answered otherwise");
  const std::string behind = std::string(header) + ", permessage-deflate";
  const std::string accepted = answer_deflate_offers(behind).accepted;
  CHECK(accepted.starts_with("permessage-deflate; ") &&
            (answer.accepted.empty() || accepted == answer.accepted),
        "a good offer behind others is not taken, or taken before a good one");
}

void read_message(std::string_view payload, std::size_t bytes_max) {
  static Inflater inflater;
  static Deflater deflater;
  const auto expected = testing::inflated_message(payload);
  const auto outcome = inflater.inflate(payload, bytes_max);
  const std::string_view message(inflater.bytes().data(), inflater.bytes().size());
  switch (outcome) {
    case Inflater::Outcome::whole:
      CHECK(expected == message && message.size() <= bytes_max, "zlib reads another message");
      break;
    case Inflater::Outcome::too_big:
      CHECK(!expected || expected->size() > bytes_max, "a message within the limit was refused");
      return;
    case Inflater::Outcome::bad:
      CHECK(!expected, "a good message was refused");
      return;
  }
  const std::string copy(message);
  const std::string_view parts[] = {std::string_view(copy).substr(0, copy.size() / 3),
                                    std::string_view(copy).substr(copy.size() / 3)};
  CHECK(inflater.inflate(deflater.deflate(parts), copy.size()) == Inflater::Outcome::whole &&
            std::string_view(inflater.bytes().data(), inflater.bytes().size()) == copy,
        "what was compressed again is not read back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  read_offers(bytes);
  read_message(bytes, std::size_t{data[0]} * 16);
  return 0;
}
