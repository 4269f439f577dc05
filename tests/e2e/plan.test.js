// SPDX-License-Identifier: Apache-2.0
//
// The plan beside what is: `tickcast plan` measures this machine; then a real server serves users, `tickcast bench` measures it, and the plan
// for what was followed, and for how often the market moved meanwhile, must foretell what the server took. On a machine that does other
// things besides, times are good to a factor; how large an event is does not depend on the machine.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Exchange, Process, Serve, noBinary, run } from './harness.js';

const kShards = 2;
const kCpuFactor = 4;
const kMemoryFactor = 3;
const kEventFactor = 1.1;

describe('a plan', { skip: noBinary(), concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-plan-'));
  const box = join(folder, 'box.json');
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    const plan = new Process(['plan', '--json', box]); // some seconds; on a busy machine more than run() waits
    assert.equal((await plan.exited).code, 0, plan.stderr);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  });

  // By what `before` measured.
  async function planned(args) {
    const { code, stdout, stderr } = await run(['plan', '--measured', box, '--json', '-', '--node-cores', String(kShards), '--busy', '90', ...args.map(String)]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  // What a server does and takes that serves so many clients such streams of a market.
  async function measured({ users, streams, symbols, rate, distinct = false, tls = false, seconds = 4 }) {
    const exchange = await Exchange.start({ symbols, rate });
    const serve = await Serve.start(exchange, { args: ['--shards', kShards, ...(tls ? ['--tls-certificate', certificate, '--tls-key', key] : [])].map(String) });
    try {
      if (!tls) await serve.ready(exchange);
      const json = join(folder, 'report.json');
      const bench = new Process([
        'bench', tls ? `wss://localhost:${serve.port}` : serve.ws, '--connections', users, '--streams', streams, '--duration', seconds,
        '--pid', serve.process.child.pid, '--json', json, ...(distinct ? ['--distinct'] : []), ...(tls ? ['--ca-file', certificate] : []),
      ].map(String));
      const { code } = await bench.exited;
      assert.equal(code, 0, bench.stdout + bench.stderr);
      return JSON.parse(readFileSync(json, 'utf8'));
    } finally {
      await Promise.all([serve.stop(), exchange.stop()]);
    }
  }

  // How often each symbol that clients followed was updated while they were measured.
  const updates = (real, followed) => (real.quotes + real.merged) / real.connected / real.seconds / followed;

  const ratio = (t, what, plan, real) => {
    t.diagnostic(`${what}: planned ${plan.toPrecision(3)}, measured ${real.toPrecision(3)}, ${(plan / real).toFixed(2)} of it`);
    return plan / real;
  };
  const within = (factor, value, what) => assert.ok(value < factor && value > 1 / factor, `${what}: planned ${value.toFixed(2)} of what was measured`);
  const cores = ({ answer }) => answer.work_cores + answer.market_cores_per_node;

  // What the server's CPU comes to for each event that a client got.
  const perEvent = (plan) => cores(plan) / (plan.answer.sends_per_s * plan.answer.events_per_send);
  const eventsPerSecond = ({ answer }) => answer.sends_per_s * answer.events_per_send;

  test('of every update to clients of one list foretells CPU and bytes', async (t) => {
    const [users, symbols, rate] = [200, 20, 60];
    const real = await measured({ users, streams: symbols, symbols, rate });
    const asked = ['--users', users, '--symbols', symbols, '--updates', updates(real, symbols), '--market-updates', rate];
    ratio(t, 'events/s, by the preset of updates that come together', eventsPerSecond(await planned(asked)), real.deliveries_per_s);
    const plan = await planned([...asked, '--updates-per-flush', (real.quotes + real.merged) / real.quotes]);
    within(1.01, ratio(t, 'events/s, by those that did', eventsPerSecond(plan), real.deliveries_per_s), 'events');
    within(kEventFactor, ratio(t, 'bytes an event', plan.answer.payload_bytes_per_send, real.bytes / real.deliveries), 'bytes');
    within(kCpuFactor, ratio(t, 'CPU an event, us', perEvent(plan) * 1e6, real.server_us_per_delivery), 'CPU');
    ratio(t, 'worst age, ms', plan.answer.worst_age_ns / 1e6, real.age.max_us / 1e3);
  });

  test('at a pace, of lists of their own, under TLS foretells CPU', async (t) => {
    const [users, symbols, rate, followed] = [600, 60, 240, 10];
    const real = await measured({ users, streams: `${followed}@quote@250ms`, symbols, rate, distinct: true, tls: true });
    const plan = await planned(['--users', users, '--symbols', followed, '--updates', updates(real, followed), '--market-updates', rate, '--pace', '250ms', '--distinct', '--tls']);
    ratio(t, 'events/s', eventsPerSecond(plan), real.deliveries_per_s);
    within(kCpuFactor, ratio(t, 'CPU an event, us', perEvent(plan) * 1e6, real.server_us_per_delivery), 'CPU');
    ratio(t, 'worst age, ms', plan.answer.worst_age_ns / 1e6, real.age.max_us / 1e3);
  });

  test('of many clients that hardly get anything foretells the memory of each', async (t) => {
    const [users, symbols, rate] = [3000, 5, 5];
    const real = await measured({ users, streams: '1@quote@3000ms', symbols, rate, seconds: 1 });
    const { measurement } = await planned(['--users', users]);
    const each = (real.server_memory_bytes - real.server_memory_before_bytes) / real.connected;
    within(kMemoryFactor, ratio(t, 'bytes a client', measurement.client_bytes, each), 'memory');
  });

  test('says what it lacks', async () => {
    const empty = join(folder, 'empty.json');
    writeFileSync(empty, '{}');
    const other = await run(['plan', '--measured', empty]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /empty\.json.*--json/);
    const small = await run(['plan', '--measured', box, '--node-cores', '1', '--market-updates', '1000000']);
    assert.equal(small.code, 1);
    assert.match(small.stderr, /--node-cores/);
  });
});
