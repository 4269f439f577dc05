// SPDX-License-Identifier: Apache-2.0
//
// Where and how a text breaks the rules of JSON, in the words and positions of Rust's serde_json: clients see
// the exchange speak so
// ("expected value at line 1 column 1"). It decides nothing: simdjson has refused the text before. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tickcast::wire {

// "expected value at line 1 column 4"; empty when no rule is broken.
std::string json_fault(std::string_view text);

// "at line 1 column 28": after the first `bytes` of the text, columns counted in bytes from 1.
std::string json_position(std::string_view text, std::size_t bytes);

}  // namespace tickcast::wire
