// SPDX-License-Identifier: Apache-2.0
//
// The live page: symbols and first values from REST, then quotes from the stream (worker.js). One paint an animation frame, of the newest quote of
// each symbol. A price is shown as current only while the stream is live, has confirmed it, and somebody looks.

import * as format from './format.js';
import { Header } from './header.js';
import { listenToKeys } from './keys.js';
import { lookUpMarket } from './lookup.js';
import { Market } from './market.js';
import { kColumns, nextSort, sorted } from './order.js';
import { $, setText } from './page.js';
import { Panel } from './panel.js';
import { showState, showStateDetail } from './pill.js';
import { Chores, kTrendEvery, samplingOf } from './sample.js';
import { Settings, browserStorage } from './settings.js';
import { pageState } from './state.js';
import { Table } from './table.js';
import { kPaces, watch } from './watch.js';

const kBusySymbols = 16; // always followed, so that the header's numbers do not hang on what is on screen
const kLookUpRetryMs = 2_000;
const kSampleMs = 1_000;
const kPhone = matchMedia('(max-width: 820px)');

const settings = new Settings(browserStorage(), { pace: kPhone.matches ? '250ms' : '', keys: true });
const market = new Market();
const table = new Table($('scroller'), $('rows'), { onWindow: () => subscribe(), isFavourite: (symbol) => settings.favourites.has(symbol) });
const panel = new Panel();
const header = new Header();
const chores = new Chores();
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

let waiting = []; // for the next frame
let follows = () => false;
let followed = [];
let turn = 0; // rises whenever following stops: what was passed on before is not shown after
let wasFollowing = false;
let asked = '';
let sort = null;
let pausedAt = null;
let link = 'connecting';
let retryAt = null;
let silentSince = null;
let everOpen = false;
let status = null;
let lookUpTimer = 0;
let lastTrend = 0;

// --- what comes in ---

worker.onmessage = ({ data }) => {
  if (data.quotes) {
    waiting = data.turn === turn ? data.quotes : [];
    requestAnimationFrame(paint);
  }
  if (data.gauges) onGauges(data.gauges);
  if (data.link) onLink(data.link, data.retryInMs);
  if (data.status) show((status = data.status));
  if (data.asleep) header.slept(data.asleep.missedMs);
};

function onLink(state, retryInMs) {
  const before = link;
  link = state;
  retryAt = state === 'waiting' ? performance.now() + retryInMs : null;
  silentSince = state === 'silent' ? performance.now() : null;
  if (state === 'open') {
    everOpen = true;
    if (before !== 'silent') lookUp();
  } else {
    clearTimeout(lookUpTimer);
    waiting = [];
    for (const record of market.listed) setCurrent(record, false);
    if (state !== 'silent') status = null;
    header.forget();
  }
  show();
}

// Symbols and last values; asked again while the server has none.
async function lookUp() {
  clearTimeout(lookUpTimer);
  try {
    const { symbols, tickers } = await lookUpMarket();
    market.list(symbols);
    market.seed(tickers);
    showRows();
    subscribe();
    if (market.listed.length) return;
  } catch (error) {
    console.warn('look-up failed:', error.message);
  }
  if (link === 'open') lookUpTimer = setTimeout(lookUp, kLookUpRetryMs);
}

function setCurrent(record, current) {
  if (record.current === current) return;
  record.current = current;
  if (!current) record.rate = record.eventRate = null;
  record.row?.draw();
}

// --- what goes out ---

const following = () => pausedAt === null && !document.hidden;
const whole = () => sort !== null && kColumns[sort.column].live;

function subscribe() {
  const first = panel.record ? [panel.record] : [];
  const records = [...first, ...table.shown, ...market.listed.slice(0, kBusySymbols)];
  const wanted = watch({ following: following(), whole: whole(), pace: settings.pace, records });
  follows = wanted.follows;
  followed = market.listed.filter(follows);
  for (const record of market.listed) if (record.current && !follows(record)) setCurrent(record, false);
  if (!following() && wasFollowing) {
    ++turn;
    waiting = [];
  }
  wasFollowing = following();
  const now = turn + ' ' + wanted.streams.join();
  if (asked === now) return;
  asked = now;
  worker.postMessage({ want: wanted.streams, turn });
}

