// SPDX-License-Identifier: Apache-2.0
//
// The parts of the page that need no browser.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Awake, kAsleepMs } from '../../web/awake.js';
import * as format from '../../web/format.js';
import { ClockOffset, Percentiles, Rate, ages } from '../../web/gauges.js';
import { History } from '../../web/history.js';
import { Market } from '../../web/market.js';
import { Newest } from '../../web/newest.js';
import { nextSort, sorted } from '../../web/order.js';
import { Settings } from '../../web/settings.js';
import { kLateMs, pageState } from '../../web/state.js';
import { watch } from '../../web/watch.js';

describe('format', () => {
  test('decimals are cut to the grid, never rounded', () => {
    assert.equal(format.gridDigits('0.01000000'), 2);
    assert.equal(format.gridDigits('1.00000000'), 0);
    assert.equal(format.decimal('25.35190000', 4), '25.3519');
    assert.equal(format.decimal('25.30000000', 4), '25.3000');
    assert.equal(format.decimal('25.35190001', 4), '25.35190001');
    assert.equal(format.decimal('97412.35000000', 2), '97,412.35');
    assert.equal(format.decimal('1234567', 0), '1,234,567');
    assert.equal(format.decimal('0.00000123', 8), '0.00000123');
  });

  test('a side without orders shows a dash', () => {
    assert.equal(format.price('0.00000000', 2), '–');
    assert.deepEqual(format.spread('0.00', '1.00', 2), { text: '–', bp: '–' });
  });

  test('the spread is exact where floating point is not', () => {
    assert.deepEqual(format.spread('0.10000000', '0.30000000', 1), { text: '0.2', bp: '10000' });
    assert.equal(format.spread('9007199254740993.01', '9007199254740993.02', 2).text, '0.01');
    assert.deepEqual(format.spread('60000.00', '60000.01', 2), { text: '0.01', bp: '<0.01' });
    assert.equal(format.spread('2.00', '1.50', 2).text, '-0.50');
    assert.equal(format.spread('100', '101', 0).text, '1');
  });

  test('long sizes are abbreviated', () => {
    assert.equal(format.size('31.21000000', 2), '31.21');
    assert.equal(format.size('1234567.80000000', 1), '1,234,567.8');
    assert.equal(format.size('123456789.80000000', 1), '123,456,789');
    assert.equal(format.size('8512345678.00000000', 0), '8.512B');
  });

  test('times', () => {
    assert.deepEqual([999, 1000, 61_000, 7_300_000, 3 * 86_400_000].map(format.elapsed), ['now', '1 s', '1 min', '2 h', '3 d']);
    assert.deepEqual([null, 0.25, 12.34, 250, 2500].map(format.age), ['–', '0.25 ms', '12.3 ms', '250 ms', '2.5 s']);
  });

  test('the middle of bid and ask is exact', () => {
    assert.equal(format.mid('63088.49', '63088.50', 2), '63,088.495');
    assert.equal(format.mid('9007199254740993.01', '9007199254740993.03', 2), '9,007,199,254,740,993.02');
    assert.equal(format.mid('2', '3', 0), '2.5');
    assert.equal(format.mid('0.00', '3.00', 2), '–');
  });

  test('bytes, rates, changes and offsets', () => {
    assert.deepEqual([0, 999, 1000, 48_230, 999_400, 1_414_000].map(format.bytes), ['0 B/s', '999 B/s', '1.00 kB/s', '48.2 kB/s', '999 kB/s', '1.41 MB/s']);
    assert.deepEqual([null, 0.01, 3.14, 41.7].map(format.rate), ['–', '0', '3.1', '42']);
    assert.deepEqual([null, 0.0123, -0.5, -0.00001].map(format.change), ['–', '+1.23 %', '-50.00 %', '0.00 %']);
    assert.deepEqual([-0.25, 12.34].map(format.signed), ['−0.25 ms', '+12.3 ms']);
  });

  test('only ASCII letters have a lower case', () => assert.equal(format.lowerAscii('币安İUSDT'), '币安İusdt'));
});

