// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of this process, under the names that Prometheus' own clients use. Thread: any.
#pragma once

#include "metrics/exposition.h"

namespace tickcast::app {

void add_process_metrics(metrics::Exposition& out);

}  // namespace tickcast::app
