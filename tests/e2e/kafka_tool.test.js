// SPDX-License-Identifier: Apache-2.0
//
// tools/kafka, as people and the other tests use it.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Kafka, noKafka, startKafka } from './kafka.js';

const skip = noKafka();
const lines = (text) => text.split('\n').filter(Boolean);
const numbers = (from, to) => Array.from({ length: to - from }, (_, i) => `n${from + i}`);

// Whether anyone listens there.
function open(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => done(true) || socket.destroy()).on('error', () => done(false));
  });
}

describe('tools/kafka', { skip, concurrency: false }, () => {
  let kafka;
  before(async () => (kafka = await startKafka()));
  after(() => kafka?.clear());

  const produce = (records) =>
    kafka.kcat(['-P', '-t', 'kept', '-X', 'enable.idempotence=true', '-X', 'message.timeout.ms=5000'], { input: records.join('\n') + '\n' });
  const consume = async () => lines((await kafka.kcat(['-C', '-t', 'kept', '-o', 'beginning', '-e'])).stdout);

  test('a broker that was started takes records at once', async () => {
    await kafka.tool('topics', ['--create', '--topic', 'kept', '--partitions', '1']);
    await produce(numbers(0, 100));
    assert.deepEqual(await consume(), numbers(0, 100));
  });

  test('starting leaves no topic behind', async () => {
    assert.deepEqual(lines((await kafka.tool('topics', ['--list', '--exclude-internal'])).stdout), ['kept']);
  });

  test('starting it again only says where it is', async () => {
    const { stdout, stderr } = await kafka.tool('start');
    assert.equal(stdout, `bootstrap=${kafka.bootstrap}\n`);
    assert.match(stderr, /runs already/);
  });

  test('status tells pid, address and memory', async () => {
    const { stdout } = await kafka.tool('status');
    const [, pid, bootstrap, memory] = stdout.match(/^running pid=(\d+) bootstrap=(\S+) memory_mib=(\d+) dir=/);
    assert.ok(process.kill(Number(pid), 0));
    assert.equal(bootstrap, kafka.bootstrap);
    assert.ok(Number(memory) > 50 && Number(memory) < 600, memory);
  });

  test('what was acknowledged is there after kill -9 and a start, at the same address', async () => {
    await produce(numbers(100, 200));
    const { bootstrap } = kafka;
    await kafka.kill();
    assert.equal(await open(kafka.port), false);
    await kafka.restart();
    assert.equal(kafka.bootstrap, bootstrap);
    assert.deepEqual(await consume(), numbers(0, 200));
    await produce(numbers(200, 300));
    assert.deepEqual(await consume(), numbers(0, 300));
  });

  test('Kafka’s own console tools write and read', async () => {
    await kafka.tool('topics', ['--create', '--topic', 'console']);
    await kafka.tool('console-producer', ['--topic', 'console', '--reader-property', 'parse.key=true'], { input: 'BTCUSDT\tone\nETHUSDT\ttwo\n' });
    const args = ['--topic', 'console', '--from-beginning', '--max-messages', '2', '--formatter-property', 'print.key=true'];
    assert.deepEqual(lines((await kafka.tool('console-consumer', args)).stdout).sort(), ['BTCUSDT\tone', 'ETHUSDT\ttwo']);
  });

  test('a second broker runs beside it, with settings of its own', async () => {
    const other = await startKafka({ set: { 'auto.create.topics.enable': true, 'num.partitions': 3 } });
    try {
      assert.notEqual(other.port, kafka.port);
      await other.kcat(['-P', '-t', 'made-by-writing'], { input: 'x\n' });
      const listed = (await other.kcat(['-L', '-t', 'made-by-writing'])).stdout;
      assert.match(listed, /with 3 partitions/);
      assert.doesNotMatch((await kafka.kcat(['-L'])).stdout, /made-by-writing/);
    } finally {
      await other.clear();
    }
  });

  test('a port that is taken is named, and so is what to do', async () => {
    const other = new Kafka({ port: kafka.port });
    await assert.rejects(other.restart(), new RegExp(`port ${kafka.port} is taken.*--port 0`));
    assert.match((await other.tool('status', [], { ok: [3] })).stdout, /^not running/);
    await other.clear();
  });

  test('a setting that Kafka refuses fails the start with Kafka’s words', async () => {
    const other = new Kafka({ set: { 'num.io.threads': 'frog' } });
    await assert.rejects(other.restart(), /Invalid value frog for configuration num\.io\.threads/);
    await other.clear();
  });

  test('stop ends it and keeps the data', async () => {
    await kafka.stop();
    assert.equal(await open(kafka.port), false);
    assert.match((await kafka.tool('status', [], { ok: [3] })).stdout, /^not running/);
    await assert.rejects(kafka.tool('topics', ['--list']), /no broker runs in/);
    await kafka.restart();
    assert.equal((await consume()).length, 300);
  });
});