// --- painting ---

// Then asks for what has come meanwhile.
function paint() {
  let oldest = null;
  for (const item of waiting) {
    const record = market.symbols.get(item.quote.s);
    if (!record || !follows(record)) continue;
    take(record, item);
    if (item.events && (!oldest || item.here < oldest.here)) oldest = item;
  }
  waiting = [];
  if (oldest) header.drew(oldest.here, oldest.quote.producerTime);
  worker.postMessage({ pull: true });
}

function take(record, { quote, here, events, updates }) {
  const flashes = record.row && record.current ? { bid: direction(record.bid, quote.bid), ask: direction(record.ask, quote.ask) } : null;
  record.bid = quote.bid;
  record.bids = quote.bids;
  record.ask = quote.ask;
  record.asks = quote.asks;
  record.u = quote.u ?? null;
  record.current = true;
  record.events += events;
  record.updates += updates;
  if (quote.n) record.merged = quote.n;
  if (quote.producerTime) record.changedThere = quote.producerTime;
  record.row?.draw(flashes);
  if (record !== panel.record) return;
  if (events && quote.producerTime) panel.took(header.age(here, quote.producerTime));
  panel.draw();
}

function direction(before, after) {
  return before === after ? 0 : Math.sign(Number(after) - Number(before));
}

// --- the header and the panel ---

function presentState() {
  return pageState({ link, everOpen, status, p50: header.p50, paused: pausedAt !== null });
}

function show() {
  showState(presentState(), status);
  showDetail();
}

function showDetail() {
  const now = performance.now();
  const { state } = presentState();
  const since = { paused: pausedAt, silent: silentSince }[state] ?? null;
  const statusSinceMs = status?.since ? (header.serverNow() ?? Date.now()) - status.since : null;
  showStateDetail(presentState(), {
    retryInMs: retryAt === null ? null : retryAt - now,
    sinceMs: since === null ? statusSinceMs : now - since,
    behindMs: header.p50,
  });
}

function onGauges(now) {
  header.take(now);
  const { state, late } = presentState();
  header.show(state === 'live' || late, settings.pace);
  panel.showHops(header.hops());
  show();
}

// --- the rows ---

function showRows() {
  const matching = market.matching($('filter').value);
  const favourites = matching.filter((r) => settings.favourites.has(r.symbol));
  const only = $('only-favourites').getAttribute('aria-pressed') === 'true';
  const records = only ? favourites : sort ? matching : [...favourites, ...matching.filter((r) => !settings.favourites.has(r.symbol))];
  const all = market.listed.length;
  setText('count', all ? (records.length === all ? format.count(all) : `${format.count(records.length)} of ${format.count(all)}`) : '–');
  $('empty').hidden = records.length > 0;
  if (all) setText('empty', only && !favourites.length ? 'No favourites yet: the star beside a symbol makes it one.' : 'No symbol matches.');
  table.show(sorted(records, sort));
}

function filterRows() {
  table.scrollTo(0);
  showRows();
  subscribe();
}

function sortBy(column) {
  sort = nextSort(sort, column);
  for (const head of document.querySelectorAll('th[data-column]')) {
    const own = sort?.column === head.dataset.column;
    head.setAttribute('aria-sort', own ? (sort.direction > 0 ? 'ascending' : 'descending') : 'none');
  }
  filterRows();
}

function toggleFavourite(record) {
  const lit = settings.toggleFavourite(record.symbol);
  record.row?.star.press(lit);
  if (record === panel.record) $('detail-star').setAttribute('aria-pressed', lit);
  showRows();
}

function openDetail(record) {
  panel.open(record);
  document.body.classList.toggle('detail-open', record !== null);
  if (record) $('detail-star').setAttribute('aria-pressed', settings.favourites.has(record.symbol));
  showPanel(record !== null);
  subscribe();
}

