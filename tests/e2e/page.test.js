// SPDX-License-Identifier: Apache-2.0
//
// The live page in a real browser.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kDesktop, kPhone, launch, noChromium, openPage, pill, shownRows } from './browser.js';
import { Exchange, Process, Serve, noBinary, until } from './harness.js';
import { frozen, plain, scrollTo, untilPill, untilRowsAre } from './page_rows.js';

const skip = noBinary() || noChromium();

describe('the page', { skip, concurrency: false }, () => {
  let exchange;
  let serve;
  let browser;
  let page;

  before(async () => {
    exchange = await Exchange.start();
    serve = await Serve.start(exchange);
    browser = await launch();
    page = await openPage(browser, serve.http, { ...kDesktop, colorScheme: 'dark' });
  });
  after(async () => {
    await browser?.close();
    await serve?.stop();
    await exchange?.stop();
  });

  test('becomes live, lists every symbol and moves', async () => {
    await untilPill(page, 'live');
    const symbols = await exchange.symbols();
    await until('the header counts every symbol', async () => plain(await page.textContent('#count')) === String(symbols.length));
    await until('updates per second are told', async () => Number(plain(await page.textContent('#rate'))) > 50);
    await until('the age is told', async () => /\d (ms|s)$/.test(await page.textContent('#p99')));
    await page.waitForSelector('td.up0, td.up1');
    await page.waitForSelector('td.down0, td.down1');
    const age = (await page.textContent('#p50')).replace(' ms', '');
    assert.ok(Number(age) >= 0 && Number(age) < 1000, `p50 is ${age}`);
  });

  test('shows the exchange’s last values, wherever one scrolls', async () => {
    await frozen(exchange, async (values) => {
      for (const where of [0, 0.5, 1]) {
        await scrollTo(page, where);
        await untilRowsAre(page, values);
      }
    });
    await scrollTo(page, 0);
  });

  test('filters: slash reaches the box, base and quote asset find a pair, escape brings all back', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('sol/btc');
    await until('one row is left', async () => (await shownRows(page)).map((r) => r.symbol).join() === 'SOLBTC');
    assert.match(await page.textContent('#count'), /^1 of /);
    await page.fill('#filter', 'no such thing');
    await page.waitForSelector('#empty:not([hidden])');
    await page.focus('#filter');
    await page.keyboard.press('Escape');
    await until('all rows are back', async () => (await shownRows(page)).length > 5);
  });

  test('keeps within the limits of a connection while one scrolls through all of it', async () => {
    for (let part = 0; part <= 1; part += 0.04) {
      await scrollTo(page, part);
      await page.waitForTimeout(40);
    }
    await until('the rows at the end are current', async () => (await shownRows(page)).every((r) => !r.old));
    await scrollTo(page, 0);
    await until('the rows at the top are current', async () => (await shownRows(page)).every((r) => !r.old));
    assert.equal(await pill(page), 'live');
    assert.deepEqual(page.complaints, []);
  });

  test('says so when the exchange is gone, greys its prices, and is live again when it is back', async () => {
    const grey = () => page.evaluate(() => getComputedStyle(document.querySelector('#rows .bid')).color);
    await page.mouse.move(0, 0);
    const before = await grey();
    const { port } = exchange;
    await exchange.stop('SIGKILL');
    await until('the pill says so', async () => ['down', 'stale'].includes(await pill(page)));
    await until('prices are grey', async () => (await grey()) !== before);
    assert.match(await page.textContent('#state-detail'), /^for /);
    exchange = await Exchange.start({ port });
    await untilPill(page, 'live');
    await until('prices are coloured', async () => (await grey()) === before);
    assert.deepEqual(page.complaints, []);
  });

  test('says offline with a countdown when the server is killed, and is live again when it is back', async () => {
    const { port } = serve;
    await serve.stop('SIGKILL');
    await untilPill(page, 'offline');
    await until('the countdown runs', async () => /^retry in \d+ s$/.test(await page.textContent('#state-detail')));
    assert.ok((await shownRows(page)).every((r) => r.old), 'no price is shown as current');
    serve = await Serve.start(exchange, { port });
    await untilPill(page, 'live');
    await serve.ready(exchange);
    await frozen(exchange, (values) => untilRowsAre(page, values));
    // Chromium itself logs each connection that is refused while there is no server.
    assert.deepEqual(page.complaints.filter((text) => !/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|Failed to fetch/.test(text)), []);
  });

  test('is dark or light as the system is, and fits a phone', async () => {
    await page.close(); // one page at a time: each paints as fast as it can
    const looks = [];
    for (const [name, options] of Object.entries({ desktop: kDesktop, phone: kPhone })) {
      for (const colorScheme of ['dark', 'light']) {
        const other = await openPage(browser, serve.http, { ...options, colorScheme });
        await untilPill(other, 'live');
        await until('rows are there', async () => (await shownRows(other)).length > 5);
        const look = await other.evaluate((screenWidth) => {
          // A phone's browser widens its window to what does not fit.
          const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
          const cells = [...document.querySelectorAll('#rows tr[data-symbol] td, #rows tr[data-symbol] th')].slice(0, 40);
          return {
            dark: r + g + b < 384,
            overflow: Math.max(document.documentElement.scrollWidth, document.getElementById('scroller').scrollWidth) - screenWidth,
            offScreen: cells.filter((c) => c.getBoundingClientRect().right > screenWidth || c.getBoundingClientRect().left < 0).length,
            cut: cells.filter((c) => c.matches('.bid, .ask') && c.scrollWidth > c.clientWidth).length,
          };
        }, options.viewport.width);
        looks.push({ name, colorScheme, ...look, complaints: other.complaints });
        await other.context().close();
      }
    }
    for (const look of looks) {
      const told = JSON.stringify(look);
      assert.equal(look.dark, look.colorScheme === 'dark', told);
      assert.ok(look.overflow <= 0 && look.offScreen === 0 && look.cut === 0, told);
      assert.deepEqual(look.complaints, [], told);
    }
  });

  test('nothing shifts: every box stays where it was, from the first frame on', async () => {
    const other = await browser.newPage(kDesktop);
    other.setDefaultTimeout(60_000);
    await other.addInitScript(() => {
      const kFixed = { header: '.bar > :not(.pill), .gauges > div, #scroller, thead th', rows: '#rows tr[data-symbol]:nth-child(-n+10) td' };
      window.layouts = { header: new Set(), rows: new Set() };
      const look = () => {
        for (const [part, selector] of Object.entries(kFixed)) {
          const boxes = [...document.querySelectorAll(selector)].map((e) => e.getBoundingClientRect());
          const layout = boxes.map((b) => [b.left, b.top, b.width, b.height].join(' ')).join('; ');
          if (document.readyState === 'complete' && layout) window.layouts[part].add(layout);
        }
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await other.goto(serve.http);
    await untilPill(other, 'live');
    await other.waitForSelector('td.up0, td.up1');
    await other.waitForSelector('td.down0, td.down1');
    const layouts = await other.evaluate(() => [[...window.layouts.header], [...window.layouts.rows]]);
    for (const seen of layouts) assert.equal(seen.length, 1, seen.join('\n'));
    await other.close();
  });

  test('its files carry the policy and an ETag that is answered with 304', async () => {
    const first = await fetch(serve.http + '/app.js');
    assert.match(first.headers.get('content-security-policy'), /^default-src 'none'/);
    assert.equal(first.headers.get('content-type'), 'text/javascript; charset=utf-8');
    const again = await fetch(serve.http + '/app.js', { headers: { 'If-None-Match': first.headers.get('etag') } });
    assert.equal(again.status, 304);
  });

  test('a simulated market is called one', async () => {
    const demo = new Process(['demo', '--simulate', '--listen', '127.0.0.1:0']);
    const port = await demo.listening();
    const other = await openPage(browser, `http://127.0.0.1:${port}/`, kDesktop);
    await untilPill(other, 'live');
    assert.equal(await other.textContent('#origin'), 'Simulated');
    await other.context().close();
    await demo.stop();
  });
});
