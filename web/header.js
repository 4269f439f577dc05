// SPDX-License-Identifier: Apache-2.0
//
// Header: the header's numbers, from what the worker measures and what the page adds: how long a quote waits for its frame. Ages are never below zero.

import * as format from './format.js';
import { Percentiles, ages } from './gauges.js';
import { History } from './history.js';
import { $, setText } from './page.js';
import { colour, drawSpark } from './spark.js';

const kNone = { p50: null, p99: null };
const epochNow = () => performance.timeOrigin + performance.now();

export class Header {
  constructor() {
    this.now = null; // the worker's last word, of this connection
    this.offset = null; // of the server's clock over this machine's; the last estimate serves while there is no connection
    this.drawn = new Percentiles(1024);
    this.all = new Percentiles(1024);
    this.rates = new History();
    this.ages = new History();
  }

  get p50() {
    return this.now ? this.now.age.p50 : null;
  }

  // The server's clock now, ms; null before it was ever known.
  serverNow() {
    return this.offset === null ? null : epochNow() + this.offset;
  }

  // How old a quote was at the moment `here` of this page's clock, epoch ms; null while that can't be told.
  age(here, producerTime) {
    return this.offset === null || !producerTime ? null : Math.max(0, here + this.offset - producerTime);
  }

  take(now) {
    this.now = now;
    if (now.clock) this.offset = now.clock.offset;
  }

  // A connection ended.
  forget() {
    this.now = null;
    this.drawn.clear();
    this.all.clear();
  }

  // The page's clock stood still for so long.
  slept(missedMs) {
    if (this.offset !== null) this.offset += missedMs;
  }

  // A frame has drawn quotes, of which the one that waited longest had come at `here`.
  drew(here, producerTime) {
    const now = performance.now();
    this.drawn.add(now, Math.max(0, epochNow() - here));
    const age = this.age(epochNow(), producerTime);
    if (age !== null) this.all.add(now, age);
  }

  hops() {
    if (!this.now) return { sent: kNone, received: kNone, drawn: kNone, all: kNone, clock: null, streams: 0 };
    const now = performance.now();
    return { ...this.now, drawn: ages(this.drawn, now, 0), all: ages(this.all, now, 0) };
  }

  // flowing: quotes come. pace: '' for every update.
  show(flowing, pace) {
    const { rate, updates, bytes, streams, age, clock } = this.now;
    setText('rate', flowing ? format.count(rate) : '–');
    setText('p50', format.age(flowing ? age.p50 : null));
    setText('p99', format.age(flowing ? age.p99 : null));
    setText('bytes', format.bytes(bytes));
    setText('saved', flowing && rate > 0 ? saved(bytes, updates / rate) : '');
    $('rate-gauge').title =
      `Events received a second, on ${Math.max(0, streams - 1)} streams: rows on screen and the busiest symbols, or the whole market while the table is\n` +
      `sorted by something that moves. ${format.count(updates)} updates a second of the exchange are merged in them.`;
    $('bytes-gauge').title =
      'Bytes of messages received a second' + (pace ? `, at a pace of ${$('pace').selectedOptions[0].text}` : '') + '. Beside it, what every update would take, told by the merged counts.';
    $('p50-gauge').title = $('p99-gauge').title =
      'How old a quote is when it is received here: from the moment it was taken in from the exchange. Median and 99th percentile of the last 10 s.' +
      (clock ? `\nOffset of the server’s clock ${format.signed(clock.offset)}, within ${format.age(clock.uncertainty)}.` : '');
  }

  // Once a second.
  sample(turn, live) {
    this.rates.push(live && this.now ? this.now.rate : NaN, turn);
    this.ages.push(live && this.p50 !== null ? this.p50 : NaN, turn);
    const tone = colour(live ? 'green' : 'soft');
    drawSpark($('rate-curve'), this.rates, tone, { fromZero: true });
    drawSpark($('age-curve'), this.ages, tone, { fromZero: true });
  }
}

function saved(bytes, updatesPerEvent) {
  const percent = Math.round(100 / updatesPerEvent);
  return percent >= 100 ? 'every update' : `${percent < 1 ? '<1' : percent} % of ${format.bytes(bytes * updatesPerEvent)}`;
}
