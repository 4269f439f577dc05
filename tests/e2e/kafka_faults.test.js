// SPDX-License-Identifier: Apache-2.0
//
// What breaks around a topic: the broker, the topic itself, producers, emitters, the exchange, each by killing or stopping real processes. Through all
// of it clients keep their connections and never see an older update id after a newer one; soon after what broke is back, fresh quotes come, and with
// the market frozen all that clients hold equals the exchange's last values.
//
// Three emitters look on: one knows Kafka alone, one has the direct lane to a producer besides, one is a relay behind the second.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { Emitter, Exchange, Producer, freePort, noBinary, sleep, until } from './harness.js';
import { noKafka, startKafka } from './kafka.js';
import { Watcher, untilEqual } from './watcher.js';

const { Kafka: KafkaJs, logLevel } = createRequire(import.meta.url)('kafkajs');
const skip = noBinary() || noKafka();
const kTopic = 'book-tickers';
const kMarket = { symbols: 200, rate: 1000 };
// From the return of what broke to the first fresh quote at a client. A tenth of it is usual; a busy machine is not a failure.
const kCurrentWithin_ms = 15_000;
const kMaxAge_ms = 2000; // the producer's --max-age

// One emitter, and a client of it that watches every symbol on both channels.
class Post {
  static async open(stage, name, args = [], port = 0) {
    const post = Object.assign(new Post(), { stage, name, args });
    post.emitter = await Emitter.start(stage.brokers, { port, args: ['--shards', 1, '--stale-after', 2, ...args] });
    await post.emitter.untilReadiness('200 live', 60_000);
    await post.watch();
    return post;
  }

  async watch() {
    this.watcher = await Watcher.open(this.emitter, await this.stage.exchange.symbols(), { status: true, quote: true });
    await this.told('live');
  }

  told(...states) {
    return until(`clients of ${this.name} are told ${states}`, () => states.includes(this.watcher.state()), {
      within: 60_000,
      describe: () => `${JSON.stringify(this.watcher.statuses)}\n${this.log()}`,
    });
  }

  // A client holds a quote that a producer took in after `since_ms`.
  async fresh(since_ms) {
    await until(`clients of ${this.name} get fresh quotes`, () => this.watcher.youngest_ms > since_ms, {
      within: kCurrentWithin_ms,
      every: 10,
      describe: () => this.log(),
    });
    return Math.round(Date.now() - since_ms);
  }

  log() {
    return this.emitter.process.stderr.slice(-3000);
  }

  async close() {
    this.watcher?.close();
    await this.emitter?.stop();
  }
}

// An outage of the broker, from now on, as a client of the direct lane lives through it: the quotes of which the topic should be given the newest alone.
class Outage {
  constructor(watcher) {
    this.watcher = watcher;
    this.quotes = new Map(); // by symbol
    watcher.on_quote = (quote) => this.quotes.set(quote.s, [...(this.quotes.get(quote.s) || []), quote]);
  }

  // Ends it. Of the records that the broker took from `back_ms` on, those with a quote that was never there before: each with its age, and with how long
  // its symbol's next quote had been known. Records tell by their timestamps when the broker took them.
  async written_after(kafka, topic, back_ms) {
    this.watcher.on_quote = null;
    const newest = new Map();
    const found = [];
    for (const line of await kafka.records(topic, '%k\\t%T\\t%s')) {
      const [symbol, taken, value] = line.split('\t');
      const { u, producerTime } = JSON.parse(value);
      if (!(u > (newest.get(symbol) || 0))) continue; // written again, or without an id
      newest.set(symbol, u);
      if (taken < back_ms) continue;
      const next = this.quotes.get(symbol)?.find((quote) => quote.u > u);
      found.push({ symbol, u, producerTime, taken_ms: Number(taken), age_ms: taken - producerTime, overtaken_ms: next ? taken - next.producerTime : 0 });
    }
    return found;
  }
}

