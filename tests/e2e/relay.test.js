// SPDX-License-Identifier: Apache-2.0
//
// A tickcast behind another: its clients are told what becomes of the source of the one before it, which its own connections do not show.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Emitter, Exchange, Serve, noBinary, until } from './harness.js';
import { Watcher, untilEqual } from './watcher.js';

const kMarket = { symbols: 60, rate: 600 };
const kNoKafka = { bootstrap: '127.0.0.1:9' }; // nobody answers there: the lane is all there is

describe('a tickcast behind another', { skip: noBinary(), concurrency: false }, () => {
  let exchange;
  let first;
  let relay; // takes quotes as from an exchange
  let lane; // as by --upstream
  let watcher;

  before(async () => {
    exchange = await Exchange.start(kMarket);
    first = await Serve.start(exchange);
    await first.untilReadiness('200 live');
    relay = await Serve.start(first);
    lane = await Emitter.start(kNoKafka, { args: ['--upstream', first.ws] });
    await relay.untilReadiness('200 live');
    await lane.untilReadiness('200 live');
    watcher = await Watcher.open(relay, await relay.symbols(), { status: true });
    await untilTold('live');
  });
  after(async () => {
    watcher?.close();
    for (const role of [lane, relay, first, exchange]) await role?.stop();
  });

  const untilTold = (state) =>
    until(`clients of the relay are told "${state}"`, () => watcher.state() === state, {
      describe: () => `${JSON.stringify(watcher.statuses)}\n${relay.process.stderr.slice(-3000)}`,
    });

  test('its clients are told when the exchange is gone, and when it is back', async () => {
    const { port } = exchange;
    const kOfTheFirst = /down: what it reads from says that its own source is down/;
    await exchange.stop('SIGKILL');
    await untilTold('down');
    assert.match(relay.process.stderr, kOfTheFirst, 'its own connections stayed');
    assert.equal(await relay.readiness(), '503 down');
    await lane.untilLogs(kOfTheFirst);

    exchange = await Exchange.start({ ...kMarket, port });
    await untilTold('live');
    await lane.untilReadiness('200 live');
    await exchange.freeze();
    const expected = await exchange.values();
    await untilEqual('they hold the exchange’s values', expected, () => watcher.values);
    assert.deepEqual(watcher.complaints(), []);
  });
});
