// SPDX-License-Identifier: Apache-2.0
//
// bestBidAsk as a client of Binance's reads it: frames captured from a real emitter, decoded by what sbe-tool generates from the documented layout.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Exchange, Serve, here, missing, noBinary, until } from './harness.js';
import { output } from './kafka.js';
import { untilEqual } from './watcher.js';

const decoder = join(here, 'sbe/decoder');

function noDecoder() {
  const { stdout } = spawnSync(decoder, ['missing'], { encoding: 'utf8' });
  return missing(`${stdout} (for sbe-tool)`, stdout === '');
}

// A client's binary frames; text goes to `texts`.
async function follow(url) {
  const seen = { frames: [], texts: [] };
  const socket = new WebSocket(url);
  socket.on('message', (data, binary) => (binary ? seen.frames : seen.texts).push(binary ? data : String(data)));
  await once(socket, 'open');
  seen.send = (request) => socket.send(JSON.stringify(request));
  seen.close = () => socket.terminate();
  return seen;
}

describe('bestBidAsk', { skip: noBinary() || noDecoder(), concurrency: false }, () => {
  let dir;
  let exchange;
  let serve;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tickcast-sbe-'));
    await output(decoder, ['build', dir], { within: 300_000 });
    exchange = await Exchange.start({ symbols: 200, rate: 2000 });
    serve = await Serve.start(exchange);
    await serve.ready(exchange);
  });
  after(async () => {
    await serve?.stop();
    await exchange?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  // Messages as lines: symbol, u, time, bid, bid quantity, ask, ask quantity.
  async function decode(frames) {
    const length = (frame) => Buffer.from(Uint32Array.of(frame.length).buffer).swap32();
    const { stdout } = await output(decoder, ['run', dir], { input: Buffer.concat(frames.flatMap((frame) => [length(frame), frame])) });
    return stdout.trim().split('\n').map((line) => line.split(' '));
  }

  test('sbe-tool’s decoder reads every symbol’s values as REST tells them', async () => {
    await exchange.freeze();
    const expected = await exchange.values();
    await untilEqual('the emitter has the exchange’s values', expected, () => serve.values());
    for (const path of ['/ws/!bestBidAsk', '/stream?streams=!bestBidAsk@1000ms']) {
      const seen = await follow(serve.ws + path);
      await until('a frame of every symbol', () => seen.frames.length >= expected.size, { describe: () => `${seen.frames.length} of ${expected.size}` });
      seen.close();
      const events = await decode(seen.frames);
      assert.deepEqual(new Map(events.map(([symbol, , , ...values]) => [symbol, values.join(' ')])), expected);
      assert.deepEqual(seen.texts, []);
    }
    await exchange.resume();
  });

  test('one symbol’s messages have the ids and times of its JSON events', async () => {
    const seen = await follow(`${serve.ws}/ws`);
    const symbol = (await exchange.symbols())[0];
    seen.send({ method: 'SUBSCRIBE', params: [`${symbol.toLowerCase()}@bestBidAsk`, `${symbol.toLowerCase()}@quote`], id: 1 });
    await until('its last quote', () => seen.frames.length > 0 && seen.texts.length > 1);
    seen.close();
    assert.equal(seen.texts[0], '{"result":null,"id":1}');
    const quote = JSON.parse(seen.texts[1]);
    const [[name, u, time, ...values]] = await decode(seen.frames.slice(0, 1));
    assert.equal(name, symbol);
    assert.equal(Number(u), quote.u ?? 0); // what only REST has told yet has none
    assert.equal(Number(time), Math.floor(quote.producerTime * 1000 + 0.01));
    assert.deepEqual(values, [quote.bid, quote.bids, quote.ask, quote.asks]);
  });

  test('an event stream can’t carry it and says so', async () => {
    const response = await fetch(`${serve.http}/sse?streams=btcusdt@bestBidAsk`);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /binary/);
  });
});
