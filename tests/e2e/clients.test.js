// SPDX-License-Identifier: Apache-2.0
//
// Clients that others wrote, against the simulated exchange and against an emitter that serves it: each sees BTCUSDT move, and when the market is
// frozen each ends on the value that REST tells.

import { after, before, describe, test } from 'node:test';
import { clients } from './clients.js';
import { Exchange, Serve, noBinary, until } from './harness.js';
import { untilEqual } from './watcher.js';

const kSymbol = 'BTCUSDT';
const kMoves = 5;
const skip = noBinary();

describe('clients that others wrote', { skip, concurrency: false }, () => {
  let exchange;
  let serve;
  const servers = { 'the simulated exchange': () => exchange, 'an emitter': () => serve };

  before(async () => {
    exchange = await Exchange.start({ rate: 2000 });
    serve = await Serve.start(exchange);
    await serve.ready(exchange);
  });
  after(async () => {
    await serve?.stop();
    await exchange?.stop();
  });

  for (const [where, server] of Object.entries(servers)) {
    for (const { name, connect } of clients) {
      test(`${name} follows ${where}`, async () => {
        await exchange.resume();
        const client = await connect(server(), kSymbol);
        try {
          await until(`${kMoves} events`, () => client.events() >= kMoves, { describe: () => `${client.events()} came` });
          await exchange.freeze();
          await until('its last value is what REST tells', async () => same(client.last(), (await server().values(kSymbol)).get(kSymbol)), {
            describe: () => JSON.stringify(client.last()),
          });
          await untilEqual('the emitter tells what the exchange tells', await exchange.values(kSymbol), () => serve.values(kSymbol));
        } finally {
          await client.close();
        }
      });
    }
  }
});

// ccxt and others make numbers of the text.
function same(value, expected) {
  const [bid, bids, ask, asks] = expected.split(' ');
  const equal = (seen, text) => (typeof seen === 'number' ? seen === Number(text) : seen === text);
  return equal(value.bid, bid) && equal(value.bids, bids) && equal(value.ask, ask) && equal(value.asks, asks);
}
