// SPDX-License-Identifier: Apache-2.0
//
// The live page: symbols and first values from REST, then quotes of what is on screen from the stream. Between two frames only the newest quote
// of each symbol is kept; one paint a frame. A price is shown as current only while the stream is live and has confirmed it.

import * as format from './format.js';
import { ClockOffset, Percentiles, Rate } from './gauges.js';
import { Market } from './market.js';
import { Stream } from './stream.js';
import { Table } from './table.js';

const kBusySymbols = 64; // always subscribed, so that the header's numbers do not hang on what is on screen
const kStreamsMax = 900; // a connection may hold 1,024
const kClockEveryMs = 20_000;
const kClockGoodMs = 1; // until the estimate is so good, it is renewed every second
const kClockTries = 15;
const kSparkPoints = 60;
const kLookUpRetryMs = 2_000;

const $ = (id) => document.getElementById(id);
const market = new Market();
const pending = new Map(); // record -> its newest quote, not painted yet
const rate = new Rate();
const merged = new Rate();
const ages = new Percentiles();
const clock = new ClockOffset();
let lastOffset = null;
const spark = [];
let link = 'connecting';
let retryAt = 0;
let everOpen = false;
let status = null;
let paintDue = false;
let lookUpTimer = 0;

const table = new Table($('scroller'), $('rows'), () => subscribe());
const stream = new Stream(new URL('stream', location.href.replace(/^http/, 'ws')).href, {
  link: onLink,
  event: onEvent,
  dropped: onDropped,
});

// --- what comes in ---

function onLink(state, at) {
  link = state;
  retryAt = at || 0;
  clearTimeout(lookUpTimer);
  if (state === 'open') {
    everOpen = true;
    lookUp();
  } else {
    status = null;
    clock.reset();
    ages.clear();
    pending.clear();
    for (const record of market.listed) setCurrent(record, false);
  }
  showState();
}

// Symbols and last values; asked again while the server has none.
async function lookUp() {
  try {
    const [info, tickers] = await Promise.all(['api/v3/exchangeInfo', 'api/v3/ticker/bookTicker'].map(getJson));
    market.list(info.symbols);
    market.seed(tickers);
    filterRows();
    if (market.listed.length) return;
  } catch (error) {
    console.warn('look-up failed:', error.message);
  }
  if (link === 'open') lookUpTimer = setTimeout(lookUp, kLookUpRetryMs);
}

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function onEvent(name, data, at) {
  if (name === '!status') {
    status = data;
    showState();
    return;
  }
  const record = market.streams.get(name);
  if (!record) return;
  if (at.first) {
    if (data.emitterTime) clock.answered(epoch(at.askedHere), data.emitterTime, epoch(at.here));
  } else {
    rate.add(at.here, 1);
    merged.add(at.here, data.n || 1);
    if (data.emitterTime) clock.received(data.emitterTime, epoch(at.here));
    if (data.producerTime) ages.add(at.here, epoch(at.here) - data.producerTime);
  }
  pending.set(record, data);
  schedulePaint();
}

function onDropped(name) {
  const record = market.streams.get(name);
  if (record) setCurrent(record, false);
}

function setCurrent(record, current) {
  record.current = current;
  if (record.row) record.row.draw(record);
}

// --- what goes out ---

function subscribe() {
  const names = new Set(['!status']);
  for (const record of table.shown) names.add(record.stream);
  for (const record of market.listed.slice(0, kBusySymbols)) names.add(record.stream);
  stream.want(names.size > kStreamsMax ? new Set([...names].slice(0, kStreamsMax)) : names);
}

// --- painting ---

function schedulePaint() {
  if (paintDue) return;
  paintDue = true;
  requestAnimationFrame(() => {
    paintDue = false;
    paint();
  });
}

function paint() {
  for (const [record, quote] of pending) {
    const flashes = record.current ? { bid: direction(record.bid, quote.bid), ask: direction(record.ask, quote.ask) } : null;
    Object.assign(record, { bid: quote.bid, bids: quote.bids, ask: quote.ask, asks: quote.asks, current: true });
    if (quote.producerTime) record.changedThere = quote.producerTime;
    if (record.row) record.row.draw(record, flashes);
  }
  pending.clear();
}

function direction(before, after) {
  return before === after ? 0 : Math.sign(Number(after) - Number(before));
}

