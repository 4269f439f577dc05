// SPDX-License-Identifier: Apache-2.0
//
// History: the last kPoints samples of a value, oldest first. A moment without a value is NaN: a gap, not a line through it.

export class History {
  static kPoints = 60;

  constructor() {
    this.ring = new Float64Array(History.kPoints).fill(NaN);
    this.turn = 0;
  }

  // turn: the number of the sample, rising by one each period; those left out are gaps.
  push(value, turn) {
    this.turn = Math.max(this.turn, turn - History.kPoints);
    while (this.turn < turn - 1) this.ring[++this.turn % History.kPoints] = NaN;
    this.turn = turn;
    this.ring[turn % History.kPoints] = value;
  }

  // at(0) is the oldest, at(kPoints - 1) the newest.
  at(i) {
    return this.ring[(this.turn + 1 + i) % History.kPoints];
  }

  // Least, greatest, first and last of the samples there are; null without any.
  range() {
    let out = null;
    for (let i = 0; i < History.kPoints; ++i) {
      const value = this.at(i);
      if (Number.isNaN(value)) continue;
      if (!out) out = { low: value, high: value, first: value, last: value };
      out.low = Math.min(out.low, value);
      out.high = Math.max(out.high, value);
      out.last = value;
    }
    return out;
  }

  // Last against first, as a fraction; null where nothing can be told.
  change() {
    const range = this.range();
    return range && range.first > 0 ? range.last / range.first - 1 : null;
  }
}
