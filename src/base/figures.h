// SPDX-License-Identifier: Apache-2.0
//
// Figures: numbers as reports show them to people. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <string>

namespace tickcast {

std::string grouped(std::string digits);  // "1234567" as 1,234,567
std::string grouped(std::uint64_t value);
std::string rounded(double value);            // the nearest whole number, grouped
std::string short_duration(std::int64_t ns);  // to three digits: 812 us, 12.3 ms, 4.56 s
std::string short_bytes(double bytes);        // 640 B, 12.3 kB, 4.6 MB, 7.8 GB

}  // namespace tickcast
