// SPDX-License-Identifier: Apache-2.0
//
// The plan beside what is: `tickcast plan` measures this machine and says what a server will take, then a real server serves just that and
// `tickcast bench` measures it. On a machine that does other things besides, times are good to a factor; bytes are not a matter of time.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Exchange, Process, Serve, noBinary, run } from './harness.js';

const kShards = 2;
const kCpuFactor = 2.5;
const kMemoryFactor = 2.5;
const kBytesShare = 0.1;

describe('a plan', { skip: noBinary(), concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-plan-'));
  const box = join(folder, 'box.json');
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  after(() => rmSync(folder, { recursive: true }));

  before(async () => {
    const { code, stderr } = await run(['plan', '--json', box]);
    assert.equal(code, 0, stderr);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  });

  // By what `before` measured.
  async function planned(args) {
    const { code, stdout, stderr } = await run(['plan', '--measured', box, '--json', '-', '--node-cores', String(kShards), '--busy', '90', ...args.map(String)]);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  // What a server does and takes that serves the plan's streams to its users from so many symbols.
  async function measured({ demand }, { symbols, distinct = false, tls = false, seconds = 4 }) {
    const exchange = await Exchange.start({ symbols, rate: demand.market_updates_per_s });
    const serve = await Serve.start(exchange, { args: ['--shards', String(kShards), ...(tls ? ['--tls-certificate', certificate, '--tls-key', key] : [])] });
    try {
      if (!tls) await serve.ready(exchange);
      const json = join(folder, 'report.json');
      const url = tls ? `wss://localhost:${serve.port}` : serve.ws;
      const bench = new Process([
        'bench', url, '--connections', String(demand.users), '--streams', demand.streams, '--duration', String(seconds), '--pid', String(serve.process.child.pid),
        '--json', json, ...(distinct ? ['--distinct'] : []), ...(tls ? ['--ca-file', certificate] : []),
      ]);
      const { code } = await bench.exited;
      assert.equal(code, 0, bench.stdout + bench.stderr);
      return JSON.parse(readFileSync(json, 'utf8'));
    } finally {
      await Promise.all([serve.stop(), exchange.stop()]);
    }
  }

  const ratio = (t, what, plan, real) => {
    t.diagnostic(`${what}: planned ${plan.toPrecision(3)}, measured ${real.toPrecision(3)}, ${(plan / real).toFixed(2)} of it`);
    return plan / real;
  };
  const within = (factor, value, what) => assert.ok(value < factor && value > 1 / factor, `${what}: planned ${value.toFixed(2)} of what was measured`);
  const cores = ({ answer }) => answer.work_cores + answer.market_cores_per_node;

  test('of every update to clients of one list foretells CPU and bytes', async (t) => {
    const symbols = 20;
    const rate = 60;
    const plan = await planned(['--users', 200, '--symbols', symbols, '--updates', rate / symbols, '--market-updates', rate]);
    const real = await measured(plan, { symbols });
    within(kCpuFactor, ratio(t, 'cores', cores(plan), real.server_cores), 'cores');
    const bytes = ratio(t, 'bytes/s', plan.answer.sends_per_s * plan.answer.payload_bytes_per_send, real.bytes_per_s);
    assert.ok(Math.abs(bytes - 1) < kBytesShare, `bytes: planned ${bytes} of what was measured`);
  });

  test('at a pace, of lists of their own, under TLS foretells CPU', async (t) => {
    const symbols = 60;
    const rate = 240;
    const plan = await planned(['--users', 150, '--symbols', 10, '--updates', rate / symbols, '--market-updates', rate, '--pace', '250ms', '--distinct', '--tls']);
    const real = await measured(plan, { symbols, distinct: true, tls: true });
    within(kCpuFactor, ratio(t, 'cores', cores(plan), real.server_cores), 'cores');
    ratio(t, 'bytes/s', plan.answer.sends_per_s * plan.answer.payload_bytes_per_send, real.bytes_per_s);
  });

  test('of many clients that hardly get anything foretells the memory of each', async (t) => {
    const plan = await planned(['--users', 3000, '--symbols', 1, '--updates', 1, '--market-updates', 5, '--pace', '3000ms']);
    const real = await measured(plan, { symbols: 5, seconds: 1 });
    const { measurement } = plan;
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
