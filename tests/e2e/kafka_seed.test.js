// SPDX-License-Identifier: Apache-2.0
//
// A shop that has a Node.js producer and a Node.js consumer around a topic replaces either by ours, and the other goes on: seed_producer.cjs with our
// emitter, our producer with seed_consumer.cjs, and the change from one producer to the other while clients look on.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { Emitter, Exchange, Producer, here, noBinary, until } from './harness.js';
import { noKafka, startKafka } from './kafka.js';
import { Watcher, untilEqual } from './watcher.js';

const skip = noBinary() || noKafka();
const kTopic = 'book-tickers';
const kSymbols = 12;

const scripts = new Set();
process.on('exit', () => scripts.forEach((child) => child.kill('SIGKILL')));

// One of the two scripts; gives its lines to `take`.
function start(script, args, take = () => {}) {
  const child = spawn(process.execPath, [join(here, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
  scripts.add(child);
  const ended = new Promise((done) => child.once('close', done));
  ended.then(() => scripts.delete(child));
  createInterface({ input: child.stdout }).on('line', take);
  return { stop: () => child.kill('SIGKILL') && ended };
}

describe('beside a Node.js producer and consumer', { skip, concurrency: false }, () => {
  let kafka;
  let exchange;
  let emitter;
  let watcher;
  let theirs; // producer
  let ours;

  before(async () => {
    [kafka, exchange] = await Promise.all([startKafka(), Exchange.start({ symbols: kSymbols, rate: 200 })]);
    await kafka.tool('topics', ['--create', '--topic', kTopic]);
    emitter = await Emitter.start(kafka);
    theirs = start('seed_producer.cjs', [exchange.http, exchange.ws, kafka.bootstrap, kTopic]);
    watcher = await Watcher.open(emitter, await exchange.symbols(), { status: true, quote: true });
  });
  after(async () => {
    watcher?.close();
    await theirs?.stop();
    await Promise.all([emitter, ours, exchange].map((process) => process?.stop()));
    await kafka?.clear();
  });

  // The exchange tells nothing of a symbol until it changes.
  const everySymbol = (seen) => until('every symbol moved', () => seen().size === kSymbols, { within: 60_000, describe: () => `${seen().size} of ${kSymbols}` });

  async function frozen(run) {
    await exchange.freeze();
    try {
      await run(await exchange.values());
    } finally {
      await exchange.resume();
    }
  }

  const clientsTell = (expected) =>
    Promise.all([
      untilEqual('streams tell the exchange’s values', expected, () => watcher.values),
      untilEqual('quotes tell the exchange’s values', expected, () => watcher.quotes),
      untilEqual('REST tells the exchange’s values', expected, () => emitter.values()),
    ]);

  test('our emitter serves what their producer writes', async () => {
    await everySymbol(() => watcher.values);
    await emitter.untilReadiness('200 live');
    await frozen(clientsTell);
    assert.deepEqual(watcher.complaints(), []);
  });

  test('our producer takes over from theirs: first beside it, then alone', async () => {
    ours = await Producer.start(exchange, kafka);
    await ours.untilLogs(/live: all symbols/);
    await ours.untilLogs(/topic book-tickers/);
    await frozen(clientsTell);
    await theirs.stop();
    const since = Date.now();
    await until('fresh quotes come', () => watcher.youngest_ms > since);
    await frozen(clientsTell);
    assert.deepEqual(watcher.complaints(), []);
  });

  test('their consumer reads what our producer writes', async () => {
    const seen = new Map();
    const latencies = [];
    const consumer = start('seed_consumer.cjs', [kafka.bootstrap, kTopic], (line) => {
      const { symbol, bid, bids, ask, asks, latency } = JSON.parse(line);
      if (!symbol) return; // kafkajs's own log
      seen.set(symbol, `${bid} ${bids} ${ask} ${asks}`);
      latencies.push(latency);
    });
    try {
      await everySymbol(() => seen);
      await frozen((expected) => untilEqual('their consumer tells the exchange’s values', expected, () => seen));
      assert.ok(latencies.every((ms) => ms > -1 && ms < 300_000), 'producerTime is in epoch milliseconds');
    } finally {
      await consumer.stop();
    }
  });

  test('their producer takes over from ours', async () => {
    await ours.stop();
    theirs = start('seed_producer.cjs', [exchange.http, exchange.ws, kafka.bootstrap, kTopic]);
    const since = Date.now();
    await until('fresh quotes come', () => watcher.youngest_ms > since);
    const before = new Map(watcher.quotes);
    await until('most symbols moved', () => [...watcher.quotes].filter(([s, value]) => before.get(s) !== value).length > kSymbols / 2);
    await until('the topic has what the exchange has', async () => {
      let same = false;
      await frozen(async (expected) => {
        const now = await emitter.values();
        same = [...expected].every(([symbol, value]) => now.get(symbol) === value);
      });
      return same;
    }, { every: 1000 });
    assert.deepEqual(watcher.complaints(), []);
  });
});
