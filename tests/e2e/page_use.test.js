// SPDX-License-Identifier: Apache-2.0
//
// What one does with the live page, in a real browser: sorting, favourites, details, pace, pause, the keyboard, and a screen reader's view of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { kDesktop, kPhone, launch, noChromium, openPage, pill, shownRows } from './browser.js';
import { Exchange, Serve, noBinary, until } from './harness.js';
import { frozen, plain, samePrice, untilPill, untilRowsAre } from './page_rows.js';

const skip = noBinary() || noChromium();
const kAxe = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const text = (page, id) => page.textContent('#' + id);
const symbols = async (page) => (await shownRows(page)).map((row) => row.symbol);
const clickHead = (page, column) => page.click(`th[data-column="${column}"] button`);
const cells = (page, name) => page.$$eval(`#rows tr[data-symbol] .${name}`, (all) => all.slice(0, 20).map((each) => each.textContent));
const chosen = (page) => page.evaluate(() => document.querySelector('#rows .chosen')?.dataset.symbol);
const allCurrent = async (page) => (await shownRows(page)).every((row) => !row.old);
// Pixels of a canvas that are not empty.
const inked = (page, selector) =>
  page.$eval(selector, (canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width || 1, canvas.height || 1).data.filter((v, i) => i % 4 === 3 && v).length);
const bytes = async (page) => {
  const [number, unit] = (await text(page, 'bytes')).split(' ');
  return Number(number) * { 'B/s': 1, 'kB/s': 1e3, 'MB/s': 1e6 }[unit];
};

// What the browser itself calls a layout shift, but for a text that begins elsewhere on its line because it is aligned right and has changed.
const watchShifts = (page) =>
  page.evaluate(() => {
    window.shifts = [];
    const moved = ({ node, previousRect: from, currentRect: to }) => node?.nodeType !== Node.TEXT_NODE || Math.abs(from.top - to.top) > 1;
    const told = ({ node, previousRect: from, currentRect: to }) => `${node?.parentElement?.className}: ${from.x},${from.y} to ${to.x},${to.y}`;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(...entry.sources.filter(moved).map(told));
    }).observe({ type: 'layout-shift' });
  });

// A flash, or a colour on its way to another, is of a moment: axe judges what stays.
async function complaintsOfAxe(page) {
  await until('no colour changes', () => page.evaluate(() => document.getAnimations().length === 0));
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations, passes } = await page.evaluate((tags) => window.axe.run({ runOnly: tags, resultTypes: ['violations'] }), kAxe);
  assert.ok(passes.some((rule) => rule.id === 'color-contrast'), 'contrast was judged');
  return violations.flatMap((v) => v.nodes.slice(0, 4).map((n) => `${v.id}: ${n.target} ${n.any.map((each) => each.message).join(' ')}`));
}

