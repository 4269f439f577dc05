// SPDX-License-Identifier: Apache-2.0
//
// `tickcast topic`, as somebody runs it who wants to know what is in a topic: a producer of ours writes there all the time, and another client a few
// records that consumers stumble over.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Exchange, Process, Producer, binary, noBinary, run, until } from './harness.js';
import { noKafka, output, startKafka } from './kafka.js';

const skip = noBinary() || noKafka();
const kTopic = 'book-tickers';
const kSymbols = 20;
const kQuote = '(\\S+) x (\\S+)  (\\S+) x (\\S+)';
const kAge = '-?\\d+\\.\\d (?:ms|s)';
const kRecord = new RegExp(`^(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}) (\\S+) +${kQuote}  (?:u (\\d+)|no u)  ?age ${kAge} \\((\\d+)/(\\d+)\\)$`);
const lines = (text) => text.split('\n').slice(0, -1);

describe('tickcast topic', { skip, concurrency: false }, () => {
  let kafka;
  let exchange;
  let producer;

  before(async () => {
    [kafka, exchange] = await Promise.all([startKafka(), Exchange.start({ symbols: kSymbols, rate: 400 })]);
    producer = await Producer.start(exchange, kafka, { args: ['--partitions', 2] });
    await producer.untilLogs(/live: all symbols/);
    await producer.untilLogs(/made topic/);
  });
  after(async () => {
    await Promise.all([producer, exchange].map((process) => process?.stop()));
    await kafka?.clear();
  });

  const words = (action, ...args) => ['topic', action, '--brokers', kafka.bootstrap, ...args];
  const kcat = (input, args = []) => kafka.kcat(['-P', '-t', kTopic, '-K', '\t', ...args], { input: input + '\n' });
  const count = async () => (await kafka.ends(kTopic)).reduce((sum, { offset }) => sum + offset, 0);

  test('tail shows the records of the symbols that it was asked for as they come, and ends by Ctrl-C', async () => {
    const wanted = ['BTCUSDT', 'ETHUSDT'];
    const tail = new Process(words('tail', '--symbols', wanted.join(',')));
    const last = new Map();
    try {
      await until('records are shown', () => wanted.every((symbol) => tail.stdout.split(symbol).length > 5), { describe: () => tail.stdout + tail.stderr });
      await exchange.freeze();
      const expected = await exchange.values();
      const all = () => lines(tail.stdout).map((line) => line.match(kRecord) || assert.fail(line));
      const tells = () => all().forEach(([, , symbol, ...quote]) => last.set(symbol, quote.slice(0, 4).join(' ')));
      await until('its last lines tell the exchange’s values', () => tells() || wanted.every((symbol) => last.get(symbol) === expected.get(symbol)), {
        describe: () => tail.stdout.slice(-1000),
      });
      const ends = new Map();
      for (const [line, time, , , , , , , partition, offset] of all()) {
        assert.ok(Math.abs(Date.now() - Date.parse(time + 'Z')) < 60_000, line);
        assert.ok(Number(offset) > (ends.get(partition) ?? -1), line);
        ends.set(partition, Number(offset));
      }
    } finally {
      await exchange.resume();
    }
    assert.equal((await tail.stop('SIGINT')).code, 0);
    assert.deepEqual([...last.keys()].sort(), wanted);
  });

  test('tail ends when nobody reads its lines any more', async () => {
    const { stdout } = await output('sh', ['-c', '"$@" | head -n 3', 'sh', binary, ...words('tail')]);
    assert.equal(lines(stdout).filter((line) => kRecord.test(line)).length, 3, stdout);
  });

  test('stats tells the load of the topic, of its partitions, and of its busiest symbols', async () => {
    const before = await count();
    const { code, stdout, stderr } = await run(words('stats', '--duration', '2', '--top', '5'));
    const written = (await count()) - before;
    assert.equal(code, 0, stderr);
    const total = stdout.match(/^(\d+) records in (\d\.\d) s, (\d+)\/s, (?:\d+\.\d) kB\/s; (\d+) symbols; \d+ written again$/m) || assert.fail(stdout);
    const [records, seconds, rate, symbols] = total.slice(1).map(Number);
    assert.ok(records > 100 && records <= written, `${records} of ${written} that were written meanwhile\n${stdout}`);
    assert.ok(Math.abs(records / seconds - rate) < 0.05 * rate + 1, stdout);
    assert.match(stdout, new RegExp(`^age of new quotes when read here: p50 ${kAge}, p99 ${kAge}$`, 'm'));

    const sum = (rows, of) => rows.reduce((total, row) => total + Number(row[of]), 0);
    const partitions = [...stdout.matchAll(/^ +(\d) +(\d+\.\d) +(\d+\.\d) +(\d+)$/gm)];
    assert.deepEqual(partitions.map(([, number]) => number), ['0', '1']);
    assert.ok(Math.abs(sum(partitions, 2) - rate) < 1, stdout);
    assert.equal(sum(partitions, 4), symbols);

    const busiest = [...stdout.matchAll(new RegExp(`^([A-Z0-9]+) +(\\d+\\.\\d) +${kAge}  ${kQuote}$`, 'gm'))];
    assert.equal(busiest.length, 5, stdout);
    assert.ok(busiest.every((row, i) => i === 0 || Number(busiest[i - 1][2]) >= Number(row[2])), stdout);
    assert.ok(sum(busiest, 2) > 0 && sum(busiest, 2) <= rate + 1, stdout);
  });

  test('check finds nothing wrong with what our producer writes', async () => {
    let checked;
    // A symbol's first record, from a look-up, has no u: until those lie further back.
    await until('nothing is wrong', async () => (checked = await run(words('check', '--lookback', '1'))).code === 0, { describe: () => checked.stdout });
    assert.match(checked.stdout, /^\d+ records of \d+ symbols in 2 partitions\n$/);
    assert.equal(checked.stderr, '');
  });

  test('check counts what consumers stumble over, says where the first of each is, and ends with status 1', async () => {
    const parts = { bid: '1.10', bids: '2', ask: '1.20', asks: '3' };
    const quote = (members) => JSON.stringify({ ...parts, producerTime: Date.now(), ...members });
    const tail = new Process(words('tail', '--symbols', 'BADUSDT'));
    try {
      await until('tail reads', () => kcat('BADUSDT\tfrog', ['-p', '1']).then(() => /BADUSDT/.test(tail.stdout)), { describe: () => tail.stderr });
      await until('tail shows it', () => /^BADUSDT is no quote \(1\/\d+\)$/m.test(tail.stdout), { describe: () => tail.stdout });
    } finally {
      await tail.stop();
    }
    await kcat(['{}', '[1,2]', quote({ bid: '9'.repeat(60) })].map((value) => `WORSEUSDT\t${value}`).join('\n'), ['-p', '0']);
    await kcat('GONEUSDT\t', ['-Z', '-p', '0']);
    await kafka.kcat(['-P', '-t', kTopic, '-p', '0'], { input: quote({ u: 1 }) + '\n' }); // without a key
    for (const [partition, u] of [['0', 5], ['0', 4], ['1', 5]]) await kcat(`RACEUSDT\t${quote({ u })}`, ['-p', partition]);
    await kcat(`BAREUSDT\t${JSON.stringify(parts)}`, ['-p', '1']);

    const { code, stdout, stderr } = await run(words('check', '--lookback', '600'));
    assert.equal(code, 1, stdout + stderr);
    const found = lines(stdout).filter((line) => line.startsWith('! '));
    const expected = [
      /^! \d+ records are no quotes; first: (BADUSDT \(1|WORSEUSDT \(0)\/\d+\)$/,
      /^! 1 record has numbers that do not fit exactly; first: WORSEUSDT \(0\/\d+\)$/,
      /^! 1 record has no key, so no symbol; first: \(no key\) \(0\/\d+\)$/,
      /^! 1 symbol is in more than one partition: .*; first: RACEUSDT \([01]\/\d+\)$/,
      /^! 1 quote has a lower u than one before it: .*; first: RACEUSDT \(0\/\d+\)$/,
      /^! \d+ quotes have no u: their order in the partition is their order in time; first: /, // our producer's first among them
      /^! 1 quote has no producerTime: .*; first: BAREUSDT \(1\/\d+\)$/,
      /^! 1 record is a tombstone: its symbol counts as gone; first: GONEUSDT \(0\/\d+\)$/,
    ];
    assert.equal(found.length, expected.length, stdout);
    found.forEach((line, i) => assert.match(line, expected[i]));

    // Where it says, there it is.
    const [, partition, offset] = stdout.match(/no key\) \((\d)\/(\d+)\)/);
    const there = await kafka.kcat(['-C', '-t', kTopic, '-p', partition, '-o', offset, '-c', '1', '-f', '%K %s']);
    assert.match(there.stdout, /^-1 .*"u":1}$/);
  });

  test('a topic that is not there is said, and waited for', async () => {
    const check = new Process(words('check', '--topic', 'nosuch'));
    await until('it says so', () => check.stderr.includes('tickcast topic: there is no topic nosuch; waiting'), { describe: () => check.stderr });
    await kafka.tool('topics', ['--create', '--topic', 'nosuch']);
    const { code } = await check.exited;
    assert.equal(code, 0, check.stderr);
    assert.equal(check.stdout, '0 records of 0 symbols in 1 partitions\n');
  });
});
