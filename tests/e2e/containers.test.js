// SPDX-License-Identifier: Apache-2.0
//
// compose.yaml on a real container engine, as a user types it: the image is there (tools/containers-test builds it, with stand-ins for the images
// of others), everything becomes healthy, and quotes come through the balancer, whichever emitter goes away.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { missing, root, until } from './harness.js';
import { output } from './kafka.js';

const project = 'tickcast-test';
const images = ['tickcast:latest', 'apache/kafka:4.3.1', 'haproxy:3.2', 'prom/prometheus:v2.55.1'];

// Small enough for any machine; variables of compose.yaml.
const settings = { NOFILE: '4096', EXCHANGE_SYMBOLS: '200', EXCHANGE_RATE: '500', PORT: '8080', KAFKA_PORT: '9092', PROMETHEUS_PORT: '9090' };

const succeeds = (program, args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
const compose = succeeds('docker', ['compose', 'version']) ? ['docker', 'compose'] : ['docker-compose'];

function whyNot() {
  if (process.env.TICKCAST_CONTAINERS !== '1') return 'containers take minutes and root: run tools/containers-test';
  return (
    missing('a container engine (docker info fails)', succeeds('docker', ['info'])) ||
    missing('docker compose', succeeds(compose[0], [...compose.slice(1), 'version'])) ||
    images.map((image) => missing(`the image ${image}`, succeeds('docker', ['image', 'inspect', image]))).find(Boolean)
  );
}

const docker = async (...args) => (await output('docker', args)).stdout.trim();
async function up(...args) {
  const [program, ...first] = compose;
  await output('env', [
    '-C', root, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    program, ...first, '--project-name', project, ...args,
  ]);
}
const inspect = async (name) => JSON.parse(await docker('inspect', name))[0];

// Names of a service's containers, in their order.
async function containers(service) {
  const filters = [`label=com.docker.compose.project=${project}`, `label=com.docker.compose.service=${service}`];
  const names = await docker('ps', '--all', '--format', '{{.Names}}', ...filters.flatMap((f) => ['--filter', f]));
  return names.split('\n').filter(Boolean).sort();
}

const untilHealthy = (name) =>
  until(`${name} is healthy`, async () => (await inspect(name)).State.Health.Status === 'healthy', { within: 90_000, every: 300 });

// A client through the balancer that watches every symbol.
class Client {
  last = new Map(); // symbol -> update id
  updates = 0;

  constructor(symbols) {
    const streams = symbols.map((symbol) => symbol.toLowerCase() + '@bookTicker').join('/');
    this.socket = new WebSocket(`ws://127.0.0.1:${settings.PORT}/stream?streams=${streams}`);
    this.socket.on('message', (text) => this.take(JSON.parse(text).data));
    this.socket.on('error', () => {});
    this.socket.on('close', () => (this.gone = true));
  }
  take({ s, u }) {
    if (u <= this.last.get(s)) this.wrong = `${s}: ${u} after ${this.last.get(s)}`;
    this.last.set(s, u);
    this.updates += 1;
  }
  // Sees quotes move, forward only, from now on.
  async moves() {
    const from = this.updates;
    await until('quotes move', () => this.gone || this.updates > from + 2 * this.last.size + 5, { describe: () => `${this.updates} updates` });
    assert.equal(this.wrong, undefined);
    assert.ok(!this.gone, 'the client was closed');
  }
}

const clients = [];
// New clients that saw quotes move.
async function connect(count) {
  const rows = await until('every symbol has a quote', async () => {
    const some = await (await fetch(`http://127.0.0.1:${settings.PORT}/api/v3/ticker/bookTicker`, { headers: { connection: 'close' } })).json();
    return some.length >= Number(settings.EXCHANGE_SYMBOLS) && some;
  });
  const symbols = rows.map(({ symbol }) => symbol).filter((symbol) => /^[A-Z0-9]+$/.test(symbol));
  const fresh = Array.from({ length: count }, () => new Client(symbols));
  clients.push(...fresh);
  for (const client of fresh) await client.moves();
  return fresh;
}

// Until Prometheus scrapes as many containers of each role.
async function untilScraped(expected) {
  let found = {};
  const query = encodeURIComponent('count by (role) (tickcast_build_info)');
  await until('Prometheus scrapes every container', async () => {
    const answer = await fetch(`http://127.0.0.1:${settings.PROMETHEUS_PORT}/api/v1/query?query=${query}`).catch(() => false);
    if (!answer) return false;
    found = Object.fromEntries((await answer.json()).data.result.map(({ metric, value }) => [metric.role, Number(value[1])]));
    return Object.entries(expected).every(([role, count]) => found[role] === count);
  }, { describe: () => JSON.stringify(found) });
}

// The balancer may need a moment to see which emitters there are.
const untilServed = () => until('a client sees quotes', () => connect(1).catch(() => false));

// A case that is skipped counts as one; a suite would not.
const skip = whyNot();
(skip ? test : describe)('compose.yaml', { skip, concurrency: false }, () => {
  // Every profile, or its containers stay.
  const down = () => up('--profile', 'simulated', '--profile', 'monitoring', 'down', '--volumes');
  before(down);
  after(async () => {
    clients.forEach((client) => client.socket.terminate());
    await down();
  });

  test('the broker starts, and the topic is created by the command of the manual', async () => {
    await up('up', '--detach', '--no-build', 'kafka');
    await untilHealthy('broker');
    const created = await docker('exec', 'broker', 'kafka-topics', '--bootstrap-server', 'broker:9092', '--create', '--topic', 'book-tickers');
    assert.match(created, /Created topic book-tickers/);
  });

  test('everything becomes healthy, the balancer last', async () => {
    await up('up', '--detach', '--no-build', '--scale', 'emitter=2');
    for (const service of ['kafka', 'exchange', 'producer', 'emitter', 'balancer'])
      for (const name of await containers(service)) await untilHealthy(name);
    assert.equal((await containers('emitter')).length, 2);
    assert.equal((await containers('producer-live')).length, 0);
  });

  test('the page and moving quotes come through the balancer', async () => {
    const page = await fetch(`http://127.0.0.1:${settings.PORT}/`, { headers: { connection: 'close' } });
    assert.match(await page.text(), /^<!doctype html>/);
    await connect(6);
  });

  test('the Prometheus of the profile "monitoring" finds every container by its name, and has the alerts', async () => {
    await up('up', '--detach', '--no-build', 'prometheus');
    await untilScraped({ exchange: 1, producer: 1, emitter: 2 });
    const rules = await (await fetch(`http://127.0.0.1:${settings.PROMETHEUS_PORT}/api/v1/rules`)).json();
    assert.ok(rules.data.groups[0].rules.length > 5);
  });

  test("an emitter that is killed takes its own clients along, and the others serve on", async () => {
    const [first, second] = await containers('emitter');
    await docker('kill', first);
    await until('its clients are closed', () => clients.some((client) => client.gone));
    const left = clients.filter((client) => !client.gone);
    assert.equal(left.length, 3, 'least connections shared six clients out evenly');
    for (const client of left) await client.moves();
    await connect(3); // to the one that is left

    await docker('start', first);
    await untilHealthy(first);
    await docker('stop', second);
    assert.equal((await inspect(second)).State.ExitCode, 0);
    await untilServed(); // by the first again
  });

  test('one more emitter is found and serves', async () => {
    await up('up', '--detach', '--no-build', '--no-recreate', '--scale', 'emitter=3', 'emitter');
    const emitters = await containers('emitter');
    assert.equal(emitters.length, 3);
    await untilHealthy(emitters[2]);
    await untilScraped({ emitter: 3 });
    await Promise.all([docker('stop', emitters[0]), docker('stop', emitters[1])]);
    await untilServed(); // by the new one
  });

  test("the console consumer's command of the manual shows the records", async () => {
    // On a terminal, as --tty wants it; ends by Ctrl-C.
    const command = 'docker exec --interactive --tty broker kafka-console-consumer --bootstrap-server broker:9092 --topic book-tickers';
    const consumer = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let shown = '';
    consumer.stdout.on('data', (data) => (shown += data));
    const ended = new Promise((done) => consumer.on('close', done));
    try {
      await until('records are shown', () => (shown.match(/\n/g) || []).length > 10, { within: 60_000, describe: () => shown });
      const record = JSON.parse(shown.split('\n').find((line) => line.startsWith('{') && line.trim().endsWith('}')));
      assert.deepEqual(Object.keys(record), ['bid', 'bids', 'ask', 'asks', 'producerTime', 'u']);
      consumer.stdin.write('\x03');
      await ended;
    } finally {
      consumer.kill('SIGKILL');
    }
  });

  test('programs of this machine reach the broker at localhost', async () => {
    const { stdout } = await output('kcat', ['-q', '-C', '-b', `localhost:${settings.KAFKA_PORT}`, '-t', 'book-tickers', '-o', 'end', '-c', '1', '-K', ' ']);
    assert.match(stdout, /^[A-Z0-9]+ \{"bid":/);
  });

  test('our containers need no root, no capability and no writable file', async () => {
    for (const service of ['exchange', 'producer', 'emitter'])
      for (const name of await containers(service)) {
        const { Config, HostConfig } = await inspect(name);
        assert.equal(Config.User, '65532:65532');
        assert.equal(HostConfig.ReadonlyRootfs, true);
        assert.deepEqual(HostConfig.CapDrop, ['ALL']);
        assert.ok(HostConfig.SecurityOpt.some((option) => option.startsWith('no-new-privileges')));
      }
    assert.equal((await inspect('tickcast:latest')).Config.Labels['org.opencontainers.image.title'], 'tickcast');
  });

  test('SIGTERM ends each role at once and well', async () => {
    for (const service of ['emitter', 'producer', 'exchange', 'balancer']) {
      const name = (await containers(service)).at(-1);
      const begun = Date.now();
      await docker('stop', name);
      const { ExitCode } = (await inspect(name)).State;
      assert.ok(ExitCode === 0 || service === 'balancer', `${service}: ${ExitCode}`);
      assert.ok(Date.now() - begun < 5_000, `${service}: ${Date.now() - begun} ms`);
    }
  });
});
