// SPDX-License-Identifier: Apache-2.0
//
// A real Apache Kafka for a test: a broker of its own on a free port with data in a temporary folder, started and stopped by tools/kafka, killed and
// removed when the test process ends.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missing, root, until } from './harness.js';

const tool = join(root, 'tools/kafka');
// Tests say what is missing; they install nothing.
const env = { ...process.env, TICKCAST_NO_SETUP: '1' };

// The rule of harness.js for what Kafka needs: a failure in CI, a named skip elsewhere. False when nothing is missing.
export function noKafka() {
  const { status, stdout, stderr } = spawnSync(tool, ['missing'], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`tools/kafka missing: ${stderr}`);
  const names = stdout.trim();
  return missing(`${names} (for Apache Kafka)`, names === '');
}

// Runs a program to its end, with `input` on its standard input. Rejects unless it exits with a status of `ok`.
export async function output(program, args, { input = '', ok = [0], within = 120_000 } = {}) {
  const child = spawn(program, args, { env, timeout: within, killSignal: 'SIGKILL' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (data) => (stdout += data));
  child.stderr.setEncoding('utf8').on('data', (data) => (stderr += data));
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input);
  const [code, signal] = await new Promise((done, failed) => child.on('error', failed).on('close', (...outcome) => done(outcome)));
  if (!ok.includes(code)) throw new Error(`${program} ${args.join(' ')}: ${signal || `exit status ${code}`}\n${stdout}${stderr}`);
  return { code, stdout, stderr };
}

const folders = new Set();
process.on('exit', () => folders.forEach((dir) => spawnSync(tool, ['clear', '--dir', dir], { env })));

export class Kafka {
  // `set`: server properties, for this start and those that restart() makes. The first start of all fetches Kafka.
  constructor({ port, jvm = 'quick', set = {} } = {}) {
    this.dir = mkdtempSync(join(tmpdir(), 'tickcast-kafka-'));
    folders.add(this.dir);
    this.start_args = ['--jvm', jvm, ...Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`])];
    if (port !== undefined) this.start_args.push('--port', String(port));
  }

  // One of tools/kafka's commands on this broker.
  tool(command, args = [], options) {
    return output(tool, [command, '--dir', this.dir, ...args], options);
  }

  // kcat on this broker; reads `input` when it produces.
  kcat(args, options) {
    return output('kcat', ['-q', '-b', this.bootstrap, ...args], options);
  }

  // What a topic holds now, from its beginning, as lines of kcat's format, one partition after the other. (kcat's own -e waits for a moment at which
  // nothing is written.) Not for topics with deleted records or transactions: their offsets don't count records.
  async records(topic, format) {
    const counts = (await this.ends(topic)).filter(({ offset }) => offset > 0);
    const read = ({ partition, offset }) =>
      this.kcat(['-C', '-t', topic, '-p', String(partition), '-o', 'beginning', '-c', String(offset), '-f', format + '\\n']);
    const texts = await Promise.all(counts.map(read));
    return texts.flatMap((text) => text.stdout.split('\n').slice(0, -1));
  }

  // Where each partition of a topic ends now; waits for a broker that came back and does not lead them yet.
  async ends(topic) {
    const look = async () => {
      const partitions = (await this.kcat(['-L', '-t', topic])).stdout.match(/^ *partition \d+/gm).length;
      const asked = Array.from({ length: partitions }, (_, p) => ['-t', `${topic}:${p}:-1`]).flat();
      const { stdout } = await this.kcat(['-Q', ...asked]);
      return [...stdout.matchAll(/\[(\d+)\] offset (\d+)/g)].map(([, p, offset]) => ({ partition: Number(p), offset: Number(offset) }));
    };
    let why = '';
    return until(`the ends of ${topic}`, () => look().catch((error) => ((why = error.message), false)), { every: 200, describe: () => why });
  }

  // Starts it, or starts it again: same data, same port.
  async restart() {
    const { stdout } = await this.tool('start', this.start_args, { within: 400_000 });
    this.bootstrap = stdout.match(/^bootstrap=(127\.0\.0\.1:\d+)$/m)[1];
    this.port = Number(this.bootstrap.split(':')[1]);
    return this;
  }

  // Starts it again with the same data at another port, where it stays.
  async move(port) {
    await this.stop();
    this.start_args.push('--port', String(port));
    await this.restart();
  }

  // Stops it in its tracks, as a machine does that swaps; let_go() lets it go on.
  async freeze() {
    process.kill(await this.pid(), 'SIGSTOP');
  }

  async let_go() {
    process.kill(await this.pid(), 'SIGCONT');
  }

  async pid() {
    return Number((await this.tool('status')).stdout.match(/pid=(\d+)/)[1]);
  }

  stop() {
    return this.tool('stop');
  }

  kill() {
    return this.tool('stop', ['--kill']);
  }

  // Kills it and removes its data; also done when the process ends.
  async clear() {
    await this.tool('clear');
    folders.delete(this.dir);
  }
}

export const startKafka = (options) => new Kafka(options).restart();
