// SPDX-License-Identifier: Apache-2.0
//
// One quote's whole way: simulated exchange, producer, a real Kafka, two emitters, WebSocket clients. When the market is frozen, all that an emitter
// tells equals what the exchange tells, and so does what lies in the topic; its records are as docs/protocol.md says, to the letter.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { Emitter, Exchange, Producer, noBinary, until } from './harness.js';
import { noKafka, startKafka } from './kafka.js';
import { Watcher, untilEqual } from './watcher.js';

const { Partitioners } = createRequire(import.meta.url)('kafkajs');
const skip = noBinary() || noKafka();
const kTopic = 'book-tickers'; // what producer and emitter take unless told
const kPartitions = 6;
const kDecimal = String.raw`"(\d+\.\d{8})"`;
const kRecord = new RegExp(`^{"bid":${kDecimal},"bids":${kDecimal},"ask":${kDecimal},"asks":${kDecimal},"producerTime":(\\d+(?:\\.\\d{1,3})?)(?:,"u":(\\d+))?}$`);

describe('through Kafka', { skip, concurrency: false }, () => {
  let kafka;
  let exchange;
  let producer;
  const emitters = [];
  const watchers = [];

  before(async () => {
    [kafka, exchange] = await Promise.all([startKafka(), Exchange.start({ symbols: 1400, rate: 2000 })]);
    const args = ['--partitions', kPartitions, '--retention', 120, '--rewrite-after', 3];
    producer = await Producer.start(exchange, kafka, { args });
    // These are there before anything is in the topic, or before there is one.
    emitters.push(await Emitter.start(kafka, { args: ['--shards', 1] }), await Emitter.start(kafka));
    const symbols = await exchange.symbols();
    for (const emitter of emitters) {
      await emitter.untilReadiness('200 live');
      watchers.push(await Watcher.open(emitter, symbols, { status: true, quote: emitter === emitters[0] }));
    }
  });
  after(async () => {
    watchers.forEach((watcher) => watcher.close());
    await Promise.all([...emitters, producer, exchange].map((process) => process?.stop()));
    await kafka?.clear();
  });

  // Every record of the topic up to now.
  async function records(topic = kTopic) {
    return (await kafka.records(topic, '%k\\t%p\\t%T\\t%s')).map((line) => {
      const [key, partition, timestamp, value] = line.split('\t');
      return { key, partition: Number(partition), timestamp: Number(timestamp), value };
    });
  }

  const partitions = (all) => new Map(all.map(({ key, partition }) => [key, partition]));

  test('the producer makes the topic, as its options say', async () => {
    await producer.untilLogs(/made topic book-tickers with 6 partitions/);
    const { stdout } = await kafka.tool('topics', ['--describe', '--topic', kTopic]);
    assert.match(stdout, /PartitionCount: 6\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=120000/);
  });

  test('every symbol ends on the exchange’s value, at both emitters and in the topic', async () => {
    const wanted = await exchange.symbols();
    assert.equal(wanted.length, 1400);
    await until('every symbol moved', () => watchers.every((w) => w.events > 5000 && w.values.size === wanted.length), {
      describe: () => watchers.map((w) => `${w.events} events, ${w.values.size} symbols`).join('\n'),
    });
    await exchange.freeze();
    try {
      const expected = await exchange.values();
      for (const [i, emitter] of emitters.entries()) {
        await untilEqual('streams tell the exchange’s values', expected, () => watchers[i].values);
        await untilEqual('REST tells the exchange’s values', expected, () => emitter.values());
      }
      await untilEqual('quotes tell the exchange’s values', expected, () => watchers[0].quotes);
      const last = new Map((await records()).map(({ key, value }) => [key, value.match(kRecord)?.slice(1, 5).join(' ')]));
      await untilEqual('the topic tells the exchange’s values', expected, () => last);
    } finally {
      await exchange.resume();
    }
    assert.deepEqual(watchers.flatMap((w) => w.complaints()), []);
  });

  test('records are as the protocol says, to the letter', async () => {
    const all = await records();
    assert.ok(all.length > 5000);
    const newest = new Map();
    let with_id = 0;
    for (const { key, timestamp, value } of all) {
      const members = value.match(kRecord);
      assert.ok(members, value);
      assert.equal(timestamp, Math.floor(Number(members[5])), value);
      assert.ok(Math.abs(Date.now() - timestamp) < 600_000, value);
      if (members[6] === undefined) continue; // a symbol whose first value came by REST, which tells no id
      with_id += 1;
      const u = Number(members[6]);
      // What a producer gave up on may still get there, behind what it wrote instead.
      const in_order = u >= (newest.get(key) || 0) || /records are not taken/.test(producer.process.stderr);
      assert.ok(in_order, `${key}: ${value} behind ${newest.get(key)}\n${producer.process.stderr}`);
      newest.set(key, u);
    }
    assert.ok(with_id > all.length / 2, `${with_id} of ${all.length} have an id`);
  });

  test('a symbol is always in one partition, the one where Java’s client would put it', async () => {
    const all = await records();
    const placed = partitions(all);
    for (const { key, partition } of all) assert.equal(partition, placed.get(key), key);
    assert.equal(new Set(placed.values()).size, kPartitions);

    const partitionMetadata = Array.from({ length: kPartitions }, (_, partitionId) => ({ partitionId, leader: 1 }));
    const choose = Partitioners.DefaultPartitioner();
    for (const [key, partition] of placed) assert.equal(choose({ topic: kTopic, partitionMetadata, message: { key } }), partition, key);

    await kafka.tool('topics', ['--create', '--topic', 'by-java', '--partitions', String(kPartitions)]);
    const input = [...placed.keys()].map((key) => `${key}\tx\n`).join('');
    await kafka.tool('console-producer', ['--topic', 'by-java', '--reader-property', 'parse.key=true'], { input });
    assert.deepEqual(new Map([...partitions(await records('by-java'))].sort()), new Map([...placed].sort()));
  });

  test('an emitter that comes late has every symbol when it says that it is ready', async () => {
    // So short that a symbol which is not written again is missing.
    const late = await Emitter.start(kafka, { args: ['--lookback', 4] });
    try {
      await late.untilReadiness('200 live');
      assert.equal((await late.values()).size, 1400);
      const [, read] = await late.untilLogs(/ready: 1400 symbols from (\d+) records in 6 partitions/);
      const there = (await records()).length;
      assert.ok(Number(read) < there, `${read} of ${there} were read`);
    } finally {
      await late.stop();
    }
  });

  // A busy market in one partition, so that its end runs away from whoever reads up to it.
  test('an emitter that starts behind a partition of 6,000 records a second has every symbol when it says that it is ready', async (t) => {
    const topic = 'one-partition';
    const market = await Exchange.start({ symbols: 1400, rate: 6000 });
    const other = await Producer.start(market, kafka, { topic, args: ['--partitions', 1] });
    const kBehind = 30_000;
    const written = async () => (await kafka.ends(topic))[0].offset;
    const taken_in_ms = async (offset) => Number((await kafka.kcat(['-C', '-t', topic, '-o', String(offset), '-c', '1', '-f', '%T'])).stdout);
    let late;
    try {
      await other.untilLogs(/made topic one-partition/);
      await until('much was written', async () => (await written()) >= kBehind, { within: 60_000, describe: () => other.process.stderr.slice(-3000) });
      const begun = Date.now();
      late = await Emitter.start(kafka, { topic });
      await late.untilReadiness('200 live', 10_000);
      const ready_ms = Date.now() - begun;
      assert.equal((await late.values()).size, 1400);
      const [, read] = await late.untilLogs(/ready: 1400 symbols from (\d+) records in 1 partitions/);
      const rate = Math.round((kBehind / 2 / ((await taken_in_ms(kBehind - 1)) - (await taken_in_ms(kBehind / 2)))) * 1000);
      t.diagnostic(`ready ${ready_ms} ms after its start, from ${read} records of ${rate} a second`);
      assert.ok(Number(read) >= kBehind, `${read} were read`);
      await market.freeze();
      await untilEqual('it tells the exchange’s values', await market.values(), () => late.values());
    } finally {
      await Promise.all([market, other, late].map((process) => process?.stop()));
    }
  });

  test('look-ups that clients make first are answered from the topic alone', async () => {
    for (const emitter of emitters) {
      const response = await fetch(emitter.http + '/api/v3/exchangeInfo');
      assert.equal(response.headers.get('x-tickcast-origin'), 'simulated');
      const { symbols } = await response.json();
      assert.deepEqual(symbols.map((s) => s.symbol).sort(), (await exchange.symbols()).sort());
      const { baseAsset, quoteAsset, status } = symbols.find((s) => s.symbol === 'BTCUSDT');
      assert.deepEqual({ baseAsset, quoteAsset, status }, { baseAsset: 'BTC', quoteAsset: 'USDT', status: 'TRADING' });
      const one = await emitter.get('/api/v3/ticker/bookTicker?symbol=ETHUSDT');
      assert.deepEqual(Object.keys(one), ['symbol', 'bidPrice', 'bidQty', 'askPrice', 'askQty']);
      const refused = await fetch(emitter.http + '/api/v3/ticker/bookTicker?symbol=NOSUCH');
      assert.equal(refused.status, 400);
      assert.equal((await refused.json()).code, -1121);
    }
    assert.equal(watchers[0].statuses.at(-1).origin, 'simulated');
  });

  test('a topic that differs from what a producer asks for is used as it is, and said to differ', async () => {
    const other = await Producer.start(exchange, kafka, { args: ['--partitions', 2] });
    await other.untilLogs(/topic book-tickers is used as it is: it has 6 partitions, not 2, retention\.ms is 120000, not 600000/);
    await other.stop();
  });
});
