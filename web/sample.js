// SPDX-License-Identifier: Apache-2.0
//
// Sample: what is noted of each followed symbol once a second, in pieces of an animation frame each, so that no frame has much to do.

import { History } from './history.js';

const kRecordsAFrame = 400;
const kRateWeight = 0.3; // of the newest second in a symbol's rate
export const kTrendEvery = 2; // samples

// Pieces of work, one an animation frame, in order.
export class Chores {
  constructor() {
    this.left = [];
  }

  get busy() {
    return this.left.length > 0;
  }

  start(pieces) {
    this.left = pieces;
    requestAnimationFrame(() => this.next());
  }

  next() {
    this.left.shift()();
    if (this.busy) requestAnimationFrame(() => this.next());
  }
}

// The pieces that sample the records. trend: the number of the sample of the mid price, null when it is not its turn. live: whether what the stream has
// confirmed is current.
export function samplingOf(records, trend, live) {
  const pieces = [];
  for (let from = 0; from < records.length; from += kRecordsAFrame) {
    const some = records.slice(from, from + kRecordsAFrame);
    pieces.push(() => some.forEach((record) => sample(record, trend, live && record.current)));
  }
  return pieces;
}

function sample(record, trend, live) {
  if (trend !== null) {
    record.mids ||= new History();
    record.mids.push(live ? (Number(record.bid) + Number(record.ask)) / 2 || NaN : NaN, trend);
  }
  record.rate = smoothed(record.rate, record.updates - record.updatesThen);
  record.eventRate = smoothed(record.eventRate, record.events - record.eventsThen);
  record.updatesThen = record.updates;
  record.eventsThen = record.events;
}

const smoothed = (rate, newest) => (rate === null ? newest : rate + (newest - rate) * kRateWeight);
