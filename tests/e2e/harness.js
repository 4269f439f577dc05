// SPDX-License-Identifier: Apache-2.0
//
// Harness: starts the real binary in its roles and asks it things. Ports are the kernel's choice; every wait is for a condition, with a deadline;
// whatever was started is killed when the test process ends.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, '../..');
export const binary = resolve(process.env.TICKCAST_BIN || join(root, 'build/release/tickcast'));
export const inCi = process.env.CI === 'true';

// What a test needs and this machine lacks: a failure in CI, a named skip elsewhere. False when nothing is missing.
export function missing(what, present) {
  if (present) return false;
  if (inCi) throw new Error(`${what} is missing`);
  return `${what} is missing`;
}
export const noBinary = () => missing(`the binary ${binary}`, existsSync(binary));

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The first truthy value of probe(); what `describe` says is in the error when there is none in time.
export async function until(what, probe, { within = 30_000, every = 50, describe = () => '' } = {}) {
  const deadline = Date.now() + within;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${within / 1000} s: ${what}${describe() && '\n' + describe()}`);
    await sleep(every);
  }
}

const given = new Set();
// A port on which nobody listens, another one each time, below those that the kernel gives to outgoing connections.
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (given.has(port)) continue;
    const server = createServer();
    const free = await new Promise((done) => server.once('error', () => done(false)).listen(port, () => done(true)));
    if (!free) continue;
    await new Promise((done) => server.close(done));
    given.add(port);
    return port;
  }
}

// --- processes ---

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(1), 1000).unref(); // the runner was killed

export class Process {
  constructor(args, { env = {} } = {}) {
    this.args = args;
    this.stdout = '';
    this.stderr = ''; // all of it, so that its length at a moment tells what came later
    this.child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...cleanEnvironment(), TICKCAST_ADMIN: '127.0.0.1:0', ...env } });
    running.add(this.child);
    this.child.stdout.on('data', (data) => (this.stdout += data));
    this.child.stderr.on('data', (data) => (this.stderr += data));
    this.exited = new Promise((done) => {
      this.child.on('error', (error) => done({ code: null, signal: null, error }));
      this.child.on('close', (code, signal) => {
        running.delete(this.child);
        this.outcome = { code, signal };
        done(this.outcome);
      });
    });
  }

  // The port of the line "listening on HOST:PORT".
  listening() {
    return this.port('listening');
  }
  // That of "admin on HOST:PORT", where metrics and health are.
  admin() {
    return this.port('admin');
  }

  async port(what) {
    const line = await until(
      `${this.args[0]} says its ${what} port`,
      () => {
        if (this.outcome) throw new Error(`tickcast ${this.args.join(' ')} ended: ${JSON.stringify(this.outcome)}\n${this.stderr}`);
        return this.stdout.match(new RegExp(`^${what} on (\\S+):(\\d+)$`, 'm'));
      },
      { describe: () => this.stdout + this.stderr },
    );
    return Number(line[2]);
  }

  // Ends it as Ctrl-C does; the outcome, and how long it took.
  async stop(signal = 'SIGINT') {
    const begun = Date.now();
    if (!this.outcome) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    const outcome = await this.exited;
    clearTimeout(timer);
    return { ...outcome, ms: Date.now() - begun };
  }
}

// Flags have environment twins, so none of the caller's may leak in.
function cleanEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TICKCAST_')));
}

// Runs it to its end.
export async function run(args, options) {
  const process = new Process(args, options);
  const timer = setTimeout(() => process.child.kill('SIGKILL'), 20_000);
  const outcome = await process.exited;
  clearTimeout(timer);
  return { ...outcome, stdout: process.stdout, stderr: process.stderr };
}

// --- roles ---

// What the simulated exchange and an emitter have in common: the REST look-ups and the streams.
class Server {
  kAll = '';

  // One that somebody else started, or a balancer before some.
  static at(port) {
    return new this().reach(port);
  }

  async open(args, options) {
    this.process = new Process(args, options);
    return this.reach(await this.process.listening());
  }

  reach(port) {
    this.port = port;
    this.http = `http://127.0.0.1:${port}`;
    this.ws = `ws://127.0.0.1:${port}`;
    return this;
  }

  async get(path) {
    // A connection of its own: one that was kept alive may be closed just when it is used again.
    const response = await fetch(this.http + path, { headers: { connection: 'close' } });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  // Values of every symbol (or of one): symbol -> "bid bidQty ask askQty".
  async values(symbol) {
    const rows = await this.get('/api/v3/ticker/bookTicker' + (symbol ? `?symbol=${encodeURIComponent(symbol)}` : this.kAll));
    return new Map([rows].flat().map((r) => [r.symbol, `${r.bidPrice} ${r.bidQty} ${r.askPrice} ${r.askQty}`]));
  }

  async symbols() {
    const info = await this.get('/api/v3/exchangeInfo');
    return info.symbols.filter((s) => s.status === 'TRADING').map((s) => s.symbol);
  }

  // An answer from its admin port: /metrics, /healthz, /readyz.
  async admin(path) {
    return fetch(`http://127.0.0.1:${await this.process.admin()}${path}`, { headers: { connection: 'close' } });
  }

  stop(signal) {
    return this.process.stop(signal);
  }
}

