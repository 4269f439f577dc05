// SPDX-License-Identifier: Apache-2.0
//
// tools/run-kafka, as a developer meets it: an address that shows moving quotes, the simulator's at last, and nothing left behind, however it ends.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Emitter, Exchange, freePort, missing, noBinary, root, until } from './harness.js';
import { noKafka } from './kafka.js';
import { Watcher, untilEqual } from './watcher.js';

const haproxy = ['/usr/sbin/haproxy', '/usr/local/sbin/haproxy', '/usr/bin/haproxy'].some(existsSync);
const skip = noBinary() || noKafka() || missing('haproxy', haproxy);

const kSymbols = 100;
const kClients = 6;
const folders = [];
after(() => folders.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

class System {
  constructor(port) {
    this.dir = mkdtempSync(join(tmpdir(), 'tickcast-run-'));
    folders.push(this.dir);
    this.port = port;
    this.said = '';
    const words = ['--listen', `127.0.0.1:${port}`, '--dir', this.dir, '--', '--symbol-count', String(kSymbols), '--rate', '600'];
    this.child = spawn(join(root, 'tools/run-kafka'), words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (data) => (this.said += data));
    this.child.stderr.on('data', (data) => (this.said += data));
    this.exited = new Promise((done) => this.child.on('close', (code) => done((this.code = code))));
    process.on('exit', () => this.child.kill('SIGTERM'));
  }

  says(text, within = 120_000) {
    return until(`it says ${text}`, () => this.said.includes(text), { within, describe: () => this.said });
  }

  async stop(signal) {
    const begun = Date.now();
    this.child.kill(signal);
    return { code: await this.exited, ms: Date.now() - begun };
  }

  // The port that a role says it listens on, or that of its metrics.
  port_of(role, what = 'listening') {
    return Number(readFileSync(join(this.dir, `${role}.log`), 'utf8').match(new RegExp(`^${what} on \\S+:(\\d+)$`, 'm'))[1]);
  }

  // How many WebSocket clients an emitter has.
  async clients_of(emitter) {
    const metrics = await (await fetch(`http://127.0.0.1:${this.port_of(emitter, 'admin')}/metrics`)).text();
    return Number(metrics.match(/^tickcast_clients(?:{.*})? (\d+)$/m)[1]);
  }

  // What runs of this system: its output goes to its folder, or its command line names that.
  processes() {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        const mine = line.includes(this.dir) || readlinkSync(`/proc/${pid}/fd/1`).startsWith(this.dir);
        return mine ? { pid: Number(pid), line } : [];
      } catch {
        return []; // it has just ended
      }
    });
  }
}

async function quotesMove(port) {
  const rows = await until('every symbol has a quote', async () => {
    const some = await (await fetch(`http://127.0.0.1:${port}/api/v3/ticker/bookTicker`, { headers: { connection: 'close' } })).json();
    return some.length >= kSymbols && some;
  });
  const streams = rows.map(({ symbol }) => encodeURIComponent(symbol.toLowerCase()) + '@bookTicker').join('/');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/stream?streams=${streams}`);
  let updates = 0;
  socket.on('message', () => (updates += 1));
  socket.on('error', () => {});
  await until('quotes move', () => updates > 2 * rows.length + 20);
  socket.terminate();
}

describe('tools/run-kafka', { skip, concurrency: false }, () => {
  let system; // the one that runs

  test('quotes come through the balancer', async () => {
    system = new System(await freePort());
    await system.says('Ctrl-C stops');
    assert.match(system.said, new RegExp(`Open http://127.0.0.1:${system.port}/`));
    assert.match(system.said, /SIMULATED/);
    assert.ok(system.processes().length >= 6, 'the test finds its processes');
    await quotesMove(system.port);
  });

  test('when the market stands still, every client of either emitter holds what the simulator has', async (t) => {
    const exchange = Exchange.at(system.port_of('exchange'));
    const balancer = Emitter.at(system.port);
    const symbols = await exchange.symbols();
    const watchers = await Promise.all(Array.from({ length: kClients }, () => Watcher.open(balancer, symbols, { quote: true })));
    try {
      await until('much has come to each', () => watchers.every(({ events, values }) => events > 20 * kSymbols && values.size === kSymbols), {
        describe: () => watchers.map(({ events, values }) => `${events} events, ${values.size} symbols`).join('\n'),
      });
      const served = await Promise.all(['emitter1', 'emitter2'].map((emitter) => system.clients_of(emitter)));
      t.diagnostic(`clients of each emitter: ${served}`);
      assert.ok(served.every((count) => count > 0), 'one emitter has all the clients');
      await exchange.freeze();
      const expected = await exchange.values();
      assert.equal(expected.size, kSymbols);
      for (const [i, watcher] of watchers.entries()) {
        await untilEqual(`streams tell client ${i} the simulator’s values`, expected, () => watcher.values);
        await untilEqual(`quotes tell client ${i} the simulator’s values`, expected, () => watcher.quotes);
      }
      await untilEqual('REST tells the simulator’s values', expected, () => balancer.values());
      assert.deepEqual(watchers.flatMap((watcher) => watcher.complaints()), []);
    } finally {
      watchers.forEach((watcher) => watcher.close());
      await exchange.resume();
    }
  });

  test('Ctrl-C ends all of it within seconds', async () => {
    const { code, ms } = await system.stop('SIGINT');
    assert.equal(code, 0, system.said);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.deepEqual(system.processes(), []);
  });

  test('one that ends is named with the end of its log, and takes the others along', async () => {
    system = new System(await freePort());
    await system.says('Ctrl-C stops');
    process.kill(system.processes().find(({ line }) => line.includes(' emitter ')).pid, 'SIGKILL');
    assert.equal(await system.exited, 1, system.said);
    assert.match(system.said, /The emitter[12] ended \(exit code 137\)\. The end of .*emitter[12]\.log:\n +\{/);
    assert.deepEqual(system.processes(), []);
  });

  test('a port that is taken is said by the balancer, and nothing stays', async () => {
    const holder = createServer();
    await new Promise((done) => holder.listen(0, '127.0.0.1', done));
    system = new System(holder.address().port);
    assert.equal(await system.exited, 1, system.said);
    assert.match(system.said, /The balancer ended[^]*Address already in use/);
    assert.deepEqual(system.processes(), []);
    holder.close();
  });

  test('Ctrl-C while Kafka starts leaves nothing behind', async () => {
    system = new System(await freePort());
    await until('the broker is begun', () => existsSync(join(system.dir, 'kafka/pid')));
    const { code, ms } = await system.stop('SIGINT');
    assert.equal(code, 0, system.said);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.deepEqual(system.processes(), []);
  });

  test('a wrong flag gets the usage', () => {
    const { status, stderr } = spawnSync(join(root, 'tools/run-kafka'), ['--frobnicate'], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /--listen ADDR/);
  });
});
