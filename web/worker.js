// SPDX-License-Identifier: Apache-2.0
//
// Worker: holds the connection apart from the page's thread, so that quotes are taken in at once however long painting takes, and measures what
// comes. It passes on the newest quote of each symbol when the page asks for it.
//
//   page -> worker   {want: [stream, ...], turn}  {pull: true}  {gauges: true}  {connect: true}
//   worker -> page   {link, retryInMs}  {status}  {asleep: {asleepMs, missedMs}}  {gauges: {...}}
//                    {quotes: [{quote, here, events, updates}, ...], turn}: one answer to each pull, when there is news. The turn is that of the last
//                    want: so that the page knows what was passed on before it stopped following.

import { Awake } from './awake.js';
import { ClockOffset, Percentiles, Rate, ages } from './gauges.js';
import { Newest } from './newest.js';
import { Stream } from './stream.js';

const kPassMax = 400; // symbols at once, so that no frame has the whole market to take in
const kAwakeEveryMs = 500;
const kClockEveryMs = 20_000;
const kClockGoodMs = 1; // until the estimate is so good, it is renewed every second
const kClockTries = 15;

const newest = new Newest();
const seen = new Set(); // symbols of the all-market stream since it was subscribed
const rates = { events: new Rate(), updates: new Rate(), bytes: new Rate() };
const hops = { sent: new Percentiles(), received: new Percentiles(), age: new Percentiles() };
const clock = new ClockOffset();
const awake = new Awake(performance.now(), Date.now());
let whole = false; // the market comes in arrays: single streams beside them serve the clock alone
let turn = 0;
let pulled = false;
let clockTries = 0;
let clockAskedAt = 0;

const epoch = (here) => performance.timeOrigin + here;

const stream = new Stream(new URL('stream', location.href.replace(/^http/, 'ws')).href, {
  link(state, retryAt) {
    if (state !== 'open') forget();
    if (state === 'connecting') clock.reset();
    postMessage({ link: state, retryInMs: retryAt ? retryAt - performance.now() : 0 });
  },

  bytes(size, here) {
    rates.bytes.add(here, size);
  },

  event(name, data, at) {
    if (slept()) return; // it may have waited in the socket
    if (name === '!status') return postMessage({ status: data });
    if (Array.isArray(data)) takeArray(name, data, at);
    else if (!whole) take(name, data, at.here, at.first);
    if (at.first && data.emitterTime) clock.answered(epoch(at.askedHere), data.emitterTime, epoch(at.here));
    if (pulled) pass();
  },
});

function forget() {
  newest.clear();
  Object.values(hops).forEach((each) => each.clear());
  clockTries = 0;
}

// The first event of a symbol after subscribing tells its last quote, which may be old: it is no sample of how old quotes come, and no update.
function takeArray(name, quotes, { here, first }) {
  if (first) seen.clear();
  for (const quote of quotes) {
    take(name, quote, here, !seen.has(quote.s));
    seen.add(quote.s);
  }
}

function take(name, quote, here, first) {
  if (!first) measure(quote, here);
  newest.take(quote, name, epoch(here), !first);
}

function measure(quote, here) {
  rates.events.add(here, 1);
  rates.updates.add(here, quote.n || 1);
  if (quote.producerTime) hops.age.add(here, epoch(here) - quote.producerTime);
  if (!quote.emitterTime) return;
  clock.received(quote.emitterTime, epoch(here));
  hops.received.add(here, epoch(here) - quote.emitterTime);
  if (quote.producerTime) hops.sent.add(here, quote.emitterTime - quote.producerTime);
}

function pass() {
  const quotes = newest.pass(kPassMax);
  if (!quotes.length) return;
  pulled = false;
  postMessage({ quotes, turn });
}

function gauges() {
  const now = performance.now();
  const offset = clock.known ? clock.value : null;
  return {
    rate: rates.events.perSecond(now),
    updates: rates.updates.perSecond(now),
    bytes: rates.bytes.perSecond(now),
    streams: stream.open() ? stream.held.size : 0,
    sent: ages(hops.sent, now, 0),
    received: ages(hops.received, now, offset),
    age: ages(hops.age, now, offset),
    clock: clock.known ? { offset, uncertainty: clock.uncertainty, roundTrips: clock.roundTrips, fastestMs: clock.fastestMs } : null,
  };
}

// A symbol's stream is subscribed anew: often at first, because a page that is still starting answers late, then now and then, because clocks drift.
function refineClock() {
  const name = stream.open() && [...stream.held.keys()].find((each) => !each.startsWith('!'));
  if (!name) return;
  const now = performance.now();
  const urgent = clockTries < kClockTries && !(clock.known && clock.uncertainty < kClockGoodMs);
  if (!urgent && now - clockAskedAt < kClockEveryMs) return;
  ++clockTries;
  clockAskedAt = now;
  stream.renew(name);
}

// After a sleep the connection may be dead, and what waits in it is old: a new one begins with the newest.
function slept() {
  const asleep = awake.look(performance.now(), Date.now());
  if (!asleep) return false;
  postMessage({ asleep });
  stream.connect();
  return true;
}

function want(names, newTurn) {
  if (turn !== newTurn) newest.clear();
  turn = newTurn;
  whole = [...names].some((name) => name.startsWith('!quote@arr'));
  stream.want(names);
}

onmessage = ({ data }) => {
  if (data.want) want(new Set(data.want), data.turn);
  if (data.connect) stream.connect();
  if (data.gauges) postMessage({ gauges: gauges() });
  if (data.pull) {
    pulled = true;
    pass();
  }
};

setInterval(slept, kAwakeEveryMs);
setInterval(refineClock, 1000);
