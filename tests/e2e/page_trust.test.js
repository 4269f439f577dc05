// SPDX-License-Identifier: Apache-2.0
//
// The live page never shows an old price as a current one: a server that falls silent, a hidden tab, a browser that was asleep, a source gone quiet.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kAsleepMs } from '../../web/awake.js';
import { kDesktop, launch, noChromium, openPage, pill, shownRows } from './browser.js';
import { Exchange, Serve, noBinary, until } from './harness.js';
import { frozen, untilPill, untilRowsAre } from './page_rows.js';

const skip = noBinary() || noChromium();

// Every way to look current is gone: the state is not live, or the row is grey.
const looksCurrent = async (page) => (await pill(page)) === 'live' && (await shownRows(page)).some((row) => !row.old);
const streams = (page) => page.textContent('#streams');

describe('what the page shows as current', { skip, concurrency: false }, () => {
  let exchange;
  let serve;
  let browser;
  let page;

  before(async () => {
    exchange = await Exchange.start();
    serve = await Serve.start(exchange);
    await serve.ready(exchange);
    browser = await launch();
    page = await openPage(browser, serve.http, { ...kDesktop, colorScheme: 'dark' });
    await untilPill(page, 'live');
    await frozen(exchange, (values) => untilRowsAre(page, values));
  });
  after(async () => {
    await browser?.close();
    await serve?.stop('SIGKILL');
    await exchange?.stop();
  });

  test('a server that falls silent: grey, with its growing age, and live with the newest when it speaks again', async () => {
    const { pid } = serve.process.child;
    process.kill(pid, 'SIGSTOP');
    try {
      // In one look: the silence lasts some seconds, then the page connects anew.
      let seen;
      const look = () =>
        page.evaluate(() => ({
          detail: document.getElementById('state-detail').textContent,
          p50: document.getElementById('p50').textContent,
          changed: document.querySelector('#rows .changed').textContent,
          colours: new Set([...document.querySelectorAll('#rows .bid, #rows .ask, #rows .bp')].map((e) => getComputedStyle(e).color)).size,
        }));
      const silent = ({ detail, p50, changed, colours }) => /^for \d+ s$/.test(detail) && p50 === '–' && /^([2-9]|\d\d) s$/.test(changed) && colours === 1;
      await until('it is silent: one grey, growing ages, no age of what comes', async () => silent((seen = await look())), { describe: () => JSON.stringify(seen) });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await untilPill(page, 'live');
    await frozen(exchange, (values) => untilRowsAre(page, values));
  });

  test('a hidden tab unsubscribes from all but the state, and returns with a snapshot', async () => {
    const setHidden = (hidden) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await setHidden(true);
    assert.ok((await shownRows(page)).every((row) => row.old), 'grey from the moment it is hidden');
    await until('only the state is still subscribed to', async () => (await streams(page)) === '1');
    const before = await exchange.values();
    await until('the market moves on', async () => [...(await exchange.values())].filter(([s, v]) => before.get(s) !== v).length > 100);
    assert.ok((await shownRows(page)).every((row) => row.old), 'nothing became current meanwhile');
    await frozen(exchange, async (values) => {
      await setHidden(false);
      await untilRowsAre(page, values);
    });
  });

  test('a browser that was asleep shows nothing of before as current', async () => {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter((each) => each.type === 'renderer').map((each) => each.id);
    await page.evaluate(() => {
      window.seen = [];
      const look = () => {
        const state = document.body.dataset.state;
        if (window.seen.at(-1) !== state) window.seen.push(state);
      };
      new MutationObserver(look).observe(document.body, { attributes: true, attributeFilter: ['data-state'] });
      look();
    });
    for (const pid of renderers) process.kill(pid, 'SIGSTOP');
    const asleepFrom = Date.now();
    await until('it slept long enough', () => Date.now() - asleepFrom > kAsleepMs + 1000);
    for (const pid of renderers) process.kill(pid, 'SIGCONT');
    await until('it is live again', () => page.evaluate(() => window.seen.length > 1 && window.seen.at(-1) === 'live'));
    const seen = await page.evaluate(() => window.seen);
    assert.ok(seen[0] === 'live' && seen[1] !== 'live', seen.join());
    await frozen(exchange, (values) => untilRowsAre(page, values));
  });

  test('a source gone quiet: grey, with its age, also in the details', async () => {
    await page.click('#rows tr[data-symbol] .symbol b');
    assert.ok(await page.isHidden('#detail-old'));
    await exchange.stop('SIGKILL');
    await until('nothing looks current', async () => !(await looksCurrent(page)));
    await until('the details say so', () => page.isVisible('#detail-old'));
    await until('the age is told', async () => /^\d+ s ago$/.test(await page.textContent('#detail-changed')));
    assert.deepEqual(page.complaints, []);
  });
});
