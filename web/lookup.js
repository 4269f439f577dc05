// SPDX-License-Identifier: Apache-2.0
//
// Look-up: every symbol and its last quote, by the server's REST look-ups. Rejects where the server or the network does not answer.

export async function lookUpMarket() {
  const [info, tickers] = await Promise.all(['api/v3/exchangeInfo', 'api/v3/ticker/bookTicker'].map(getJson));
  return { symbols: info.symbols, tickers };
}

async function getJson(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}