describe('gauges', () => {
  test('the rate is of the last two seconds', () => {
    const rate = new Rate();
    for (let t = 0; t < 5000; t += 10) rate.add(t, 1);
    assert.equal(Math.round(rate.perSecond(5000)), 100);
    assert.equal(Math.round(rate.perSecond(6000)), 50);
    assert.equal(rate.perSecond(60_000), 0);
  });

  test('a young rate is not diluted by the time before it', () => {
    const rate = new Rate();
    for (let t = 10_000; t < 10_500; t += 10) rate.add(t, 1);
    assert.equal(Math.round(rate.perSecond(10_500)), 100);
  });

  test('percentiles are of the last ten seconds', () => {
    const ages = new Percentiles();
    assert.deepEqual(ages.at(0, [0.5]), [null]);
    for (let i = 1; i <= 100; ++i) ages.add(i, i);
    assert.deepEqual(ages.at(100, [0.5, 0.99]), [51, 100]);
    ages.add(11_000, 7);
    assert.deepEqual(ages.at(11_000, [0.5]), [7]);
  });

  // The true offset lies within the stated bounds whatever the delays were, and the bounds hold under a drift of the clocks.
  test('the clock offset keeps the true one within its bounds', () => {
    const offset = -1234.5;
    const clock = new ClockOffset();
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let t = 0; t < 120_000; t += 100) {
      const drift = t * 10e-6;
      const there = t + offset + drift + 1 + random() * 20;
      const back = there - offset - drift + 1 + random() * 20;
      if (t % 1000 === 0) clock.answered(t, there, back);
      else clock.received(there, back);
      if (!clock.known) continue;
      const error = Math.abs(clock.value - (offset + drift));
      assert.ok(error <= clock.uncertainty + 0.01, `at ${t}: ${error} is not within ${clock.uncertainty}`);
    }
    assert.ok(clock.uncertainty < 5, `${clock.uncertainty}`);
  });
});

describe('ages', () => {
  test('are never below zero, and not told while the clocks’ offset is not known', () => {
    const raw = new Percentiles();
    for (let i = 0; i < 100; ++i) raw.add(i, -5 + i / 20);
    assert.deepEqual(ages(raw, 100, null), { p50: null, p99: null });
    assert.deepEqual(ages(raw, 100, 4), { p50: 1.5, p99: 3.95 });
    assert.deepEqual(ages(raw, 100, 0), { p50: 0, p99: 0 });
  });
});

describe('history', () => {
  const values = (history) => Array.from({ length: History.kPoints }, (_, i) => history.at(i));

  test('keeps the newest samples in order, and what was left out is a gap', () => {
    const history = new History();
    assert.equal(history.range(), null);
    history.push(1, 1);
    history.push(2, 2);
    history.push(5, 5);
    assert.deepEqual(values(history).slice(-5), [1, 2, NaN, NaN, 5]);
    assert.deepEqual(history.range(), { low: 1, high: 5, first: 1, last: 5 });
    assert.equal(history.change(), 4);
    for (let turn = 6; turn < 200; ++turn) history.push(turn, turn);
    assert.deepEqual(values(history), Array.from({ length: History.kPoints }, (_, i) => 200 - History.kPoints + i));
  });

  test('nothing is left of it after a long absence', () => {
    const history = new History();
    for (let turn = 1; turn <= 100; ++turn) history.push(turn, turn);
    history.push(7, 1000);
    assert.deepEqual(history.range(), { low: 7, high: 7, first: 7, last: 7 });
  });
});

describe('awake', () => {
  test('a thread that did not run for seconds was asleep, and tells what its monotonic clock missed', () => {
    const awake = new Awake(1000, 50_000);
    assert.equal(awake.look(1500, 50_500), null);
    assert.deepEqual(awake.look(1500 + kAsleepMs + 1, 50_500 + kAsleepMs + 1), { asleepMs: kAsleepMs + 1, missedMs: 0 });
    assert.deepEqual(awake.look(7001, 50_500 + kAsleepMs + 60_001), { asleepMs: 60_000, missedMs: 59_500 });
    assert.equal(awake.look(7501, 50_500 + kAsleepMs + 60_501), null);
    assert.equal(awake.look(8001, 100), null, 'a clock that was set back is no sleep');
  });
});

