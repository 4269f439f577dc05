// SPDX-License-Identifier: Apache-2.0
//
// A real browser: Debian's Chromium through playwright-core.

import { existsSync } from 'node:fs';
import { missing } from './harness.js';

const kChromium = process.env.CHROMIUM || '/usr/bin/chromium';

// Without the flags about the background, Chromium looks for Google's hosts at every start.
const kFlags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
];

export const noChromium = () => missing(`Chromium (${kChromium})`, existsSync(kChromium));

export async function launch() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: kChromium, args: kFlags });
}

export const kDesktop = { viewport: { width: 1280, height: 760 } };
export const kPhone = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

// A page that notes every complaint of the browser: console errors (a violated policy is one) and uncaught exceptions.
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    // Of the canvases, only axe reads what was drawn.
    const ofAxe = message.text().includes('willReadFrequently');
    if (['error', 'warning'].includes(message.type()) && !ofAxe) page.complaints.push(message.text());
  });
  page.on('pageerror', (error) => page.complaints.push(String(error.stack)));
  await page.goto(url);
  return page;
}

// What the rows on screen show: symbol -> { bid, bids, ask, asks, old }.
export function shownRows(page) {
  return page.evaluate(() => {
    const text = (row, name) => row.querySelector('.' + name).textContent;
    const { top, bottom } = document.getElementById('scroller').getBoundingClientRect();
    return [...document.querySelectorAll('#rows tr[data-symbol]')]
      .filter((row) => row.getBoundingClientRect().bottom > top && row.getBoundingClientRect().top < bottom)
      .map((row) => ({
        symbol: row.dataset.symbol,
        bid: text(row, 'bid'),
        bids: text(row, 'bid-size'),
        ask: text(row, 'ask'),
        asks: text(row, 'ask-size'),
        old: row.classList.contains('old'),
      }));
  });
}

export const pill = (page) => page.evaluate(() => document.body.dataset.state);