export class Exchange extends Server {
  kAll = '?symbolStatus=TRADING'; // it lists some that have not traded for years

  static start({ port = 0, symbols = 1400, rate = 3000, seed = 1, args = [] } = {}) {
    const market = args.includes('--replay') ? [] : ['--symbol-count', symbols, '--rate', rate, '--seed', seed];
    return new Exchange().open(['exchange', '--listen', `127.0.0.1:${port}`, ...market.map(String), ...args]);
  }

  freeze() {
    return this.get('/control/freeze');
  }
  resume() {
    return this.get('/control/resume');
  }
  fault(spec) {
    return this.get(`/control/fault?spec=${encodeURIComponent(spec)}`);
  }
  clear() {
    return this.get('/control/clear');
  }
  state() {
    return this.get('/control/state');
  }
}

// What has a source, and tells by /readyz whether that can be trusted to be current.
class Fanout extends Server {
  // Status and body: "200 live", "503 stale".
  async readiness() {
    const response = await this.admin('/readyz');
    return `${response.status} ${(await response.text()).trim()}`;
  }

  untilReadiness(wanted, within = 30_000) {
    let now = '';
    return until(`/readyz of ${this.process.args[0]} says ${wanted}`, async () => (now = await this.readiness()) === wanted, {
      within,
      describe: () => `it says ${now}\n${this.process.stderr.slice(-3000)}`,
    });
  }

  // A line of its log, from what it logged since `from`.
  untilLogs(pattern, { from = 0, within = 30_000 } = {}) {
    return until(`${this.process.args[0]} logs ${pattern}`, () => this.process.stderr.slice(from).match(pattern), {
      within,
      describe: () => this.process.stderr.slice(-3000),
    });
  }
}

export class Serve extends Fanout {
  static start(exchange, { port = 0, args = [] } = {}) {
    return new Serve().open([
      'serve', '--listen', `127.0.0.1:${port}`, '--exchange-rest', exchange.http, '--exchange-streams', exchange.ws, ...args,
    ]);
  }

  // Has a value of every symbol that trades on the exchange.
  async ready(exchange) {
    const wanted = (await exchange.symbols()).length;
    let known = 0;
    await until('every symbol has a value', async () => (known = (await this.values()).size) >= wanted, {
      describe: () => `${known} of ${wanted}\n${this.process.stderr.slice(-3000)}`,
    });
  }
}

// Exchange to a topic; with `listen` it serves clients too.
export class Producer extends Fanout {
  static async start(exchange, kafka, { topic, listen = false, args = [] } = {}) {
    const all = [
      'producer', '--brokers', kafka.bootstrap, '--exchange-rest', exchange.http, '--exchange-streams', exchange.ws,
      ...(topic ? ['--topic', topic] : []), ...(listen ? ['--listen', '127.0.0.1:0'] : []), ...args.map(String),
    ];
    const producer = new Producer();
    if (listen) return producer.open(all);
    producer.process = new Process(all);
    return producer;
  }
}

// A topic to clients.
export class Emitter extends Fanout {
  static start(kafka, { port = 0, topic, args = [] } = {}) {
    return new Emitter().open([
      'emitter', '--listen', `127.0.0.1:${port}`, '--brokers', kafka.bootstrap, ...(topic ? ['--topic', topic] : []), ...args.map(String),
    ]);
  }
}