// Where the panel lies over the table.
function showPanel(open) {
  document.body.classList.toggle('panel-open', open);
  $('latency').setAttribute('aria-expanded', open);
}

// Back to where the keyboard was before.
function closeAll() {
  openDetail(null);
  $('quotes').focus({ preventScroll: true });
}

function togglePause() {
  pausedAt = pausedAt === null ? performance.now() : null;
  $('pause').setAttribute('aria-pressed', pausedAt !== null);
  subscribe();
  show();
}

// --- what a user does ---

for (const head of document.querySelectorAll('th[data-column]')) {
  head.setAttribute('aria-sort', 'none');
  head.addEventListener('click', () => sortBy(head.dataset.column));
}
$('rows').addEventListener('click', (event) => {
  const record = market.symbols.get(event.target.closest('tr[data-symbol]')?.dataset.symbol);
  if (!record) return;
  table.choose(record);
  if (event.target.closest('.star')) return toggleFavourite(record);
  openDetail(record);
});
$('filter').addEventListener('input', filterRows);
$('only-favourites').addEventListener('click', () => {
  const pressed = $('only-favourites').getAttribute('aria-pressed') === 'true';
  $('only-favourites').setAttribute('aria-pressed', !pressed);
  filterRows();
});
$('pace').value = settings.pace = kPaces.includes(settings.pace) ? settings.pace : '';
$('pace').addEventListener('change', () => {
  settings.pace = $('pace').value;
  settings.save();
  subscribe();
});
$('single-keys').checked = settings.keys;
$('single-keys').addEventListener('change', () => {
  settings.keys = $('single-keys').checked;
  settings.save();
});
$('pause').addEventListener('click', togglePause);
$('detail-star').addEventListener('click', () => toggleFavourite(panel.record));
$('detail-close').addEventListener('click', closeAll);
$('close-panel').addEventListener('click', closeAll);
$('latency').addEventListener('click', () => {
  const open = !document.body.classList.contains('panel-open');
  openDetail(null);
  showPanel(open);
});
$('retry').addEventListener('click', () => worker.postMessage({ connect: true }));
window.addEventListener('online', () => link === 'waiting' && worker.postMessage({ connect: true }));
document.addEventListener('visibilitychange', subscribe);
listenToKeys({
  grid: $('quotes'),
  table,
  anywhere: () => settings.keys,
  on: {
    pause: togglePause,
    favourite: () => table.chosen && toggleFavourite(table.chosen),
    open() {
      if (!table.chosen) return;
      openDetail(table.chosen);
      $('detail-name').focus({ preventScroll: true });
    },
    filter() {
      $('filter').select();
      $('filter').focus();
    },
    escape() {
      if (document.activeElement === $('filter')) {
        $('filter').value = '';
        filterRows();
        $('filter').blur();
      } else if (document.body.classList.contains('panel-open')) {
        closeAll();
      }
    },
  },
});

// --- what time does ---

// Turns are of the clock, so that the time of a hidden tab is a gap.
function sample() {
  if (chores.busy) return;
  const turn = Math.round(performance.now() / kSampleMs);
  const trend = Math.floor(turn / kTrendEvery);
  const live = presentState().state === 'live';
  const pieces = [...samplingOf(followed, trend === lastTrend ? null : trend, live), () => panel.sample(turn), () => header.sample(turn, live)];
  if (trend !== lastTrend) pieces.push(() => table.drawTrends());
  lastTrend = trend;
  chores.start(whole() ? [...pieces, ...sortAgain()] : pieces);
}

// In two pieces. What the user has changed between them stands.
function sortAgain() {
  let before = null;
  let after = null;
  return [() => (after = sorted((before = table.records), sort)), () => table.records === before && table.show(after)];
}

setInterval(() => {
  const { state } = presentState();
  table.tick(header.serverNow());
  panel.tick(header.serverNow(), state === 'live');
  showDetail();
}, 250);
setInterval(() => worker.postMessage({ gauges: true }), 500);
setInterval(sample, kSampleMs);
subscribe();
worker.postMessage({ connect: true, pull: true });