function setText(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

// --- the pill ---

const kStates = {
  connecting: ['Connecting', 'Connecting to the server'],
  live: ['Live', 'Quotes are current'],
  stale: ['Stale', 'The exchange has gone quiet: prices may not be current'],
  down: ['Exchange down', 'No connection to the exchange: prices are not current'],
  offline: ['Offline', 'No connection to the server: prices are not current'],
};
const kOrigins = {
  live: ['Live', 'Quotes of the real exchange'],
  simulated: ['Simulated', 'A simulated exchange: these are not real prices'],
  replay: ['Replay', 'A recording is played back: these are not current prices'],
};

function presentState() {
  if (link === 'waiting' || (link === 'connecting' && everOpen)) return 'offline';
  if (link === 'connecting' || !status) return 'connecting';
  return kStates[status.state] ? status.state : 'stale';
}

function showState() {
  const state = presentState();
  if (document.body.dataset.state !== state) {
    document.body.dataset.state = state;
    setText('state', kStates[state][0]);
    document.querySelector('.pill').title = kStates[state][1];
  }
  showStateDetail(state);
  const origin = status && kOrigins[status.origin];
  if (origin && $('origin').dataset.origin !== status.origin) {
    $('origin').dataset.origin = status.origin;
    $('origin').title = origin[1];
    setText('origin', origin[0]);
  }
}

function showStateDetail(state) {
  let detail = '';
  if (link === 'waiting') detail = `retry in ${Math.max(1, Math.ceil((retryAt - performance.now()) / 1000))} s`;
  else if (state === 'offline') detail = 'connecting …';
  else if (['stale', 'down'].includes(state) && status.since) detail = `for ${format.elapsed(Math.max(1000, (serverNow() ?? Date.now()) - status.since))}`;
  setText('state-detail', detail);
  $('retry').hidden = link !== 'waiting';
}

// --- the header's numbers ---

function epoch(here) {
  return performance.timeOrigin + here;
}

// The server's clock now, ms; null before it was ever known. The last estimate serves while there is no connection.
function serverNow() {
  if (clock.known) lastOffset = clock.value;
  return lastOffset === null ? null : epoch(performance.now()) + lastOffset;
}

function showGauges() {
  const now = performance.now();
  const live = document.body.dataset.state === 'live';
  const perSecond = rate.perSecond(now);
  setText('rate', live ? format.count(perSecond) : '–');
  $('rate-gauge').title =
    `Updates received per second, of the ${Math.max(0, stream.held.size - 1)} symbols subscribed (those on screen and the busiest).\n` +
    `${format.count(merged.perSecond(now))}/s before the server merged those that this connection could not take one by one.`;
  const [p50, p99] = ages.at(now, [0.5, 0.99]).map((raw) => (live && clock.known && raw !== null ? Math.max(0, raw + clock.value) : null));
  setText('p50', format.age(p50));
  setText('p99', format.age(p99));
  const method =
    'How old a quote is when this page receives it: from the moment it was taken in from the exchange. Median and 99th percentile of the last 10 s.\n' +
    'The server’s clock is estimated from when it answers a subscription: its time stamp lies between question and answer.' +
    (clock.known ? `\nEstimated offset ${clock.value.toFixed(2)} ms, within ${clock.uncertainty.toFixed(2)} ms.` : '');
  $('p50-gauge').title = $('p99-gauge').title = method;
}

function showSpark() {
  spark.push(rate.perSecond(performance.now()));
  if (spark.length > kSparkPoints) spark.shift();
  const top = Math.max(1, ...spark) * 1.08;
  const points = spark.map((v, i) => `${(kSparkPoints - spark.length + i) * 2},${(23 - (v / top) * 22).toFixed(1)}`);
  $('spark').setAttribute('points', points.join(' '));
}

// A stream is subscribed anew: often at first, because a page that is still starting answers late, then now and then, because clocks drift.
let clockTries = 0;
let clockAskedAt = 0;
function refineClock() {
  if (link !== 'open' || !market.listed.length) {
    clockTries = 0;
    return;
  }
  const now = performance.now();
  const urgent = clockTries < kClockTries && !(clock.known && clock.uncertainty < kClockGoodMs);
  if (!urgent && now - clockAskedAt < kClockEveryMs) return;
  ++clockTries;
  clockAskedAt = now;
  stream.askAgain(market.listed[0].stream);
}

// --- the filter ---

function filterRows() {
  const records = market.matching($('filter').value);
  const all = market.listed.length;
  setText('count', all ? (records.length === all ? format.count(all) : `${format.count(records.length)} of ${format.count(all)}`) : '–');
  $('empty').hidden = records.length > 0;
  if (all) $('empty').textContent = 'No symbol matches.';
  table.show(records);
  subscribe();
}

$('filter').addEventListener('input', () => {
  $('scroller').scrollTop = 0;
  filterRows();
});
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/' && document.activeElement !== $('filter')) {
    event.preventDefault();
    $('filter').select();
    $('filter').focus();
  } else if (event.key === 'Escape' && document.activeElement === $('filter')) {
    $('filter').value = '';
    $('filter').dispatchEvent(new Event('input'));
    $('filter').blur();
  }
});

$('retry').addEventListener('click', () => stream.connect());
window.addEventListener('online', () => link === 'waiting' && stream.connect());
setInterval(() => {
  table.tick(serverNow());
  showStateDetail(presentState());
}, 250);
setInterval(showGauges, 500);
setInterval(showSpark, 1000);
setInterval(refineClock, 1000);
stream.connect();
subscribe();