// Writes to a topic what a watcher has seen, each quote once a newer one of its symbol came: a second path that is always late.
class Laggard {
  static async start(kafka, topic, watcher) {
    const client = new KafkaJs({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).producer();
    await client.connect();
    const self = Object.assign(new Laggard(), { client, topic, watcher, written: 0, held: new Map(), late: [] });
    watcher.on_quote = (quote) => {
      const before = self.held.get(quote.s);
      self.held.set(quote.s, quote);
      if (before && before.u < quote.u) self.late.push(before);
    };
    self.ended = self.run();
    return self;
  }

  async run() {
    while (!this.stopping) {
      const messages = this.late.splice(0).map(({ s, u, bid, bids, ask, asks, producerTime }) => ({
        key: s,
        value: JSON.stringify({ bid, bids, ask, asks, producerTime, u }),
      }));
      if (messages.length) await this.client.send({ topic: this.topic, messages });
      this.written += messages.length;
      await sleep(20);
    }
  }

  async stop() {
    this.stopping = true;
    this.watcher.on_quote = null;
    await this.ended;
    await this.client.disconnect();
  }
}

describe('faults around Kafka', { skip, concurrency: false }, () => {
  const stage = {};
  let kafka;
  let elsewhere; // where nothing listens until the broker moves there
  let producer;
  let alone;
  let laned;
  let relay;
  const posts = () => [alone, laned, relay].filter(Boolean);

  before(async () => {
    // Records bear the time at which the broker took them.
    [kafka, stage.exchange] = await Promise.all([startKafka({ set: { 'log.message.timestamp.type': 'LogAppendTime' } }), Exchange.start(kMarket)]);
    elsewhere = await freePort();
    stage.brokers = { bootstrap: `${kafka.bootstrap},127.0.0.1:${elsewhere}` };
    producer = await startProducer({ listen: true });
    alone = await Post.open(stage, 'an emitter on Kafka alone');
    laned = await Post.open(stage, 'an emitter with a direct lane', ['--upstream', producer.ws]);
    relay = await Post.open(stage, 'a relay', ['--upstream', laned.emitter.ws]);
  });
  after(async () => {
    for (const post of posts()) await post.close();
    await producer?.stop();
    await stage.exchange?.stop();
    await kafka?.clear();
  });

  const startProducer = (options = {}) =>
    Producer.start(stage.exchange, stage.brokers, { ...options, args: ['--partitions', 2, '--rewrite-after', 3, '--max-age', kMaxAge_ms / 1000] });

  async function admin(run) {
    const client = new KafkaJs({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await client.connect();
    try {
      return await run(client);
    } finally {
      await client.disconnect();
    }
  }

  // Everything that clients can see equals what the exchange says, and they have nothing to complain of.
  async function settle() {
    for (const post of posts()) await post.told('live');
    await stage.exchange.freeze();
    try {
      const expected = await stage.exchange.values();
      for (const { name, watcher, emitter } of posts()) {
        await untilEqual(`clients of ${name} hold the exchange’s values`, expected, () => watcher.values);
        await untilEqual(`clients of ${name} hold the exchange’s values as quotes`, expected, () => watcher.quotes);
        await untilEqual(`REST of ${name} tells the exchange’s values`, expected, () => emitter.values());
      }
    } finally {
      await stage.exchange.resume();
    }
    for (const { name, watcher } of posts()) assert.deepEqual(watcher.complaints(), [], name);
  }

  // Waits for it at every emitter given; says how long it took.
  async function current(t, since_ms, which = posts()) {
    const took = await Promise.all(which.map((post) => post.fresh(since_ms)));
    t.diagnostic(`fresh quotes after ${took.join(', ')} ms`);
  }

  // The quotes of an outage were conflated: what the topic was given from the broker's return at `back_ms` on had not been overtaken for longer than
  // --max-age, and a second in which librdkafka does not look. But what was on its way when the broker stopped lies in its socket, and nobody can call
  // that back: quotes taken in until `sent_ms`.
  async function assertConflated(t, outage, { back_ms, sent_ms }) {
    const all = await outage.written_after(kafka, kTopic, back_ms);
    const [sent, later] = [all.filter((quote) => quote.producerTime < sent_ms), all.filter((quote) => quote.producerTime >= sent_ms)];
    const most = (quotes, what) => Math.round(Math.max(0, ...quotes.map((quote) => quote[what])));
    const first_ms = Math.min(...all.map(({ taken_ms }) => taken_ms));
    const during = (quotes) => quotes.filter(({ producerTime }) => producerTime >= sent_ms && producerTime < first_ms);
    const missed = during([...outage.quotes.values()].flat()).length;
    t.diagnostic(`of ${missed} quotes of the outage ${during(later).length} were written, overtaken for ${most(during(later), 'overtaken_ms')} ms at most; ` +
      `${sent.length} from before it, ${most(sent, 'age_ms')} ms old`);
    assert.ok(all.length > 0 && missed > 100, `${all.length} were written, and the direct lane brought ${missed} meanwhile`);
    assert.deepEqual(later.filter(({ overtaken_ms }) => overtaken_ms > kMaxAge_ms + 1000).slice(0, 5), []);
  }

  test('the broker is killed under load; the direct lane and the relay behind it carry on, and who starts meanwhile waits', async (t) => {
    const from = producer.process.stderr.length;
    const outage = new Outage(laned.watcher);
    await kafka.kill();
    const args = ['--topic', 'made-late'];
    const early = await Producer.start(stage.exchange, stage.brokers, { args });
    const emitter = await Emitter.start(stage.brokers, { args });
    let back_ms;
    try {
      await alone.told('down', 'stale');
      assert.match(await alone.emitter.readiness(), /^503 (down|stale)$/);
      await producer.untilLogs(/records are not taken|brokers are down/, { from });
      await current(t, Date.now(), [laned, relay]);
      assert.deepEqual([laned.watcher.state(), relay.watcher.state()], ['live', 'live']);

      await early.untilLogs(/no broker answers: .*; trying again/);
      await emitter.untilLogs(/no broker answers: .*; trying again/);
      assert.match(await emitter.readiness(), /^503 (connecting|down)$/);
      assert.deepEqual(await emitter.get('/api/v3/ping'), {});
      assert.equal((await emitter.values()).size, 0);

      back_ms = Date.now();
      await kafka.restart();
      await current(t, Date.now());
      await alone.emitter.untilReadiness('200 live');
      await early.untilLogs(/made topic made-late/);
      await emitter.untilReadiness('200 live');
      await until('the emitter has every symbol', async () => (await emitter.values()).size === kMarket.symbols);
    } finally {
      await early.stop();
      await emitter.stop();
    }
    await settle();
    await assertConflated(t, outage, { back_ms, sent_ms: 0 });
  });

  test('the broker stands still for five seconds: what comes then was not overtaken for longer than --max-age', async (t) => {
    await kafka.freeze();
    const sent_ms = Date.now() + kMaxAge_ms / 2; // by then five records are unacknowledged, or the producer knows
    const outage = new Outage(laned.watcher);
    let back_ms;
    try {
      await Promise.all([alone.told('down', 'stale'), sleep(5000)]);
      await current(t, Date.now(), [laned, relay]);
    } finally {
      back_ms = Date.now();
      await kafka.let_go();
    }
    await current(t, Date.now());
    await settle();
    await assertConflated(t, outage, { back_ms, sent_ms });
  });

  test('the broker moves to the other address that everyone was told, and back: they go on where they were in the topic', async (t) => {
    const from = { producer: producer.process.stderr.length, alone: alone.emitter.process.stderr.length };
    for (const port of [elsewhere, kafka.port]) {
      const before = await kafka.ends(kTopic);
      await Promise.all([kafka.move(port), alone.told('down', 'stale')]);
      assert.equal(kafka.port, port);
      await current(t, Date.now());
      await settle();
      assert.ok((await kafka.ends(kTopic)).every(({ offset }, p) => offset > before[p].offset));
    }
    assert.doesNotMatch(producer.process.stderr.slice(from.producer), /made topic/);
    assert.doesNotMatch(alone.emitter.process.stderr.slice(from.alone), /reading book-tickers anew/);
  });

  test('the topic is deleted: the producer makes it anew, and emitters read it', async (t) => {
    const from = { producer: producer.process.stderr.length, alone: alone.emitter.process.stderr.length };
    await kafka.tool('topics', ['--delete', '--topic', kTopic]);
    await producer.untilLogs(/made topic book-tickers with 2 partitions/, { from: from.producer });
    await current(t, Date.now());
    await alone.emitter.untilLogs(/reading book-tickers anew/, { from: from.alone });
    await settle();
  });

  test('the topic is deleted and made again by someone else, with other partitions', async (t) => {
    await admin(async (client) => {
      await client.deleteTopics({ topics: [kTopic] });
      await until('the topic is gone and made again', () =>
        client.createTopics({ topics: [{ topic: kTopic, numPartitions: 3, replicationFactor: 1 }] }).catch(() => false));
    }).catch(() => {}); // the producer may have been quicker
    await current(t, Date.now());
    await settle();
  });

  test('what an emitter was about to read is deleted: it says so and reads on', async (t) => {
    const from = alone.emitter.process.stderr.length;
    alone.emitter.process.child.kill('SIGSTOP');
    try {
      const before = await kafka.ends(kTopic);
      const grown = async () => (await kafka.ends(kTopic)).every(({ offset }, i) => before[i].offset === 0 || offset > before[i].offset + 500);
      await until('much is written meanwhile', grown, { every: 200 });
      await admin(async (client) => {
        const partitions = (await client.fetchTopicOffsets(kTopic)).map(({ partition, high }) => ({ partition, offset: high }));
        await client.deleteTopicRecords({ topic: kTopic, partitions });
      });
    } finally {
      alone.emitter.process.child.kill('SIGCONT');
    }
    await alone.emitter.untilLogs(/reading book-tickers anew: partition \d+: .*offset/i, { from });
    await current(t, Date.now(), [alone]);
    await settle();
  });

  test('partitions are added: producer and emitters take them up', async (t) => {
    const from = producer.process.stderr.length;
    const count = (await kafka.ends(kTopic)).length + 1;
    await admin((client) => client.createPartitions({ topicPartitions: [{ topic: kTopic, count }] }));
    await producer.untilLogs(new RegExp(`topic book-tickers has ${count} partitions now`), { from });
    await current(t, Date.now());
    await settle();
    assert.ok((await kafka.ends(kTopic))[count - 1].offset > 0, 'nothing was written to the new partition');
  });

  test('a topic that lags behind the direct lane never takes clients back', async () => {
    await admin((client) => client.createTopics({ topics: [{ topic: 'lagging', numPartitions: 1, replicationFactor: 1 }] }));
    const laggard = await Laggard.start(kafka, 'lagging', laned.watcher);
    const emitter = await Emitter.start(stage.brokers, { args: ['--topic', 'lagging', '--upstream', producer.ws] });
    let watcher;
    try {
      await emitter.untilReadiness('200 live');
      watcher = await Watcher.open(emitter, await stage.exchange.symbols(), { quote: true });
      const begun = laggard.written;
      // Longer than it takes to believe that an exchange counts anew, at many records a second.
      await Promise.all([sleep(7000), until('enough old records', () => laggard.written > begun + 500, { describe: () => `${laggard.written} written` })]);
      assert.deepEqual(watcher.complaints(), []);
    } finally {
      await laggard.stop();
      watcher?.close();
      await emitter.stop();
    }
  });

  test('one of two producers is killed: clients notice nothing', async (t) => {
    const second = await startProducer();
    await second.untilLogs(/(writing to topic|is used as it is)/);
    await second.untilLogs(/live: all symbols/);
    const told = alone.watcher.statuses.length;
    await producer.stop('SIGKILL');
    await current(t, Date.now(), [alone]);
    assert.deepEqual(alone.watcher.statuses.slice(told), []);
    await settle();
    producer = second; // the lane is gone with the first; Kafka carries all three
  });

  test('the only producer is killed: clients are told, and again when another runs', async (t) => {
    await producer.stop('SIGKILL');
    await alone.told('stale');
    await alone.emitter.untilReadiness('503 stale');
    const { size } = await alone.emitter.values();
    assert.equal(size, kMarket.symbols); // the last values stay
    producer = await startProducer();
    await current(t, Date.now());
    await alone.emitter.untilReadiness('200 live');
    await settle();
  });

  test('an emitter is killed: the others go on, and a new one in its place has everything', async (t) => {
    const { port } = alone.emitter;
    alone.watcher.close();
    await alone.emitter.stop('SIGKILL');
    await current(t, Date.now(), [laned, relay]);
    alone = await Post.open(stage, alone.name, alone.args, port);
    await settle();
  });

  test('the exchange is killed and comes back', async (t) => {
    const { port } = stage.exchange;
    await stage.exchange.stop('SIGKILL');
    await alone.told('stale');
    stage.exchange = await Exchange.start({ port, ...kMarket });
    await current(t, Date.now());
    await settle();
  });
});