describe('the newest quotes', () => {
  const quote = (u, n, s = 'BTCUSDT') => ({ s, u, n });

  test('one of a symbol waits, with the count of what was merged in it', () => {
    const newest = new Newest();
    newest.take(quote(1), 'btcusdt@quote', 1000, false);
    newest.take(quote(2, 1), 'btcusdt@quote', 1010, true);
    newest.take(quote(5, 3), 'btcusdt@quote', 1020, true);
    newest.take(quote(9, 1, 'ETHUSDT'), 'ethusdt@quote', 1030, true);
    assert.deepEqual(newest.pass(1), [{ quote: quote(5, 3), here: 1020, events: 2, updates: 4 }]);
    assert.deepEqual(newest.pass(9).map((each) => each.quote.s), ['ETHUSDT']);
    assert.deepEqual(newest.pass(9), []);
  });

  test('a change of pace does not go back to an older quote, and an exchange that starts over is followed', () => {
    const newest = new Newest();
    const take = (u, stream, here) => {
      newest.take(quote(u, 1), stream, here, true);
      return newest.pass(9)[0].quote.u;
    };
    assert.equal(take(10, 'btcusdt@quote', 1000), 10);
    assert.equal(take(8, 'btcusdt@quote@3000ms', 1100), 10, 'as that pace last showed it');
    assert.equal(take(12, 'btcusdt@quote@3000ms', 4100), 12);
    assert.equal(take(3, 'btcusdt@quote@3000ms', 7100), 3, 'the same stream never goes back but for a new order');
    assert.equal(take(2, 'btcusdt@quote', 60_000), 2);
  });
});

describe('order', () => {
  const record = (symbol, bid, ask, more) => ({ symbol, bid, bids: '1', ask, asks: '1', changedThere: null, rate: null, mids: null, ...more });
  const records = [record('A', '9.0', '9.9'), record('B', '', ''), record('C', '100.0', '100.1', { rate: 3 }), record('D', '0.00', '5.0'), record('E', '9.0', '9.1')];
  const names = (sort) => sorted(records, sort).map((r) => r.symbol).join('');

  test('as numbers, what is not known last either way', () => {
    assert.equal(names({ column: 'bid', direction: -1 }), 'CAEBD');
    assert.equal(names({ column: 'bid', direction: 1 }), 'AECBD');
    assert.equal(names({ column: 'bp', direction: -1 }), 'AECBD');
    assert.equal(names({ column: 'rate', direction: -1 }), 'CABDE');
    assert.equal(names({ column: 'symbol', direction: -1 }), 'EDCBA');
    assert.equal(sorted(records, null), records);
  });

  test('a column’s clicks: its first direction, the other, the list’s own order', () => {
    const first = nextSort(null, 'bp');
    assert.deepEqual(first, { column: 'bp', direction: -1 });
    const second = nextSort(first, 'bp');
    assert.deepEqual(second, { column: 'bp', direction: 1 });
    assert.equal(nextSort(second, 'bp'), null);
    assert.deepEqual(nextSort(second, 'symbol'), { column: 'symbol', direction: 1 });
  });
});

describe('what is watched', () => {
  const records = ['btc', 'eth', 'btc'].map((name) => ({ stream: `${name}usdt@quote` }));
  records[2] = records[0];

  test('the rows at hand at the pace chosen, each once', () => {
    const { streams, follows } = watch({ following: true, whole: false, pace: '250ms', records });
    assert.deepEqual(streams, ['!status', 'btcusdt@quote@250ms', 'ethusdt@quote@250ms']);
    assert.deepEqual([records[1], {}].map(follows), [true, false]);
  });

  test('the whole market in arrays, and beside it only what tells the time', () => {
    const { streams, follows } = watch({ following: true, whole: true, pace: '', records });
    assert.deepEqual(streams, ['!status', '!quote@arr', 'btcusdt@quote@3000ms']);
    assert.ok(follows({}));
  });

  test('nothing but the state while nobody looks', () => {
    const { streams, follows } = watch({ following: false, whole: true, pace: '', records });
    assert.deepEqual(streams, ['!status']);
    assert.ok(!follows(records[0]));
  });

  test('no more streams than a connection may hold', () => {
    const many = Array.from({ length: 1400 }, (_, i) => ({ stream: `s${i}@quote` }));
    assert.ok(watch({ following: true, whole: false, pace: '', records: many }).streams.length < 1024);
  });
});

