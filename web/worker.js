// SPDX-License-Identifier: Apache-2.0
//
// Worker: holds the connection apart from the page's thread, so that quotes are taken in at once however long painting takes. What it passes on is
// bound late: the newest quote of each symbol when the page asks for it, never a queue.
//
//   page -> worker   {want: [stream, ...]}  {pull: true}  {gauges: true}  {connect: true}
//   worker -> page   {link, retryInMs}  {status}  {dropped: stream}  {quotes: [[stream, quote], ...]}: one answer to each pull, when there is news
//                    {gauges: {...}}

import { ClockOffset, Percentiles, Rate } from './gauges.js';
import { Stream } from './stream.js';

const kClockEveryMs = 20_000;
const kClockGoodMs = 1; // until the estimate is so good, it is renewed every second
const kClockTries = 15;

const pending = new Map(); // stream -> its newest quote, not passed on yet
const rate = new Rate();
const merged = new Rate();
const ages = new Percentiles();
const clock = new ClockOffset();
let pulled = false;
let clockTries = 0;
let clockAskedAt = 0;

const epoch = (here) => performance.timeOrigin + here;

const stream = new Stream(new URL('stream', location.href.replace(/^http/, 'ws')).href, {
  link(state, retryAt) {
    if (state !== 'open') {
      pending.clear();
      clock.reset();
      ages.clear();
      clockTries = 0;
    }
    postMessage({ link: state, retryInMs: retryAt ? retryAt - performance.now() : 0 });
  },

  event(name, data, at) {
    if (name === '!status') return postMessage({ status: data });
    measure(data, at);
    pending.set(name, data);
    if (pulled) pass();
  },

  dropped(name) {
    pending.delete(name);
    postMessage({ dropped: name });
  },
});

function pass() {
  pulled = false;
  postMessage({ quotes: [...pending] });
  pending.clear();
}

// The first event after subscribing tells the last known quote, which may be old: it is no sample of how old quotes come.
function measure(quote, { here, first, askedHere }) {
  if (first) {
    if (quote.emitterTime) clock.answered(epoch(askedHere), quote.emitterTime, epoch(here));
    return;
  }
  rate.add(here, 1);
  merged.add(here, quote.n || 1);
  if (quote.emitterTime) clock.received(quote.emitterTime, epoch(here));
  if (quote.producerTime) ages.add(here, epoch(here) - quote.producerTime);
}

function gauges() {
  const now = performance.now();
  const [p50, p99] = ages.at(now, [0.5, 0.99]).map((raw) => (clock.known && raw !== null ? Math.max(0, raw + clock.value) : null));
  const offset = clock.known ? { value: clock.value, uncertainty: clock.uncertainty } : null;
  return { rate: rate.perSecond(now), merged: merged.perSecond(now), p50, p99, offset, streams: stream.held.size };
}

// A stream is subscribed anew: often at first, because a page that is still starting answers late, then now and then, because clocks drift.
function refineClock() {
  const name = stream.open() && [...stream.held.keys()].find((each) => each.endsWith('@quote'));
  if (!name) return;
  const now = performance.now();
  const urgent = clockTries < kClockTries && !(clock.known && clock.uncertainty < kClockGoodMs);
  if (!urgent && now - clockAskedAt < kClockEveryMs) return;
  ++clockTries;
  clockAskedAt = now;
  stream.askAgain(name);
}

onmessage = ({ data }) => {
  if (data.want) stream.want(new Set(data.want));
  if (data.connect) stream.connect();
  if (data.gauges) postMessage({ gauges: gauges() });
  if (data.pull) {
    pulled = true;
    if (pending.size) pass();
  }
};

setInterval(refineClock, 1000);
