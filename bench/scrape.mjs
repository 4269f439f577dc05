#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// Whether a scrape shows in the age of what clients see, at full load: the p99 while /metrics is asked for once a second, and ten times a second, each
// beside runs without, in alternating pairs. After `make build`:
//
//   bench/scrape.mjs [--pairs 5] [--seconds 5] [--clients 1000] [--rate 500]
//
// The server has processor 0, where its shard, its ingest and the thread that answers scrapes compete; the simulated exchange, `tickcast bench` and who
// scrapes have processor 1. All clients follow the one symbol there is, which changes so often a second that the shard is owed several times what it can
// send: a line says how much of a core the server took. Absolute figures drift with the machine, so pairs are what counts.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Exchange, Process, Serve, sleep } from '../tests/e2e/harness.js';

const kRatesPerS = [1, 10];
const defaults = { pairs: '5', seconds: '5', clients: '1000', rate: '500' };
const { values: asked } = parseArgs({ options: Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }])) });
const options = { ...defaults, ...asked };

const folder = mkdtempSync(join(tmpdir(), 'tickcast-scrape-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

function pin(pid, processor) {
  const { status, stderr } = spawnSync('taskset', ['-a', '-cp', String(processor), String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}

// Asks for /metrics so often, one after the other, until `ended`; tells how long each answer took.
async function scrape(serve, per_s, ended) {
  const took_ms = [];
  let over = false;
  ended.then(() => (over = true));
  while (!over) {
    const begun = performance.now();
    const text = await (await serve.admin('/metrics')).text();
    if (!text.includes('tickcast_updates_sent_total')) throw new Error('this is no scrape: ' + text.slice(0, 200));
    took_ms.push(performance.now() - begun);
    await Promise.race([ended, sleep(Math.max(0, 1000 / per_s - took_ms.at(-1)))]);
  }
  return took_ms;
}

async function measure(serve, scrapes_per_s) {
  const json = join(folder, 'report.json');
  const bench = new Process([
    'bench', serve.ws, '--connections', options.clients, '--streams', '1', '--duration', options.seconds, '--pid', String(serve.process.child.pid),
    '--json', json,
  ]);
  pin(bench.child.pid, 1);
  const took_ms = scrapes_per_s ? await scrape(serve, scrapes_per_s, bench.exited) : [];
  const { code } = await bench.exited;
  if (code !== 0) throw new Error(bench.stdout + bench.stderr);
  return { ...JSON.parse(readFileSync(json, 'utf8')), took_ms };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const p99_ms = (run) => run.age.p99_us / 1000;
const load = ({ deliveries_per_s, server_cores }) => `${Math.round(deliveries_per_s / 1000)}k deliveries/s on ${server_cores.toFixed(2)} cores`;

async function pairs(serve, per_s) {
  const ratios = [];
  for (let i = 0; i < Number(options.pairs); ++i) {
    const order = i % 2 ? [per_s, 0] : [0, per_s];
    const runs = {};
    for (const each of order) runs[each] = await measure(serve, each);
    const [none, scraped] = [runs[0], runs[per_s]];
    ratios.push(p99_ms(scraped) / p99_ms(none));
    console.log(
      `${per_s}/s: p99 ${p99_ms(scraped).toFixed(2)} ms (${scraped.took_ms.length} scrapes of ${median(scraped.took_ms).toFixed(1)} ms, ${load(scraped)}), ` +
        `none ${p99_ms(none).toFixed(2)} ms (${load(none)}), ratio ${ratios.at(-1).toFixed(2)}`,
    );
  }
  return `${per_s}/s: ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} of ${ratios.length} pairs)`;
}

pin(process.pid, 1);
const exchange = await Exchange.start({ symbols: 1, rate: options.rate }); // inherits the processor
const serve = await Serve.start(exchange, { args: ['--shards', '1'] });
pin(serve.process.child.pid, 0);
await serve.ready(exchange);
await measure(serve, 1); // warms up
const results = [];
for (const per_s of kRatesPerS) results.push(await pairs(serve, per_s));
console.log(['', 'p99 age with scrapes beside without:', ...results].join('\n'));
await serve.stop();
await exchange.stop();
