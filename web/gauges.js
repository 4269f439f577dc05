// SPDX-License-Identifier: Apache-2.0
//
// The header's numbers. Times are milliseconds; "here" is this page's clock (monotonic), "there" the server's.

// Events per second over the last two seconds, in buckets of a quarter.
export class Rate {
  static kBuckets = 8;
  static kBucketMs = 250;

  constructor() {
    this.counts = new Array(Rate.kBuckets + 1).fill(0);
    this.bucket = null;
    this.since = null;
  }

  add(now, events) {
    this.advance(now);
    this.counts[this.bucket % this.counts.length] += events;
  }

  // Over whole buckets only, and over as many as there were since the first event.
  perSecond(now) {
    if (this.since === null) return 0;
    this.advance(now);
    const whole = Math.min(Rate.kBuckets, this.bucket - this.since);
    if (whole <= 0) return 0;
    let sum = 0;
    for (let back = 1; back <= whole; ++back) sum += this.counts[(this.bucket - back) % this.counts.length];
    return (sum * 1000) / (whole * Rate.kBucketMs);
  }

  advance(now) {
    const bucket = Math.floor(now / Rate.kBucketMs);
    if (this.bucket === null) this.bucket = this.since = bucket;
    if (bucket - this.bucket > this.counts.length) this.bucket = bucket - this.counts.length;
    while (this.bucket < bucket) this.counts[++this.bucket % this.counts.length] = 0;
  }
}

// Percentiles of the last ten seconds, of at most `samples` values: the newest.
export class Percentiles {
  static kWindowMs = 10_000;

  constructor(samples = 8192) {
    this.values = new Float64Array(samples);
    this.times = new Float64Array(samples).fill(-Infinity);
    this.next = 0;
  }

  add(now, value) {
    this.values[this.next] = value;
    this.times[this.next] = now;
    this.next = (this.next + 1) % this.values.length;
  }

  // One value per fraction asked for; null when there is no sample.
  at(now, fractions) {
    const recent = this.values.filter((_, i) => now - this.times[i] < Percentiles.kWindowMs).sort();
    return fractions.map((f) => (recent.length ? recent[Math.min(recent.length - 1, Math.floor(f * recent.length))] : null));
  }

  clear() {
    this.times.fill(-Infinity);
  }
}

// Median and 99th percentile of ages, from raw differences between two clocks of which `offset` tells how far apart they are (null: not known, so no age is):
// never below zero, whatever the clocks say.
export function ages(percentiles, now, offset) {
  const [p50, p99] = percentiles.at(now, [0.5, 0.99]);
  if (p50 === null || offset === null) return { p50: null, p99: null };
  return { p50: Math.max(0, p50 + offset), p99: Math.max(0, p99 + offset) };
}

// What must be added to here to get there, between two bounds that causality sets: an event that was sent there at `s` and came at `r` here
// says offset >= s - r; one that answers a request sent here at `q` says offset <= s - q. The narrowest bounds are kept and widened slowly,
// because clocks drift.
export class ClockOffset {
  static kDrift = 20e-6;

  constructor() {
    this.reset();
  }

  reset() {
    this.low = -Infinity;
    this.high = Infinity;
    this.at = null;
    this.roundTrips = 0;
    this.fastestMs = Infinity; // of those round trips
  }

  received(sentThere, receivedHere) {
    this.widen(receivedHere);
    this.low = Math.max(this.low, sentThere - receivedHere);
    if (this.low > this.high) this.high = this.low;
  }

  answered(askedHere, sentThere, receivedHere) {
    this.received(sentThere, receivedHere);
    ++this.roundTrips;
    this.fastestMs = Math.min(this.fastestMs, receivedHere - askedHere);
    this.high = Math.max(this.low, Math.min(this.high, sentThere - askedHere));
  }

  widen(now) {
    const drift = this.at === null ? 0 : Math.max(0, now - this.at) * ClockOffset.kDrift;
    this.low -= drift;
    this.high += drift;
    this.at = now;
  }

  get known() {
    return Number.isFinite(this.low) && Number.isFinite(this.high);
  }
  get value() {
    return (this.low + this.high) / 2;
  }
  // The true offset is within this of the value.
  get uncertainty() {
    return (this.high - this.low) / 2;
  }
}
