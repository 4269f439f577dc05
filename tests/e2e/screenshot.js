// SPDX-License-Identifier: Apache-2.0
//
// Pictures of the live page, and of the views on a terminal, over a simulated market: npm run screenshot -- [FOLDER], docs/images by default; in
// the typeface Inter where it is installed. screenshot.test.js takes them too, in less time, and holds docs/images to be these and no others.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { kDesktop, kPhone, launch, openPage, pill } from './browser.js';
import { Exchange, Serve, root, sleep, until } from './harness.js';
import { toHtml } from './terminal_picture.js';
import { Tmux } from './tmux.js';

export const kImages = join(root, 'docs/images');
const kCurveMs = 120_000; // until the curves of two minutes are full
const kTerminal = { columns: 112, rows: 30 };

// The paths of the pictures. curveMs: how long the curves may grow.
export async function takePictures(folder, curveMs) {
  mkdirSync(folder, { recursive: true });
  const exchange = await Exchange.start();
  const serve = await Serve.start(exchange);
  const browser = await launch();
  const taken = [];
  const take = async (page, name) => {
    taken.push(join(folder, name));
    await page.screenshot({ path: taken.at(-1) });
  };
  try {
    await serve.ready(exchange);
    const page = await opened(browser, serve, { ...kDesktop, colorScheme: 'dark' }, curveMs);
    await take(page, 'page.png');
    await page.emulateMedia({ colorScheme: 'light' });
    await untilCurves(page);
    await take(page, 'page-light.png');
    await page.click('#rows tr[data-symbol="ETHUSDT"] .symbol b');
    await page.emulateMedia({ colorScheme: 'dark' });
    await sleep(curveMs / 2);
    await until('the rates are told', async () => /\d/.test(await page.textContent('#detail-updates')));
    await take(page, 'page-detail.png');
    const phone = await opened(browser, serve, { ...kPhone, colorScheme: 'dark' }, curveMs / 2);
    await take(phone, 'page-phone.png');
    await phone.context().close();
    await takeTerminal(browser, `tickcast watch ${serve.ws}`, /LIVE/, (page) => take(page, 'watch.png'));
    await takeTerminal(browser, `tickcast watch --admin http://127.0.0.1:${await serve.process.admin()}`, /READY/, (page) => take(page, 'watch-admin.png'));
    await exchange.stop('SIGKILL');
    await until('the page says so', async () => ['down', 'stale'].includes(await pill(page)));
    await until('the age is told', async () => /\d s ago/.test(await page.textContent('#detail-changed')));
    await take(page, 'page-stale.png');
  } finally {
    await browser.close();
    await serve.stop();
    await exchange.stop();
  }
  return taken;
}

// What a command shows on a terminal, once its first seconds have filled rates and ages.
async function takeTerminal(browser, command, ready, take) {
  const terminal = await Tmux.start(kTerminal);
  try {
    terminal.command(command);
    await terminal.until(ready);
    await sleep(4_000);
    const page = await browser.newPage({ viewport: { width: 976, height: 18 * kTerminal.rows + 24 } });
    await page.setContent(toHtml(terminal.screen({ styles: true })));
    await take(page);
    await page.close();
  } finally {
    terminal.stop();
  }
}

async function opened(browser, serve, options, curveMs) {
  const page = await openPage(browser, serve.http, options);
  await until('the page is live', async () => (await pill(page)) === 'live');
  await until('the age is told', async () => /\d/.test(await page.textContent('#p50')));
  await sleep(curveMs);
  await untilCurves(page);
  return page;
}

// Drawn anew since now, on the last row and so on all.
const untilCurves = (page) =>
  page.$eval('#rows tr[data-symbol]:nth-last-child(2) .trend .spoken', (words) => new Promise((done) => new MutationObserver(done).observe(words, { childList: true })));

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const taken = await takePictures(resolve(process.argv[2] || kImages), kCurveMs);
  console.log(taken.join('\n'));
}
