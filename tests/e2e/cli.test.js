// SPDX-License-Identifier: Apache-2.0
//
// The command line as a person or a script meets it: exit codes, messages, Ctrl-C, recordings.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { Exchange, Process, Serve, binary, noBinary, run, sleep, until } from './harness.js';
import { lowerAscii } from '../../web/format.js';
import { untilEqual } from './watcher.js';

const skip = noBinary();
const kAnyPort = ['--listen', '127.0.0.1:0'];

describe('the command line', { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-e2e-'));
  after(() => rmSync(folder, { recursive: true }));

  test('an unknown flag exits 2, is named, and the right one is suggested', async () => {
    for (const command of ['serve', 'exchange', 'demo']) {
      const { code, stderr, stdout } = await run([command, '--lissten', ':0']);
      assert.equal(code, 2);
      assert.match(stderr, /--lissten/);
      assert.match(stderr, /--listen/);
      assert.equal(stdout, '');
    }
    for (const words of [['sevre'], ['serve', 'extra'], ['--frobnicate']]) {
      const { code, stderr } = await run(words);
      assert.equal(code, 2, words.join(' '));
      assert.match(stderr, new RegExp(words[words.length - 1]));
    }
    assert.equal((await run([])).code, 2);
  });

  test('an impossible value exits 2, and its flag is named', async () => {
    const cases = [
      ['exchange', '--listen', 'nonsense'],
      ['exchange', '--listen', '127.0.0.1:70000'],
      ['exchange', '--symbol-count', '0'],
      ['exchange', '--symbol-count', 'many'],
      ['exchange', '--rate', '-5'],
      ['exchange', '--seed', 'x'],
      ['exchange', '--fault', 'nonsense'],
      ['exchange', '--fault', 'stall:for=soon'],
      ['exchange', '--replay', '/no/such/file'],
      ['serve', '--exchange-rest', 'ftp://example.org'],
      ['serve', '--exchange-streams', 'http://example.org'],
      ['serve', '--shards', '-1'],
    ];
    for (const words of cases) {
      const { code, stderr } = await run(words);
      assert.equal(code, 2, `${words.join(' ')}\n${stderr}`);
      assert.ok(stderr.includes(words[1]), `${words.join(' ')}\n${stderr}`);
    }
    assert.equal((await run(['demo', '--simulate', '--live'])).code, 2);
  });

  test('flags have environment twins, and a flag wins', async () => {
    const wrong = await run(['exchange', ...kAnyPort], { env: { TICKCAST_SYMBOL_COUNT: 'many', TICKCAST_RATE: '-1' } });
    assert.equal(wrong.code, 78);
    assert.match(wrong.stderr, /TICKCAST_SYMBOL_COUNT: .*many/);
    assert.match(wrong.stderr, /TICKCAST_RATE: /, 'all that is wrong at once');
    const exchange = new Process(['exchange', '--symbol-count', '3'], { env: { TICKCAST_LISTEN: '127.0.0.1:0', TICKCAST_SYMBOL_COUNT: '7' } });
    const port = await exchange.listening();
    const rows = await (await fetch(`http://127.0.0.1:${port}/api/v3/ticker/bookTicker?symbolStatus=TRADING`)).json();
    assert.equal(rows.length, 3);
    await exchange.stop();
  });

  test('a taken port exits 1 and says who may hold it', async () => {
    const holder = createServer();
    await new Promise((done) => holder.listen(0, '127.0.0.1', done));
    const { port } = holder.address();
    for (const command of [['exchange'], ['serve', '--exchange-streams', 'ws://127.0.0.1:1'], ['demo', '--simulate']]) {
      const { code, stderr } = await run([...command, '--listen', `127.0.0.1:${port}`]);
      assert.equal(code, 1, stderr);
      assert.ok(stderr.includes(String(port)), stderr);
      assert.ok(stderr.includes(String(process.pid)), stderr);
    }
    holder.close();
  });

  test('help has an example of each command, and version tells its libraries', async () => {
    for (const command of ['demo', 'serve', 'exchange', 'record', 'healthcheck', 'version']) {
      const { code, stdout } = await run([command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Example: tickcast ${command}`));
    }
    const { code, stdout } = await run(['version']);
    assert.equal(code, 0);
    assert.match(stdout, /tickcast \d+\.\d+\.\d+/);
    assert.match(stdout, /^openssl +3\./m);
  });

  test('Ctrl-C and SIGTERM stop each role within two seconds, clients or not', async () => {
    const exchange = await Exchange.start({ symbols: 50, rate: 500 });
    const serve = await Serve.start(exchange);
    await serve.ready(exchange);
    const closes = [];
    for (const server of [serve, exchange]) {
      const socket = new WebSocket(`${server.ws}/ws/btcusdt@bookTicker`);
      await new Promise((done) => socket.once('open', done));
      socket.on('close', (code) => closes.push(code));
    }
    const record = new Process(['record', '--exchange-streams', exchange.ws, '--out', join(folder, 'stop.txt')]);
    await until('it records', () => record.stdout.includes('recording'));
    for (const [role, signal] of [[record, 'SIGINT'], [serve, 'SIGTERM'], [exchange, 'SIGINT']]) {
      const { code, ms } = await role.stop(signal);
      assert.equal(code, 0);
      assert.ok(ms < 2000, `${ms} ms`);
    }
    await until('clients were told', () => closes.length === 2);
    assert.deepEqual(closes, [1012, 1001]);
  });

  test('Ctrl-C stops a server whose exchange cannot be reached', async () => {
    const serve = new Process(['serve', ...kAnyPort, '--exchange-streams', 'ws://127.0.0.1:1']);
    await serve.listening();
    const { code, ms } = await serve.stop();
    assert.equal(code, 0);
    assert.ok(ms < 2000, `${ms} ms`);
  });

  test('a second signal ends it where it is', async () => {
    const exchange = await Exchange.start({ symbols: 5, rate: 20 });
    const serve = await Serve.start(exchange);
    await serve.ready(exchange);
    const socket = new WebSocket(`${serve.ws}/ws/!bookTicker`); // a stop waits a second for it
    socket.on('error', () => {});
    await new Promise((done) => socket.once('message', done));
    const stopped = serve.stop('SIGINT');
    await serve.untilLogs(/stopping/);
    await sleep(150); // within 100 ms it is the same wish
    serve.process.child.kill('SIGINT');
    assert.equal((await stopped).code, 130);
    await exchange.stop();
  });

  test('a stop that timeout tells twice loses nothing of a recording', async () => {
    const exchange = await Exchange.start({ symbols: 5, rate: 200 });
    const path = join(folder, 'twice.gz');
    const words = ['--signal', 'INT', '--preserve-status', '2', binary, 'record', '--exchange-streams', exchange.ws, '--out', path];
    const timeout = spawn('timeout', words, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
    let said = '';
    timeout.stdout.on('data', (data) => (said += data));
    const code = await new Promise((done) => timeout.on('close', done));
    assert.equal(code, 0);
    assert.equal(gunzipSync(readFileSync(path)).toString().trim().split('\n').length, Number(said.match(/^(\d+) frames$/m)[1]));
    await exchange.stop();
  });

  test('logs are lines of JSON on stderr when nobody watches a terminal', async () => {
    const serve = new Process(['serve', ...kAnyPort, '--exchange-streams', 'ws://127.0.0.1:1']);
    await until('something is logged', () => serve.stderr.includes('\n'));
    await serve.stop();
    for (const line of serve.stderr.trim().split('\n')) JSON.parse(line);
  });

  test('a taken admin port exits 1 and names the flag', async () => {
    const holder = createServer();
    await new Promise((done) => holder.listen(0, '127.0.0.1', done));
    const { port } = holder.address();
    const { code, stderr } = await run(['serve', ...kAnyPort, '--exchange-streams', 'ws://127.0.0.1:1', '--admin', `127.0.0.1:${port}`]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /--admin/);
    holder.close();
  });

  test('a role that stops is not ready before its clients are closed', async () => {
    const exchange = await Exchange.start({ symbols: 50, rate: 500 });
    const serve = await Serve.start(exchange);
    await serve.untilReadiness('200 live');
    const readiness = [];
    const socket = new WebSocket(`${serve.ws}/ws/btcusdt@bookTicker`);
    await new Promise((done) => socket.once('open', done));
    const closed = new Promise((done) => socket.once('close', done));
    socket.on('message', async (text) => {
      if (String(text).includes('serverShutdown')) readiness.push(serve.readiness());
    });
    const stopped = serve.stop('SIGTERM');
    await closed;
    assert.equal((await stopped).code, 0);
    assert.deepEqual(await Promise.all(readiness), ['503 draining']);
    await exchange.stop();
  });

  test('a file is written, checked and shown, and all that is wrong in one is said at once', async () => {
    const path = join(folder, 'tickcast.toml');
    assert.equal((await run(['config', 'init', path])).code, 0);
    assert.equal((await run(['config', 'init', path])).code, 1, 'never over a file that is there');
    assert.equal((await run(['config', 'check', path])).code, 0);
    assert.equal((await run(['config', 'init'])).stdout, readFileSync(path, 'utf8'));

    writeFileSync(path, 'brokrs = "a:1"\n[emitter]\nbrokers = "b:1"\nkafka-config = ["sasl.password=hunter2"]\nmax-connections = "many"\n');
    for (const words of [['config', 'check', path], ['emitter', '--config', path], ['config', 'show', 'emitter', '-c', path]]) {
      const { code, stderr } = await run(words);
      assert.equal(code, 78, stderr);
      assert.match(stderr, /tickcast\.toml:1: brokrs is not a key; did you mean brokers\?/);
      assert.match(stderr, /tickcast\.toml:5: max-connections: .*many/);
    }
    writeFileSync(path, '[emitter]\nbrokers = "b:1"\nkafka-config = ["sasl.password=hunter2"]\n');
    const shown = await run(['config', 'show', '--origin', 'emitter', '-c', path, '--topic', 't'], { env: { TICKCAST_SHARDS: '3' } });
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^brokers = "b:1" +# .*tickcast\.toml:2$/m);
    assert.match(shown.stdout, /^topic = "t" +# flag$/m);
    assert.match(shown.stdout, /^shards = 3 +# TICKCAST_SHARDS$/m);
    assert.match(shown.stdout, /^stale-after = 5 +# default$/m);
    assert.doesNotMatch(shown.stdout, /hunter2/);
    assert.equal((await run(['config', 'show', 'nobody'])).code, 2);
    assert.equal((await run(['config', 'check'])).code, 2);
  });

  test('SIGHUP takes in what can change, and says what takes a restart', async () => {
    const path = join(folder, 'live.toml');
    writeFileSync(path, '[serve]\nmax-connections-per-address = 1\nshards = 1\n');
    const exchange = await Exchange.start({ symbols: 50, rate: 500 });
    const serve = await Serve.start(exchange, { args: ['--config', path] });
    const connect = () => new Promise((done) => {
      const socket = new WebSocket(`${serve.ws}/ws/btcusdt@bookTicker`);
      socket.once('open', () => done(true)).once('error', () => done(false));
    });
    assert.equal(await connect(), true);
    assert.equal(await connect(), false);
    writeFileSync(path, '[serve]\nmax-connections-per-address = 0\nshards = 2\n');
    serve.process.child.kill('SIGHUP');
    await serve.untilLogs(/max-connections-per-address is 0 now/);
    await serve.untilLogs(/shards would be 2, but takes a restart/);
    await until('another client is let in', connect);
    assert.equal((await serve.stop()).code, 0);

    const plain = await Serve.start(exchange);
    assert.equal((await plain.stop('SIGHUP')).code, 0, 'without a file it is a stop');
    await exchange.stop();
  });

  test('a fastest pace holds for those who are connected, from SIGHUP on', async (t) => {
    const path = join(folder, 'pace.toml');
    writeFileSync(path, '[serve]\n');
    const exchange = await Exchange.start({ symbols: 50, rate: 2000 });
    t.after(() => exchange.stop());
    const serve = await Serve.start(exchange, { args: ['--config', path] });
    t.after(() => serve.stop());
    const socket = new WebSocket(`${serve.ws}/stream?streams=btcusdt@quote`);
    t.after(() => socket.terminate());
    const events = [];
    socket.on('message', (text) => events.push(JSON.parse(text)));
    await until('quotes come', () => events.length > 10);
    writeFileSync(path, '[serve]\nfastest-pace = 0.5\n');
    serve.process.child.kill('SIGHUP');
    await serve.untilLogs(/fastest-pace is 0\.5 now/);
    const from = events.length;
    await until('quotes come more slowly', () => events.length >= from + 7);
    // The last four: the first of them may have come at once, the others each at a period's end.
    const [first, ...others] = events.slice(-4);
    assert.ok(others[2].data.emitterTime - first.data.emitterTime > 800, `${first.data.emitterTime} to ${others[2].data.emitterTime}`);
    assert.ok(others.every(({ stream, data }) => stream === 'btcusdt@quote' && data.n > 1), JSON.stringify(others));
  });

  test('demo serves the page and says what it shows', async () => {
    const demo = new Process(['demo', '--simulate', ...kAnyPort]);
    const port = await demo.listening();
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /^<!doctype html>/);
    assert.match(demo.stdout, /SIMULATED/);
    assert.match(demo.stdout, new RegExp(`http://127.0.0.1:${port}/`));
    const { code, ms } = await demo.stop();
    assert.equal(code, 0);
    assert.ok(ms < 2000, `${ms} ms`);
  });

  test('what was recorded is played back, frame by frame', async () => {
    const path = join(folder, 'market.gz');
    const exchange = await Exchange.start({ symbols: 20, rate: 400 });
    const record = new Process(['record', '--exchange-streams', exchange.ws, '--out', path]);
    await until('all symbols are recorded', async () => {
      const { connections } = await exchange.state();
      return connections.reduce((sum, c) => sum + c.subscriptions, 0) >= 20;
    });
    const { events } = await exchange.state();
    await until('a thousand events', async () => (await exchange.state()).events > events + 1000, { within: 30_000 });
    await record.stop();
    await exchange.stop();

    const recorded = new Map(); // symbol -> frames, as "u b B a A"
    let earlier = 0n;
    for (const line of gunzipSync(readFileSync(path)).toString().trim().split('\n')) {
      const [, at, frame] = line.match(/^(\d{19}) (.*)$/);
      assert.ok(BigInt(at) >= earlier, 'time runs forward');
      earlier = BigInt(at);
      const message = JSON.parse(frame);
      const data = message.data || message;
      if (data.s) recorded.set(data.s, [...(recorded.get(data.s) || []), describeFrame(data)]);
    }
    const frames = [...recorded.values()].reduce((sum, list) => sum + list.length, 0);
    assert.ok(frames > 900, `${frames} frames`);

    // Frozen until a client listens: all but the few frames of the first moment are seen.
    const replay = await Exchange.start({ args: ['--replay', path] });
    await replay.freeze();
    const played = new Map();
    const streams = [...recorded.keys()].map((symbol) => lowerAscii(symbol) + '@bookTicker');
    const socket = new WebSocket(`${replay.ws}/stream?streams=${streams.map(encodeURIComponent).join('/')}`);
    socket.on('message', (text) => {
      const { data } = JSON.parse(text);
      if (data.s) played.set(data.s, [...(played.get(data.s) || []), describeFrame(data)]);
    });
    await new Promise((done) => socket.once('open', done));
    await replay.resume();
    const last = (map) => new Map([...map].map(([symbol, list]) => [symbol, list[list.length - 1]]));
    const moving = new Map([...last(recorded)].filter(([symbol]) => recorded.get(symbol).length > 20));
    await untilEqual('each symbol ends on its last recorded frame', moving, () => last(played));
    for (const [symbol, list] of played) assert.deepEqual(list, recorded.get(symbol).slice(-list.length), symbol);
    const seen = [...played.values()].reduce((sum, list) => sum + list.length, 0);
    assert.ok(seen > frames * 0.8, `${seen} of ${frames}`);
    socket.terminate();
    await replay.stop();
  });
});

const describeFrame = (data) => `${data.u} ${data.b} ${data.B} ${data.a} ${data.A}`;
