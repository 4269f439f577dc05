// SPDX-License-Identifier: Apache-2.0
//
// Measures how old updates are at clients, by how much more is published than a server can deliver. In each of its rounds,
// for each server in turn: its saturating rate, then at once a run at each multiple of it, every run with a fresh server.
//
//   node compare.mjs [--clients 1000] [--symbols 10] [--seconds 5] [--runs 3] [--multiples 0.5,1,2,4,10]
//                    [--only tickcast,nats] [--strangers 0.1] [--out results.json]
//
// bench/rivals/run builds and fetches what it needs, and calls it in a network namespace of its own. A machine that is not
// idle, but where this has a priority of its own, may allow --strangers more than the default.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';

import { Process, coreSeconds, cpuSeconds } from './processes.mjs';
import { LOAD_CORE, SERVER_CORE, built, servers } from './servers.mjs';

const { values: given } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    symbols: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '3' },
    multiples: { type: 'string', default: '0.5,1,2,4,10' },
    only: { type: 'string', default: '' },
    strangers: { type: 'string', default: '0.1' },
    out: { type: 'string', default: 'results.json' },
  },
});
const clients = Number(given.clients);
const symbolCount = Number(given.symbols);
const seconds = Number(given.seconds);
const runs = Number(given.runs);
const multiples = given.multiples.split(',').map(Number);
const wanted = given.only.split(',').filter(Boolean);
const symbols = Array.from({ length: symbolCount }, (_, i) => `S${String(i).padStart(2, '0')}USDT`);

// A rate is held when in its step (all but the first second) no more than 1 % of what is due is missing, and what comes
// is not older than this.
const HELD_SHARE = 0.99;
const HELD_MS = 200;
const STEP_S = 3;
const FIRST_RATE = 20;
const COARSE = 2;
const HALVINGS = 4; // of the ratio between a rate held and one not held: 4 % in the end
const RATE_MAX = 100_000;

const CONNECT_S = 30;
// Somebody else's work on a core spoils a run: with more of it than this share of a core, the run is made again.
const strangersMax = Number(given.strangers);
const TRIES_MAX = 3;

