// SPDX-License-Identifier: Apache-2.0
//
// What the page's rows show, held against the exchange's own values.

import { pill, shownRows } from './browser.js';
import { until } from './harness.js';

export const plain = (text) => text.replace(/,/g, '');
const isZero = (text) => !/[1-9]/.test(text);
// The page cuts a decimal to its symbol's grid: the same but for zeros at the end.
export const samePrice = (shown, exact) =>
  isZero(exact) ? shown === '–' : exact.startsWith(plain(shown)) && isZero(exact.slice(plain(shown).length));
// A size that is too long for its column loses its fraction, or is told in millions or more.
const sameSize = (shown, exact) =>
  isZero(exact) ? shown === '–' : /[MBT]$/.test(shown) || (exact.length > 12 ? exact.startsWith(plain(shown)) : samePrice(shown, exact));

function wrongRows(rows, values) {
  return rows.filter((row) => {
    const [bid, bids, ask, asks] = (values.get(row.symbol) || '   ').split(' ');
    return row.old || !samePrice(row.bid, bid) || !samePrice(row.ask, ask) || !sameSize(row.bids, bids) || !sameSize(row.asks, asks);
  });
}

export async function untilRowsAre(page, values) {
  let wrong = [];
  await until(
    'every row on screen shows the exchange’s value',
    async () => {
      const rows = await shownRows(page);
      wrong = wrongRows(rows, values);
      return rows.length > 5 && wrong.length === 0;
    },
    { describe: () => wrong.slice(0, 3).map((r) => `${JSON.stringify(r)}, not ${values.get(r.symbol)}`).join('\n') },
  );
}

export const scrollTo = (page, part) =>
  page.evaluate((p) => {
    const scroller = document.getElementById('scroller');
    scroller.scrollTop = p * (scroller.scrollHeight - scroller.clientHeight);
  }, part);

// While the market stands still, its values at hand.
export async function frozen(exchange, then) {
  await exchange.freeze();
  try {
    await then(await exchange.values());
  } finally {
    await exchange.resume();
  }
}

export async function untilPill(page, state, within = 60_000) {
  const seen = [];
  await until(
    `the pill says ${state}`,
    async () => {
      const now = await pill(page);
      if (seen.at(-1) !== now) seen.push(now);
      return now === state;
    },
    { within, every: 20, describe: () => `it said ${seen.join(', ')}` },
  );
}
