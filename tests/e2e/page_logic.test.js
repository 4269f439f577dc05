// SPDX-License-Identifier: Apache-2.0
//
// The parts of the page that need no browser.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as format from '../../web/format.js';
import { ClockOffset, Percentiles, Rate } from '../../web/gauges.js';
import { Market } from '../../web/market.js';
import { kLateMs, pageState } from '../../web/state.js';

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
