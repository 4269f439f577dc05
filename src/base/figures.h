// SPDX-License-Identifier: Apache-2.0
//
// Figures: numbers as reports show them to people. Pure. Thread: any.
#pragma once

#include <cstdint>
#include <string>

namespace tickcast {

std::string grouped(std::uint64_t value);     // 1234567 as 1,234,567
std::string rounded(double value);            // the same of the nearest whole number
std::string short_duration(std::int64_t ns);  // to three digits: 812 us, 12.3 ms, 4.56 s
std::string short_bytes(double bytes);        // 640 B, 12.3 kB, 4.6 MB, 7.8 GB

}  // namespace tickcast
