// SPDX-License-Identifier: Apache-2.0
//
// The load tool as it ships: against a real emitter, against the floor, and its histogram against HdrHistogram.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import * as hdr from 'hdr-histogram-js';
import { Exchange, Process, Serve, binary, missing, noBinary, run } from './harness.js';

const peer = join(dirname(binary), 'histogram_peer');

describe('the load tool', { skip: noBinary(), concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-bench-'));
  after(() => rmSync(folder, { recursive: true }));

  test('an emitter is measured and found right by clients of every kind, in several processes, beside the floor', async () => {
    const exchange = await Exchange.start({ symbols: 60 });
    const serve = await Serve.start(exchange);
    await serve.ready(exchange);
    const json = join(folder, 'report.json');
    const bench = new Process([
      'bench', serve.ws, '--connections', '60', '--streams', '20', '--distinct', '--stalled', '10', '--slow', '20000',
      '--duration', '2', '--processes', '2', '--pid', String(serve.process.child.pid), '--self', '--json', json,
    ]);
    const { code } = await bench.exited;
    const { stdout, stderr } = bench;
    await Promise.all([serve.stop(), exchange.stop()]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /60 of 60 clients hold the server's last quotes/);
    const report = JSON.parse(readFileSync(json, 'utf8'));
    assert.equal(report.connected, 60);
    assert.ok(Object.values(report.faults).every((count) => count === 0), JSON.stringify(report.faults));
    assert.ok(report.deliveries > 60 && report.age.count > 60 && report.slow_age.count > 0, stdout);
    assert.ok(report.server_us_per_delivery > 0 && report.floor.server_us_per_delivery > 0);
    assert.ok(report.floor.asked_per_s > 0 && report.machine_cores_busy > 0);
  });

  test('a run says what it lacks', async () => {
    assert.match((await run(['bench'])).stderr, /--self/);
    const { code, stderr } = await run(['bench', 'ws://127.0.0.1:1', '--streams', '5', '--duration', '0.1']);
    assert.equal(code, 1);
    assert.match(stderr, /127\.0\.0\.1:1/);
  });

  test('its histogram reads the same percentiles as HdrHistogram', { skip: missing(peer, existsSync(peer)) }, () => {
    let state = 12345n; // SplitMix64
    const next = () => {
      state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
      let z = state;
      z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
      return z ^ (z >> 27n);
    };
    const reference = hdr.build({ bitBucketSize: 64, numberOfSignificantValueDigits: 2, highestTrackableValue: 2 ** 42, useWebAssembly: false });
    const values = Array.from({ length: 20_000 }, () => Number(next() >> (22n + (next() % 42n))));
    for (const value of values) reference.recordValue(value);
    const percents = [0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100];
    const { stdout } = spawnSync(peer, percents.map(String), { input: values.join('\n'), encoding: 'utf8' });
    const expected = percents.map((percent) => Math.min(reference.getValueAtPercentile(percent), Math.max(...values)));
    assert.deepEqual(stdout.trim().split('\n').map(Number), expected);
  });
});
