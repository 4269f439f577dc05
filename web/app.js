// SPDX-License-Identifier: Apache-2.0
//
// The live page: symbols and first values from REST, then quotes of what is on screen from the stream (worker.js). One paint an animation frame, of
// the newest quote of each symbol. A price is shown as current only while the stream is live and has confirmed it.

import * as format from './format.js';
import { Market } from './market.js';
import { pageState } from './state.js';
import { Table } from './table.js';

const kBusySymbols = 64; // always subscribed, so that the header's numbers do not hang on what is on screen
const kStreamsMax = 900; // a connection may hold 1,024
const kSparkPoints = 60;
const kLookUpRetryMs = 2_000;

const $ = (id) => document.getElementById(id);
const market = new Market();
const table = new Table($('scroller'), $('rows'), () => subscribe());
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
const spark = [];
let waiting = new Map(); // stream -> quote: for the next frame
let link = 'connecting';
let retryAt = 0;
let everOpen = false;
let status = null;
let gauges = null;
let clockOffset = null; // of the server's clock over this machine's; the last estimate serves while there is no connection
let lookUpTimer = 0;

// --- what comes in ---

worker.onmessage = ({ data }) => {
  if (data.quotes) {
    waiting = new Map(data.quotes);
    requestAnimationFrame(paint);
  }
  if (data.gauges) showGauges(data.gauges);
  if (data.link) onLink(data.link, data.retryInMs);
  if (data.status) showState((status = data.status));
  if (data.dropped) {
    waiting.delete(data.dropped);
    setCurrent(market.streams.get(data.dropped), false);
  }
};

function onLink(state, retryInMs) {
  link = state;
  retryAt = performance.now() + retryInMs;
  clearTimeout(lookUpTimer);
  if (state === 'open') {
    everOpen = true;
    lookUp();
  } else {
    status = null;
    gauges = null; // of the connection that ended
    waiting.clear();
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

function setCurrent(record, current) {
  if (!record) return;
  record.current = current;
  if (record.row) record.row.draw(record);
}

// --- what goes out ---

function subscribe() {
  const names = new Set(['!status']);
  for (const record of table.shown) names.add(record.stream);
  for (const record of market.listed.slice(0, kBusySymbols)) names.add(record.stream);
  worker.postMessage({ want: [...names].slice(0, kStreamsMax) });
}

// --- painting ---

// Then asks for what has come meanwhile.
function paint() {
  for (const [stream, quote] of waiting) {
    const record = market.streams.get(stream);
    if (!record) continue;
    const flashes = record.current ? { bid: direction(record.bid, quote.bid), ask: direction(record.ask, quote.ask) } : null;
    Object.assign(record, { bid: quote.bid, bids: quote.bids, ask: quote.ask, asks: quote.asks, current: true });
    if (quote.producerTime) record.changedThere = quote.producerTime;
    if (record.row) record.row.draw(record, flashes);
  }
  worker.postMessage({ pull: true });
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

const kLate = 'Quotes come late: prices are not current. The server, the network or this machine does not keep up';

function presentState() {
  return pageState({ link, everOpen, status, p50: gauges ? gauges.p50 : null });
}

function showState() {
  const { state, late } = presentState();
  const title = late ? kLate : kStates[state][1];
  const pill = document.querySelector('.pill');
  if (document.body.dataset.state !== state || pill.title !== title) {
    document.body.dataset.state = state;
    setText('state', kStates[state][0]);
    pill.title = title;
  }
  showStateDetail();
  const origin = status && kOrigins[status.origin];
  if (origin && $('origin').dataset.origin !== status.origin) {
    $('origin').dataset.origin = status.origin;
    $('origin').title = origin[1];
    setText('origin', origin[0]);
  }
}

function showStateDetail() {
  const { state, late } = presentState();
  let detail = '';
  if (link === 'waiting') detail = `retry in ${Math.max(1, Math.ceil((retryAt - performance.now()) / 1000))} s`;
  else if (state === 'offline') detail = 'connecting …';
  else if (late) detail = `${format.age(gauges.p50)} behind`;
  else if (['stale', 'down'].includes(state) && status.since) detail = `for ${format.elapsed(Math.max(1000, (serverNow() ?? Date.now()) - status.since))}`;
  setText('state-detail', detail);
  $('retry').hidden = link !== 'waiting';
}

// --- the header's numbers ---

// The server's clock now, ms; null before it was ever known.
function serverNow() {
  return clockOffset === null ? null : performance.timeOrigin + performance.now() + clockOffset;
}

function showGauges(now) {
  gauges = now;
  if (now.offset) clockOffset = now.offset.value;
  const { state, late } = presentState();
  const flowing = state === 'live' || late;
  setText('rate', flowing ? format.count(now.rate) : '–');
  setText('p50', format.age(flowing ? now.p50 : null));
  setText('p99', format.age(flowing ? now.p99 : null));
  showState();
  $('rate-gauge').title =
    `Updates received per second, of the ${Math.max(0, now.streams - 1)} symbols subscribed (those on screen and the busiest).\n` +
    `${format.count(now.merged)}/s before the server merged those that this connection could not take one by one.`;
  $('p50-gauge').title = $('p99-gauge').title =
    'How old a quote is when it is received here: from the moment it was taken in from the exchange. Median and 99th percentile of the last 10 s.\n' +
    'The server’s clock is estimated from its answers to subscriptions: its time stamp lies between question and answer.' +
    (now.offset ? `\nEstimated offset ${now.offset.value.toFixed(2)} ms, within ${now.offset.uncertainty.toFixed(2)} ms.` : '');
}

function showSpark() {
  spark.push(gauges && status && status.state === 'live' ? gauges.rate : 0);
  if (spark.length > kSparkPoints) spark.shift();
  const top = Math.max(1, ...spark) * 1.08;
  const points = spark.map((v, i) => `${(kSparkPoints - spark.length + i) * 2},${(23 - (v / top) * 22).toFixed(1)}`);
  $('spark').setAttribute('points', points.join(' '));
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

$('retry').addEventListener('click', () => worker.postMessage({ connect: true }));
window.addEventListener('online', () => link === 'waiting' && worker.postMessage({ connect: true }));
setInterval(() => {
  table.tick(serverNow());
  showStateDetail();
}, 250);
setInterval(() => worker.postMessage({ gauges: true }), 500);
setInterval(showSpark, 1000);
subscribe();
worker.postMessage({ connect: true, pull: true });