const median = (numbers) => {
  const sorted = numbers.filter((n) => n !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const rounded = (n, digits = 3) => (n === null ? null : Number(n.toPrecision(digits)));

// One server with its clients, until ended; one at a time.
class Session {
  static async open(which) {
    const session = new Session();
    try {
      session.load = new Process(LOAD_CORE, built('bench/rivals/rivals_load'), [String(clients), String(symbolCount)]);
      const { exchange } = await session.load.json();
      const { port, ...processes } = await which.start(exchange, symbols);
      Object.assign(session, processes);
      const { served, first_loss: why } = await session.load.ask(`connect ${which.dialect} ${port} ${CONNECT_S}`, (CONNECT_S + 5) * 1000);
      if (served < clients) throw new Error(`${which.label}: ${served} of ${clients} clients were served; ${why}\n${session.server.errors}`);
      return session;
    } catch (error) {
      await session.end();
      throw error;
    }
  }
  end() {
    return Process.stopAll();
  }

  used() {
    return {
      at: performance.now() / 1000,
      server: cpuSeconds(this.server.pid),
      load: cpuSeconds(this.load.pid) + (this.publisher ? cpuSeconds(this.publisher.pid) : 0),
      serverCore: coreSeconds(SERVER_CORE),
      loadCore: coreSeconds(LOAD_CORE),
    };
  }

  async run(rate, time) {
    const before = this.used();
    const visitsBefore = (await this.visits?.()) ?? 0;
    const said = await this.load.ask(`run ${rate} ${time}`, (time + 60) * 1000);
    const after = this.used();
    const visits = ((await this.visits?.()) ?? 0) - visitsBefore;
    const share = (what) => (what(after) - what(before)) / (after.at - before.at);
    const strangers = (core, own) => rounded(Math.max(0, share((u) => u[core].busy) - share(own)), 2);
    const last = said.seconds.at(-1);
    return {
      rate,
      seconds: time,
      due_per_s: rounded((said.due / time) * clients, 4),
      deliveries_per_s: last.deliveries,
      delivered: said.seconds.reduce((sum, second) => sum + second.deliveries, 0),
      p50_ms: last.deliveries ? last.p50 : null,
      p99_ms: last.deliveries ? last.p99 : null,
      p99_ms_by_second: said.seconds.map((second) => (second.deliveries ? second.p99 : null)),
      deliveries_by_second: said.seconds.map((second) => second.deliveries),
      round_ms: visits > 0 ? rounded(((after.at - before.at) * 1000 * clients) / visits) : null,
      outcome: this.server.died ?? (said.lost ? `${said.lost} clients lost: ${said.first_loss}` : 'ran'),
      server_core: rounded(share((u) => u.server), 2),
      load_core: rounded(share((u) => u.load), 2),
      strangers: [strangers('serverCore', (u) => u.server), strangers('loadCore', (u) => u.load)],
      stolen: [rounded(share((u) => u.serverCore.stolen), 2), rounded(share((u) => u.loadCore.stolen), 2)],
    };
  }
}

const disturbed = (run) => Math.max(...run.strangers, ...run.stolen) > strangersMax;

// A run with a server of its own; again while somebody else worked on the cores, the least disturbed one of all counts.
async function freshRun(which, rate, time) {
  let best;
  for (let tries = 0; tries < TRIES_MAX; ++tries) {
    const session = await Session.open(which).catch(() => Session.open(which)); // a machine may be slow once
    try {
      const run = await session.run(rate, time);
      if (!best || Math.max(...run.strangers) < Math.max(...best.strangers)) best = run;
    } finally {
      await session.end();
    }
    if (!disturbed(best)) break;
  }
  return best;
}

function holds(run) {
  const judged = run.deliveries_by_second.slice(1).reduce((sum, n) => sum + n, 0);
  const due = (run.rate * (run.seconds - 1) - 2) * clients; // an update may lie across either edge
  return run.outcome === 'ran' && judged >= HELD_SHARE * due && run.p99_ms !== null && run.p99_ms <= HELD_MS;
}

// The highest rate that is held: coarsely upwards with one server, then by halving with fresh ones.
async function saturatingRate(which) {
  let [held, failed] = [0, FIRST_RATE];
  const session = await Session.open(which);
  try {
    for (; failed < RATE_MAX; failed *= COARSE) {
      if (!holds(await session.run(failed, STEP_S))) break;
      held = failed;
    }
  } finally {
    await session.end();
  }
  for (let i = 0; i < HALVINGS && held > 0; ++i) {
    const rate = Math.sqrt(held * failed);
    if (holds(await freshRun(which, rate, STEP_S))) held = rate;
    else failed = rate;
  }
  if (held === 0) throw new Error(`${which.label} does not hold ${FIRST_RATE} updates a second to ${clients} clients: fewer --clients?`);
  return Math.round(held);
}

function conditions() {
  const cpu = os.cpus()[0].model;
  const description = {
    machine: `${cpu}, ${os.cpus().length} processors, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    kernel: `${os.type()} ${os.release()}`,
    cores: `server on ${SERVER_CORE}, exchange, publishers and clients on ${LOAD_CORE}`,
    clients,
    symbols: symbolCount,
    seconds,
    runs,
    measured: `age of what was read in the last of ${seconds} seconds, from the moment an update was due`,
    held: `${HELD_SHARE * 100} % delivered, p99 under ${HELD_MS} ms, for ${STEP_S} s`,
    congestion_control: readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim(),
    network: execFileSync('ip', ['-brief', 'link'], { encoding: 'utf8' }).trim().split('\n').length === 1 ? 'a clean namespace, loopback' : 'loopback of this machine',
  };
  try {
    description.governor = readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch { /* a virtual machine has none */ }
  return description;
}

const say = (...words) => console.log(...words);

const compared = servers.filter((which) => (wanted.length === 0 || wanted.includes(which.name)));
for (const which of compared.filter((one) => !one.present())) say(`left out: ${which.label} is not here (see what bench/rivals/run said)`);
const present = compared.filter((which) => which.present());
const results = { conditions: conditions(), servers: present.map((which) => ({ name: which.name, label: which.label, version: which.version(), saturating: [], points: [] })) };
say(results.conditions);

for (const server of results.servers) server.points = multiples.map((multiple) => ({ multiple, runs: [] }));

async function measure(which, server) {
  const saturating = await saturatingRate(which);
  server.saturating.push(saturating);
  say(`${which.label}: saturated at ${saturating} updates/s = ${saturating * clients} deliveries/s`);
  for (const point of server.points) {
    const run = await freshRun(which, point.multiple * saturating, seconds);
    point.runs.push(run);
    say(`${which.label} at ${point.multiple}x: p50 ${run.p50_ms} ms, p99 ${run.p99_ms} ms, ${run.deliveries_per_s} deliveries/s, ${run.outcome}; ` +
      `cores ${run.server_core} ${run.load_core}, strangers ${run.strangers}`);
  }
}

// A round in which strangers took more than this of a server's core while it was overloaded says nothing of the server.
const STRANGERS_IN_ROUND_MAX = 0.2;

function sumUp(server) {
  const overloaded = server.points.filter((point) => point.multiple > 1);
  const worst = server.saturating.map((_, round) => Math.max(0, ...overloaded.map((point) => point.runs[round].strangers[0])));
  const least = Math.min(...worst);
  const counts = (_, round) => worst[round] <= Math.max(STRANGERS_IN_ROUND_MAX, least);
  server.rounds = worst.filter(counts).length;
  server.saturating_rate = median(server.saturating.filter(counts));
  for (const point of server.points) {
    const all = point.runs.filter(counts);
    for (const figure of ['rate', 'p50_ms', 'p99_ms', 'round_ms', 'deliveries_per_s', 'server_core', 'load_core']) point[figure] = median(all.map((run) => run[figure]));
    point.outcomes = [...new Set(all.map((run) => run.outcome.replace(/^\d+ clients lost.*/, 'clients lost')))];
  }
}

for (let round = 0; round < runs; ++round) {
  for (const [at, which] of present.entries()) await measure(which, results.servers[at]);
  results.servers.forEach(sumUp);
  writeFileSync(given.out, `${JSON.stringify(results, null, 1)}\n`);
  say(`round ${round + 1} of ${runs} is in ${given.out}`);
}
