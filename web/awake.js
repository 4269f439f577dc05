// SPDX-License-Identifier: Apache-2.0
//
// Awake: notices that this thread did not run for a while, because the machine slept or the tab was frozen. What was received before is old then,
// and so may be what waits in the socket. Pure.

export const kAsleepMs = 5_000;

export class Awake {
  constructor(monotonic, wall) {
    this.monotonic = monotonic;
    this.wall = wall;
  }

  // Called more often than kAsleepMs while awake; both clocks in ms. Null, or how long it was asleep and how much of that the monotonic clock missed
  // (it stands still in a sleep on some systems).
  look(monotonic, wall) {
    const ran = monotonic - this.monotonic;
    const passed = wall - this.wall;
    this.monotonic = monotonic;
    this.wall = wall;
    const asleepMs = Math.max(ran, passed);
    return asleepMs > kAsleepMs ? { asleepMs, missedMs: Math.max(0, passed - ran) } : null;
  }
}
