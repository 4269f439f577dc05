// SPDX-License-Identifier: Apache-2.0
//
// Clients of Kafka that others wrote, at the same topic: each reads what our producer wrote, and writes what our emitter serves; and whatever else lies
// in a topic that many write to: records without ids or times, in other orders, compressed in every way, in transactions, or no quotes at all.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Emitter, Exchange, Producer, here, noBinary, until } from './harness.js';
import { noKafka, output, startKafka } from './kafka.js';
import { Watcher, untilEqual } from './watcher.js';

const { CompressionTypes, Kafka: KafkaJs, logLevel } = createRequire(import.meta.url)('kafkajs');
const skip = noBinary() || noKafka();
const kTopic = 'book-tickers';
const kDeadline_ms = 30_000;
const python = (...args) => output(join(here, '.venv/bin/python'), [join(here, 'kafka_client.py'), ...args.slice(0, -1)], args.at(-1));

// What a reader got, as lines of "key<tab>value": the last value of each symbol.
function lastValues(text) {
  const last = new Map();
  for (const line of text.split('\n')) {
    const [key, value] = line.split('\t');
    if (!value?.startsWith('{')) continue;
    const { bid, bids, ask, asks } = JSON.parse(value);
    last.set(key, `${bid} ${bids} ${ask} ${asks}`);
  }
  return last;
}

let serial = 0;
// A value nobody wrote before, as the exchange's strings and as values() tells it.
function quote(members = {}) {
  const n = ++serial;
  const parts = { bid: `${n}.10000000`, bids: `${n}.20000000`, ask: `${n}.30000000`, asks: `${n}.40000000` };
  return { json: JSON.stringify({ ...parts, ...members }), values: Object.values(parts).join(' '), parts };
}

