// SPDX-License-Identifier: Apache-2.0
//
// Report: a plan for people, each formula with its numbers filled in, and for programs (JSON). Pure.
#pragma once

#include <string>

#include "plan/answer.h"

namespace tickcast::plan {

struct Plan {
  Demand demand;
  Node node;
  Measurement measurement;
  Answer answer;
  std::string measured;  // how the measurement came: "measured here in 4.1 s", "from box.json"
};

std::string plan_text(const Plan& plan);
std::string plan_json(const Plan& plan);

}  // namespace tickcast::plan
