// SPDX-License-Identifier: Apache-2.0
//
// permessage-deflate with clients that others wrote: both negotiate it, send compressed requests, and read the whole market's array compressed to the same
// content that an uncompressed client and REST have. What is on the wire is seen by a tap between them and the emitter.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { pythonClient } from './clients.js';
import { Exchange, Serve, noBinary, until } from './harness.js';
import { untilEqual } from './watcher.js';

const kStream = '!quote@arr@1000ms';
const skip = noBinary();

// A port that leads to `port`, and what went through it: bytes down, and each direction's beginning.
async function tapOf(port) {
  const tap = { down_bytes: 0, head: '', up: Buffer.alloc(0) };
  tap.server = net.createServer((client) => {
    const server = net.connect(port, '127.0.0.1');
    for (const socket of [client, server]) socket.on('error', () => {});
    client.on('data', (data) => (tap.up = Buffer.concat([tap.up, data]).subarray(0, 100_000)));
    server.on('data', (data) => {
      tap.down_bytes += data.length;
      if (tap.head.length < 1000) tap.head += data.toString('latin1');
    });
    client.pipe(server).pipe(client);
  });
  tap.server.listen(0, '127.0.0.1');
  await once(tap.server, 'listening');
  tap.url = `ws://127.0.0.1:${tap.server.address().port}`;
  return tap;
}

// What a client saw: symbol -> "bid bidQty ask askQty", and how long the arrays were as JSON.
function market() {
  const state = { values: new Map(), text_bytes: 0 };
  state.take = (events) => {
    state.text_bytes += JSON.stringify(events).length;
    for (const { s, bid, bids, ask, asks } of events) state.values.set(s, `${bid} ${bids} ${ask} ${asks}`);
  };
  return state;
}

// With ws. The request is longer than the 1 kB from which ws compresses.
async function wsClient(url, take, options) {
  const socket = new WebSocket(`${url}/stream`, options);
  socket.on('message', (text) => {
    const { stream, data } = JSON.parse(text);
    if (stream === kStream) take(data);
  });
  await once(socket, 'open');
  const silent = Array.from({ length: 60 }, (_, i) => `nosuchsymbol${i}@bookTicker`);
  socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: [kStream, ...silent], id: 1 }));
  return () => socket.terminate();
}

// The first frame behind the client's opening handshake: its first byte.
const firstByteUp = (tap) => tap.up[tap.up.indexOf('\r\n\r\n') + 4];

describe('compression', { skip, concurrency: false }, () => {
  let exchange;
  let serve;
  const ends = [];

  before(async () => {
    exchange = await Exchange.start({ symbols: 1400, rate: 3000 });
    serve = await Serve.start(exchange, { args: ['--shards', '1'] });
    await serve.ready(exchange);
  });
  after(async () => {
    ends.forEach((end) => end());
    await serve?.stop();
    await exchange?.stop();
  });

  const tap = async (server = serve) => {
    const made = await tapOf(server.port);
    ends.push(() => made.server.close());
    return made;
  };

  const compressing = {
    ws: (url, take) => wsClient(url, take, { perMessageDeflate: true }),
    'Python websockets': (url, take) => pythonClient(url, kStream, take),
  };
  for (const [name, connect] of Object.entries(compressing)) {
    test(`${name} reads the market's array compressed, to the same content`, async () => {
      await exchange.resume();
      const [between, beside] = [await tap(), await tap()];
      const [seen, plain] = [market(), market()];
      ends.push(await connect(between.url, seen.take));
      ends.push(await wsClient(beside.url, plain.take, { perMessageDeflate: false }));
      const symbols = (await exchange.symbols()).length;
      await until('every symbol came', () => Math.min(seen.values.size, plain.values.size) >= symbols);
      await exchange.freeze();
      const expected = await exchange.values();
      await untilEqual('the compressed client has the exchange’s values', expected, () => seen.values);
      await untilEqual('the other one too', expected, () => plain.values);

      assert.match(between.head, /\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n/);
      assert.equal(firstByteUp(between), 0xc1, 'its request came compressed: FIN, RSV1, text');
      assert.ok(between.down_bytes < seen.text_bytes / 2, `${between.down_bytes} bytes for ${seen.text_bytes} of text`);
      assert.doesNotMatch(beside.head, /Sec-WebSocket-Extensions/);
      assert.equal(firstByteUp(beside), 0x81);
      assert.ok(beside.down_bytes > plain.text_bytes);
    });
  }

  test('--no-compression negotiates nothing', async () => {
    await exchange.resume();
    const without = await Serve.start(exchange, { args: ['--no-compression', '--shards', '1'] });
    try {
      await without.ready(exchange);
      const between = await tap(without);
      const seen = market();
      ends.push(await wsClient(between.url, seen.take, { perMessageDeflate: true }));
      await until('the market came', () => seen.values.size > 1000);
      assert.doesNotMatch(between.head, /Sec-WebSocket-Extensions/);
    } finally {
      await without.stop();
    }
  });
});