describe('clients of Kafka that others wrote', { skip, concurrency: false }, () => {
  let kafka;
  let exchange;
  let producer;
  let emitter;
  let js;

  before(async () => {
    [kafka, exchange] = await Promise.all([startKafka(), Exchange.start({ symbols: 30, rate: 300 })]);
    js = new KafkaJs({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING });
    producer = await startProducer();
    emitter = await Emitter.start(kafka, { args: ['--shards', 1] });
    await emitter.untilReadiness('200 live');
  });
  after(async () => {
    await Promise.all([emitter, producer, exchange].map((process) => process?.stop()));
    await kafka?.clear();
  });

  const startProducer = () => Producer.start(exchange, kafka, { args: ['--partitions', 2] });
  const kcat = (lines, args = []) => kafka.kcat(['-P', '-t', kTopic, '-K', '\t', ...args], { input: lines.map((line) => line + '\n').join('') });

  function serves(symbol, values) {
    let now;
    return until(`the emitter serves ${symbol}`, async () => (now = (await emitter.values()).get(symbol)) === values, {
      within: kDeadline_ms,
      describe: () => `${now}, not ${values}\n${emitter.process.stderr.slice(-3000)}`,
    });
  }

  // --- each reads what ours wrote, and writes what ours serves ---

  // Reads from the beginning until it has as many records as there are; gives lines of key and value.
  const readers = {
    kcat: async () => (await kafka.records(kTopic, '%k\\t%s')).join('\n'),
    'the Java console consumer': async (count) =>
      (await kafka.tool('console-consumer', ['--topic', kTopic, '--from-beginning', '--max-messages', String(count), '--formatter-property', 'print.key=true'])).stdout,
    'kafka-python': async (count) => (await python('read', kafka.bootstrap, kTopic, String(count), {})).stdout,
    kafkajs: async (count) => {
      const consumer = js.consumer({ groupId: 'reader' });
      const lines = [];
      await consumer.connect();
      await consumer.subscribe({ topics: [kTopic], fromBeginning: true });
      await consumer.run({ eachMessage: async ({ message }) => void lines.push(`${message.key}\t${message.value}`) });
      await until('all records were read', () => lines.length >= count, { describe: () => `${lines.length} of ${count}` });
      await consumer.disconnect();
      return lines.join('\n');
    },
  };
  const writers = {
    kcat: (symbol, json) => kcat([`${symbol}\t${json}`]),
    'the Java console producer': (symbol, json) =>
      kafka.tool('console-producer', ['--topic', kTopic, '--reader-property', 'parse.key=true'], { input: `${symbol}\t${json}\n` }),
    'kafka-python': (symbol, json) => python('write', kafka.bootstrap, kTopic, { input: `${symbol}\t${json}\n` }),
    kafkajs: (symbol, json) => send([{ key: symbol, value: json }]),
  };

  async function send(messages, options = {}) {
    const client = js.producer();
    await client.connect();
    await client.send({ topic: kTopic, messages, ...options });
    await client.disconnect();
  }

  test('all of them read what our producer wrote', async () => {
    const written = async () => (await kafka.records(kTopic, '')).length;
    await until('much was written', async () => (await written()) > 500, { every: 200 });
    await exchange.freeze();
    try {
      const expected = await exchange.values();
      await untilEqual('the emitter tells the exchange’s values', expected, () => emitter.values());
      await producer.stop(); // it writes now and then even so
      const count = await written();
      for (const [name, read] of Object.entries(readers)) {
        const last = lastValues(await read(count));
        await untilEqual(`${name} tells the exchange’s values`, expected, () => last, { within: 0 });
      }
    } finally {
      await exchange.resume();
      producer = await startProducer();
    }
    await emitter.untilReadiness('200 live');
  });

  for (const [name, write] of Object.entries(writers)) {
    test(`what ${name} writes is served`, async () => {
      const { json, values } = quote({ producerTime: Date.now(), u: 1 });
      const symbol = `${name.replace(/\W/g, '').toUpperCase()}USDT`;
      await write(symbol, json);
      await serves(symbol, values);
    });
  }

  test('Kafka’s own tool lists and describes the topic', async () => {
    const [listed, described] = await Promise.all([
      kafka.tool('topics', ['--list', '--exclude-internal']),
      kafka.tool('topics', ['--describe', '--topic', kTopic]),
    ]);
    assert.deepEqual(listed.stdout.trim().split('\n'), [kTopic]);
    assert.match(described.stdout, /PartitionCount: 2\s.*retention\.ms=600000/);
  });

  // --- what other producers may write ---

  const now = () => Date.now();
  const shapes = {
    NOIDUSDT: () => quote({ producerTime: now() }),
    INTEGERUSDT: () => quote({ producerTime: now(), u: 5 }),
    FRACTIONUSDT: () => quote({ producerTime: now() + 0.5, u: 5 }),
    NOTIMEUSDT: () => quote({ u: 5 }),
    BAREUSDT: () => quote(),
    NULLIDUSDT: () => quote({ producerTime: now(), u: null }),
    NULLTIMEUSDT: () => quote({ producerTime: null, u: 5 }),
    TEXTTIMEUSDT: () => quote({ producerTime: 'yesterday', u: 5 }),
    EXTRAUSDT: () => quote({ producerTime: now(), u: 5, venue: { name: 'x', tags: ['a', null, '}"'] }, last: 1.5e3 }),
    ORDERUSDT: () => {
      const { values, parts } = quote();
      return { values, json: JSON.stringify({ u: 5, asks: parts.asks, producerTime: now(), bids: parts.bids, ask: parts.ask, bid: parts.bid }) };
    },
    SPACEUSDT: () => {
      const { values, json } = quote({ producerTime: now(), u: 5 });
      return { values, json: '  ' + json.replaceAll(':', ' : ').replaceAll(',', ' , ') + ' ' };
    },
    SHORTUSDT: () => ({ values: '1.5 2 1.75 0.25', json: '{"bid":"1.5","bids":"2","ask":"1.75","asks":"0.25","u":5}' }),
  };

  test('records of every shape that the protocol allows are served', async () => {
    const written = Object.entries(shapes).map(([symbol, make]) => [symbol, make()]);
    await kcat(written.map(([symbol, { json }]) => `${symbol}\t${json}`));
    for (const [symbol, { values }] of written) await serves(symbol, values);
  });

  test('without ids, the order in the topic is the order in time', async () => {
    const quotes = Array.from({ length: 50 }, () => quote({ producerTime: now() }));
    await kcat(quotes.map(({ json }) => `NOIDUSDT\t${json}`));
    await serves('NOIDUSDT', quotes.at(-1).values);
  });

  test('an older id behind a newer one is not served', async () => {
    const [newer, older, mark] = [quote({ u: 900 }), quote({ u: 800 }), quote({ u: 1000 })];
    const watcher = await Watcher.open(emitter, ['RACEUSDT', 'RACEDUSDT'], { quote: true });
    await kcat([`RACEUSDT\t${newer.json}`, `RACEUSDT\t${older.json}`, `RACEDUSDT\t${mark.json}`]);
    await serves('RACEUSDT', newer.values);
    await serves('RACEDUSDT', mark.values);
    const last = quote({ u: 901 });
    await kcat([`RACEUSDT\t${last.json}`]); // behind the older one, in the same partition
    await until('the last one came', () => watcher.values.get('RACEUSDT') === last.values && watcher.quotes.get('RACEUSDT') === last.values);
    assert.deepEqual(watcher.complaints(), []);
    watcher.close();
  });

  test('records that are no quotes are counted, named at a limited rate, and harm no others', async () => {
    const from = emitter.process.stderr.length;
    const { parts } = quote();
    const bad = [
      'frog', '{', '[]', 'null', '{}', '{"bid":"1"}', '{"bid":1,"bids":2,"ask":3,"asks":4}', JSON.stringify({ ...parts, bid: null }),
      JSON.stringify({ ...parts, ask: '1e5' }), JSON.stringify({ ...parts, ask: '-1' }), JSON.stringify({ ...parts, ask: 'NaN' }),
      JSON.stringify({ ...parts, bid: '9'.repeat(60) }), JSON.stringify({ ...parts, more: 'x'.repeat(70_000) }), '"\\ud800"', '\u00ff\u0000',
    ];
    const good = quote({ u: 77 });
    const lines = Array.from({ length: 1500 }, (_, i) => `BADUSDT\t${bad[i % bad.length]}`);
    await kcat([...lines, `GOODUSDT\t${good.json}`, `BADUSDT\t${good.json}`]);
    await send([{ key: null, value: good.json }, { key: 'a'.repeat(300), value: good.json }, { key: 'btc usdt', value: '' }, { key: Buffer.from([0xff, 0xfe]), value: good.json }]);
    await serves('GOODUSDT', good.values);
    await serves('BADUSDT', good.values);
    await emitter.untilLogs(/a record (is no quote|has numbers that do not fit exactly) \(partition \d, offset \d+\)/, { from });
    const said = emitter.process.stderr.slice(from).match(/a record /g).length;
    assert.ok(said <= 10, `${said} lines for 1,500 records`);
    assert.match(await emitter.readiness(), /^200/);
  });

  test('a tombstone takes a symbol off the list; a new quote brings it back', async () => {
    const status = async () => (await emitter.get('/api/v3/exchangeInfo?symbol=GOODUSDT')).symbols[0].status;
    assert.equal(await status(), 'TRADING');
    await kcat(['GOODUSDT\t'], ['-Z']);
    await until('it is off the list', async () => (await status()) === 'BREAK');
    const again = quote({ u: 78 });
    await kcat([`GOODUSDT\t${again.json}`]);
    await serves('GOODUSDT', again.values);
    await until('it is back', async () => (await status()) === 'TRADING');
  });

  test('batches compressed with every codec are read', async () => {
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
      const quotes = Array.from({ length: 20 }, (_, i) => [`${codec.toUpperCase()}${i}USDT`, quote({ u: 5 })]);
      await kcat(quotes.map(([symbol, { json }]) => `${symbol}\t${json}`), ['-z', codec]);
      for (const [symbol, { values }] of quotes) await serves(symbol, values);
    }
    const one = quote({ u: 5 });
    await send([{ key: 'GZIPJSUSDT', value: one.json }], { compression: CompressionTypes.GZIP });
    await serves('GZIPJSUSDT', one.values);
  });

  test('of transactions, what was committed is served, what was aborted is not', async () => {
    const client = js.producer({ transactionalId: 'writer', idempotent: true, maxInFlightRequests: 1 });
    await client.connect();
    const committed = quote({ u: 10 });
    const aborted = quote({ u: 20 });
    const first = await client.transaction();
    await first.send({ topic: kTopic, messages: [{ key: 'TXUSDT', value: committed.json }] });
    await first.commit();
    await serves('TXUSDT', committed.values);

    const second = await client.transaction();
    await second.send({ topic: kTopic, messages: [{ key: 'TXUSDT', value: aborted.json }, { key: 'NEVERUSDT', value: aborted.json }] });
    await second.abort();
    const mark = quote({ u: 11 });
    await kcat([`TXUSDT\t${mark.json}`]);
    await serves('TXUSDT', mark.values);

    const third = await client.transaction();
    const again = quote({ u: 30 });
    await third.send({ topic: kTopic, messages: [{ key: 'TXUSDT', value: again.json }] });
    await third.commit();
    await serves('TXUSDT', again.values);
    assert.equal((await emitter.values()).has('NEVERUSDT'), false);
    await client.disconnect();
  });

  test('an emitter that starts where markers of transactions are the last there is, is ready', async () => {
    const topic = 'only-transactions';
    const admin = js.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] });
    await admin.disconnect();
    const client = js.producer({ transactionalId: 'another', idempotent: true, maxInFlightRequests: 1 });
    await client.connect();
    const kept = quote({ u: 1 });
    for (const [json, end] of [[kept.json, 'commit'], [quote({ u: 2 }).json, 'abort']]) {
      const transaction = await client.transaction();
      await transaction.send({ topic, messages: [{ key: 'TXUSDT', value: json }] });
      await transaction[end]();
    }
    await client.disconnect();
    const late = await Emitter.start(kafka, { topic });
    try {
      await late.untilLogs(/ready: 1 symbols from 1 records in 1 partitions/);
      assert.equal((await late.values()).get('TXUSDT'), kept.values);
    } finally {
      await late.stop();
    }
  });
});