describe('using the page', { skip, concurrency: false }, () => {
  let exchange;
  let serve;
  let browser;
  let page;

  before(async () => {
    exchange = await Exchange.start();
    serve = await Serve.start(exchange);
    await serve.ready(exchange);
    browser = await launch();
    page = await openPage(browser, serve.http, { ...kDesktop, colorScheme: 'light' });
    await untilPill(page, 'live');
    await until('rows are current', async () => (await symbols(page)).length > 5 && (await allCurrent(page)));
  });
  after(async () => {
    await browser?.close();
    await serve?.stop();
    await exchange?.stop();
  });

  test('sorts by any column: the whole market, both ways, and back to the list’s order', async () => {
    const listed = await symbols(page);
    await watchShifts(page);
    for (const column of ['bid-size', 'bid', 'ask', 'ask-size', 'spread', 'bp', 'trend', 'rate', 'changed', 'symbol']) {
      await clickHead(page, column);
      assert.equal(await page.getAttribute(`th[data-column="${column}"]`, 'aria-sort'), column === 'symbol' ? 'ascending' : 'descending');
      await until(`rows sorted by ${column} are current`, async () => (await symbols(page)).join() !== listed.join() && (await allCurrent(page)));
    }
    await clickHead(page, 'bp');
    const numbers = async () => (await cells(page, 'bp')).map(Number);
    await frozen(exchange, async (values) => {
      const widest = Math.max(...[...values.values()].map((v) => v.split(' ').map(Number)).filter(([b, , a]) => b && a).map(([b, , a]) => ((a - b) / ((a + b) / 2)) * 1e4));
      await until('the widest spread of the market is on top', async () => {
        const shown = await numbers();
        return Math.abs(shown[0] - widest) <= 0.5 && shown.every((bp, i) => i === 0 || bp <= shown[i - 1]);
      });
      await untilRowsAre(page, values);
    });
    await clickHead(page, 'bp');
    await until('the narrowest come first', async () => (await cells(page, 'bp'))[0] === '<0.01');
    await clickHead(page, 'bp');
    await until('the list’s order is back', async () => (await symbols(page)).join() === listed.join());
    assert.deepEqual(await page.evaluate(() => window.shifts), [], 'nothing shifts');
  });

  test('another order and back at once, in a market at rest, leaves no row grey', async () => {
    await clickHead(page, 'bp'); // of all symbols
    await until('rows sorted by bp are current', () => allCurrent(page));
    await frozen(exchange, async (values) => {
      for (const column of ['symbol', 'bp']) await page.evaluate((c) => document.querySelector(`th[data-column="${c}"] button`).click(), column);
      await untilRowsAre(page, values);
    });
    await clickHead(page, 'bp');
    await clickHead(page, 'bp'); // the list's order
  });

  test('curves are drawn: of each row’s mid price, of the header’s rate and age', async () => {
    await until('the first row’s curve', () => inked(page, '#rows tr[data-symbol] .trend canvas'));
    assert.match(await page.textContent('#rows tr[data-symbol] .trend .spoken'), /%$/);
    for (const id of ['rate-curve', 'age-curve']) await until(id, () => inked(page, '#' + id));
  });

  test('favourites come first, can be shown alone, and are kept in the browser', async () => {
    const [, second, , , fifth] = await symbols(page);
    for (const symbol of [fifth, second]) await page.click(`tr[data-symbol="${symbol}"] .star`);
    assert.deepEqual((await symbols(page)).slice(0, 2), [second, fifth]);
    await page.reload();
    await until('they come first again', async () => (await symbols(page)).slice(0, 2).join() === [second, fifth].join());
    assert.equal(await page.getAttribute(`tr[data-symbol="${fifth}"] .star`, 'aria-pressed'), 'true');
    await page.click('#only-favourites');
    assert.deepEqual(await symbols(page), [second, fifth]);
    await page.click('#only-favourites');
    for (const symbol of [second, fifth]) await page.click(`tr[data-symbol="${symbol}"] .star`);
    assert.notEqual((await symbols(page))[0], second);
  });

  test('a symbol’s details: exact values, spread in basis points, rates and merged counts', async () => {
    await untilPill(page, 'live');
    await page.click('#rows tr[data-symbol="ETHUSDT"] .symbol b');
    assert.equal(await text(page, 'detail-name'), 'ETH/USDT');
    await until('rates are told', async () => /^[\d.,]+\/s$/.test(await text(page, 'detail-updates')) && /^[\d.,]+\/s$/.test(await text(page, 'detail-events')));
    await until('merged counts are told', async () => Number(await text(page, 'detail-merged')) >= 1 && Number(await text(page, 'detail-mean')) >= 1);
    for (const id of ['detail-mids', 'detail-ages']) await until(id, () => inked(page, '#' + id));
    await frozen(exchange, async (values) => {
      const [bid, , ask] = values.get('ETHUSDT').split(' ');
      await until('bid and ask are the exchange’s', async () => samePrice(await text(page, 'detail-bid'), bid) && samePrice(await text(page, 'detail-ask'), ask));
      const bp = ((ask - bid) / ((Number(ask) + Number(bid)) / 2)) * 1e4;
      const shown = await text(page, 'detail-bp');
      assert.ok(shown === '<0.01' ? bp < 0.01 : Math.abs(Number(shown) - bp) < 0.006, `${shown} is not ${bp}`);
      assert.ok(Math.abs(Number(plain(await text(page, 'detail-mid'))) - (Number(bid) + Number(ask)) / 2) < 1e-9, 'the mid price is exact');
      await until('and the id', async () => /^\d+$/.test(await text(page, 'detail-u')));
    });
    await page.click('#detail-close');
    assert.ok(await page.isHidden('#detail'));
  });

  test('latency by hop: each hop with a figure, none below zero, and how the clock is estimated', async () => {
    const figures = (hop) => page.$$eval(`#hop-${hop} td`, (all) => all.map((td) => td.textContent));
    for (const hop of ['sent', 'received', 'drawn', 'all']) {
      await until(`hop ${hop} is told`, async () => (await figures(hop)).every((each) => /^\d[\d.]* (ms|s)$/.test(each)));
    }
    assert.match(await text(page, 'clock-offset'), /^[+−]\d[\d.]* m?s ± \d[\d.]* m?s$/);
    assert.match(await text(page, 'clock-trips'), /^\d+, fastest \d/);
    assert.match(await page.textContent('#panel .note'), /clock is estimated from round trips/);
  });

  test('a slower pace costs fewer bytes, and the page tells how many', async () => {
    await clickHead(page, 'rate'); // the whole market, so that there is much to save
    await until('all of it comes', async () => (await bytes(page)) > 50_000 && (await text(page, 'streams')) === '3');
    const fast = await bytes(page);
    await page.selectOption('#pace', '3000ms');
    await until('fewer bytes are received', async () => (await bytes(page)) < fast * 0.8 && / % of [\d.]+ [kM]?B\/s$/.test(await text(page, 'saved')));
    await page.reload();
    assert.equal(await page.inputValue('#pace'), '3000ms', 'it is kept');
    await page.selectOption('#pace', '');
    await frozen(exchange, (values) => untilRowsAre(page, values));
  });

  test('pause stops what comes, greys what is shown, and the end of it begins with the newest', async () => {
    await page.click('#pause');
    await untilPill(page, 'paused');
    assert.ok((await shownRows(page)).every((row) => row.old));
    await until('only the state is still subscribed to', async () => (await text(page, 'streams')) === '1');
    const then = await shownRows(page);
    const before = await exchange.values();
    await until('the market moves on', async () => [...(await exchange.values())].filter(([s, v]) => before.get(s) !== v).length > 100);
    assert.deepEqual(await shownRows(page), then);
    assert.match(await text(page, 'state-detail'), /^for \d+ s$/);
    await page.click('#pause');
    await untilPill(page, 'live');
    await frozen(exchange, (values) => untilRowsAre(page, values));
  });

  test('the keyboard: choose, open, close, favourite, pause, and single keys can be switched off', async () => {
    const listed = await symbols(page);
    await page.focus('#quotes');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await chosen(page), listed[1]);
    assert.equal(await page.evaluate(() => document.getElementById(document.getElementById('quotes').getAttribute('aria-activedescendant')).dataset.symbol), listed[1]);
    await page.keyboard.press('End');
    const last = await chosen(page);
    assert.ok((await symbols(page)).includes(last) && !listed.includes(last), 'the last row is on screen');
    await page.keyboard.press('PageUp');
    assert.notEqual(await chosen(page), last);
    await page.keyboard.press('Home');
    assert.equal(await chosen(page), listed[0]);
    await page.keyboard.press('f');
    assert.equal(await page.getAttribute('#rows .chosen .star', 'aria-pressed'), 'true');
    await page.keyboard.press('f');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'detail-name');
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'quotes');
    await page.keyboard.press('p');
    assert.equal(await pill(page), 'paused');
    await page.keyboard.press('p');
    await page.click('#single-keys');
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('p');
    await page.keyboard.press('/');
    assert.notEqual(await pill(page), 'paused');
    assert.notEqual(await page.evaluate(() => document.activeElement.id), 'filter');
    await page.click('#single-keys');
  });

  test('a screen reader is told the state and the chosen row, and nothing at each tick', async () => {
    await untilPill(page, 'live');
    await page.focus('#quotes');
    await page.keyboard.press('Home');
    await page.evaluate(() => {
      window.told = { live: 0, rows: 0, chosen: 0 };
      const count = (what, target, options) => new MutationObserver((list) => (window.told[what] += list.length)).observe(target, options);
      for (const region of document.querySelectorAll('[role=status], [role=alert], [role=log], [aria-live]:not([aria-live=off])')) {
        count('live', region, { childList: true, characterData: true, subtree: true });
      }
      count('rows', document.getElementById('rows'), { characterData: true, subtree: true });
      count('chosen', document.querySelector('#rows .chosen'), { attributes: true, attributeFilter: ['aria-label'] });
    });
    await until('rows have changed many times', () => page.evaluate(() => window.told.rows > 500));
    const told = await page.evaluate(() => window.told);
    assert.equal(told.live, 0);
    assert.equal(told.chosen, 0);
    assert.match(await page.getAttribute('#rows .chosen', 'aria-label'), /^BTC USDT: bid [\d,.]+, ask [\d,.]+, spread \S+ basis points$/);
    assert.equal(await page.getAttribute('#quotes', 'aria-live'), 'off');
  });

  test('axe finds nothing: light, dark and paused, on a phone, with details open', async () => {
    await page.click('#rows tr[data-symbol="ETHUSDT"] .symbol b');
    await page.setViewportSize({ width: 1280, height: 440 }); // few rows: they are all alike
    await exchange.freeze();
    const found = { light: await complaintsOfAxe(page) };
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.click('#pause');
    await untilPill(page, 'paused');
    found.darkPaused = await complaintsOfAxe(page);
    assert.deepEqual(page.complaints, []);
    await page.close();
    const phone = await openPage(browser, serve.http, { ...kPhone, viewport: { width: 390, height: 500 }, colorScheme: 'dark' });
    await until('rows are there', async () => (await shownRows(phone)).length > 5);
    await phone.tap('#latency');
    assert.ok(await phone.isVisible('#hops-name'));
    await phone.tap('#close-panel');
    await phone.tap('#rows tr[data-symbol="ETHUSDT"] .symbol b');
    assert.ok(await phone.isVisible('#detail-bp'));
    found.phone = await complaintsOfAxe(phone);
    await exchange.resume();
    assert.equal(Object.values(found).flat().length, 0, JSON.stringify(found, null, 1));
  });
});