describe('settings', () => {
  const storage = (text = null) => ({ text, getItem: () => text, setItem(_, value) { this.text = value; } });
  const defaults = { pace: '', keys: true };

  test('favourites, pace and keys are found again', () => {
    const kept = storage();
    const before = new Settings(kept, defaults);
    before.pace = '500ms';
    before.keys = false;
    assert.ok(before.toggleFavourite('BTCUSDT'));
    const after = new Settings(storage(kept.text), defaults);
    assert.deepEqual([after.pace, after.keys, [...after.favourites]], ['500ms', false, ['BTCUSDT']]);
    assert.ok(!after.toggleFavourite('BTCUSDT'));
  });

  test('what cannot be read is as if it were not there, and without storage all else works', () => {
    for (const text of ['', 'null', '{', '[1]', '{"pace":5,"keys":"no","favourites":[7,null]}']) {
      const { pace, keys, favourites } = new Settings(storage(text), defaults);
      assert.deepEqual([pace, keys, favourites.size], ['', true, 0], text);
    }
    assert.ok(new Settings(null, defaults).toggleFavourite('BTCUSDT'));
  });
});

describe('the state', () => {
  const open = { link: 'open', everOpen: true, status: { state: 'live' }, p50: 3 };
  const state = (change) => pageState({ ...open, ...change }).state;

  test('is live only when the connection is open, the server says so, and quotes are not late', () => {
    assert.deepEqual(pageState(open), { state: 'live', late: false });
    assert.equal(state({ link: 'waiting' }), 'offline');
    assert.equal(state({ link: 'connecting' }), 'offline');
    assert.equal(state({ link: 'connecting', everOpen: false }), 'connecting');
    assert.equal(state({ status: null }), 'connecting');
    for (const told of ['connecting', 'stale', 'down']) assert.equal(state({ status: { state: told } }), told);
    assert.equal(state({ status: { state: 'a word of another version' } }), 'stale');
  });

  test('a silent server and a paused page are not live, whatever else is known', () => {
    assert.equal(state({ link: 'silent' }), 'silent');
    assert.equal(state({ paused: true }), 'paused');
    assert.equal(state({ paused: true, link: 'silent' }), 'silent');
    assert.equal(state({ paused: true, link: 'waiting' }), 'offline');
  });

  test('quotes with a median age of seconds are stale, whatever the server says', () => {
    assert.deepEqual(pageState({ ...open, p50: kLateMs }), { state: 'live', late: false });
    assert.deepEqual(pageState({ ...open, p50: kLateMs + 1 }), { state: 'stale', late: true });
    assert.equal(kLateMs, 5000);
    assert.equal(state({ p50: null }), 'live', 'an age that is not known says nothing');
    assert.deepEqual(pageState({ ...open, status: { state: 'down' }, p50: 60_000 }), { state: 'down', late: false });
    assert.equal(state({ link: 'waiting', p50: 60_000 }), 'offline');
  });
});

describe('market', () => {
  const info = (symbol, baseAsset, quoteAsset, status = 'TRADING') => ({ symbol, status, baseAsset, quoteAsset, filters: [] });
  const listed = () => {
    const market = new Market();
    market.list([info('ZZZUSDT', 'ZZZ', 'USDT'), info('ETHBTC', 'ETH', 'BTC'), info('BTCUSDT', 'BTC', 'USDT'), info('OLDUSDT', 'OLD', 'USDT', 'BREAK')]);
    return market;
  };
  const names = (records) => records.map((r) => r.symbol);

  test('the most watched come first, what does not trade is left out', () => {
    assert.deepEqual(names(listed().listed), ['BTCUSDT', 'ZZZUSDT', 'ETHBTC']);
  });

  test('the filter takes parts of a symbol, or base and quote asset', () => {
    const market = listed();
    assert.deepEqual(names(market.matching('btc')), ['BTCUSDT', 'ETHBTC']);
    assert.deepEqual(names(market.matching('btc/')), ['BTCUSDT']);
    assert.deepEqual(names(market.matching('/btc')), ['ETHBTC']);
    assert.deepEqual(names(market.matching(' eth btc ')), ['ETHBTC']);
    assert.deepEqual(names(market.matching('nothing')), []);
  });

  test('records outlive a new listing, and REST never overwrites what the stream has confirmed', () => {
    const market = listed();
    const btc = market.symbols.get('BTCUSDT');
    btc.current = true;
    btc.bid = '2';
    market.seed([{ symbol: 'BTCUSDT', bidPrice: '1', bidQty: '1', askPrice: '1', askQty: '1' }]);
    market.list([info('BTCUSDT', 'BTC', 'USDT')]);
    assert.equal(market.symbols.get('BTCUSDT'), btc);
    assert.equal(btc.bid, '2');
  });
});
