// SPDX-License-Identifier: Apache-2.0
//
// Processes of a comparison: started on one core, watched, ended by their id; and what cores and processes have used.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const MEMORY_BYTES_MAX = 4 * 2 ** 30; // a server that queues without bound is ended here
const PAGE_BYTES = 4096;
const TICKS_PER_S = 100; // USER_HZ, what proc(5) counts in
const START_MS_MAX = 20_000;

// What stands before a command that must not wait for others on its core; nothing where that is not allowed.
const URGENT = ['chrt', '--rr', '1'];
const urgently = spawnSync(URGENT[0], [...URGENT.slice(1), 'true']).status === 0 ? URGENT : [];

const running = new Set();
process.on('exit', () => running.forEach((one) => one.child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

export class Process {
  static async stopAll() {
    await Promise.all([...running].map((one) => one.stop()));
  }

  constructor(core, command, args, { env = {}, urgent = false } = {}) {
    this.died = null; // why it ended before stop()
    const [first, ...rest] = [...(urgent ? urgently : []), 'taskset', '-c', String(core), command, ...args];
    this.child = spawn(first, rest, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.pid = this.child.pid; // chrt and taskset become the command
    this.lines = [];
    this.errors = '';
    this.exited = once(this.child, 'exit');
    this.child.on('exit', (code, signal) => this.onExit(signal ?? code));
    running.add(this);
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (text) => (this.errors = (this.errors + text).slice(-2000)));
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => this.lines.push(line));
    this.watch = setInterval(() => this.limitMemory(), 250);
  }

  onExit(how) {
    running.delete(this);
    clearInterval(this.watch);
    if (!this.stopping) this.died ??= `ended with ${how}`;
  }

  limitMemory() {
    const bytes = memoryBytes(this.pid);
    if (bytes < MEMORY_BYTES_MAX || this.died) return;
    this.died = `ended by us: it had grown to ${(bytes / 2 ** 30).toFixed(1)} GiB`;
    this.child.kill('SIGKILL');
  }

  // The next line of its output, or an error that says what it said instead.
  async line(withinMs = START_MS_MAX) {
    for (const deadline = Date.now() + withinMs; this.lines.length === 0; await sleep(5)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > deadline) {
        throw new Error(`no answer from ${this.child.spawnargs.join(' ')}: ${this.died ?? 'still running'}\n${this.errors}`);
      }
    }
    return this.lines.shift();
  }
  async lineMatching(pattern) {
    for (;;) {
      const match = pattern.exec(await this.line());
      if (match) return match;
    }
  }
  async json() {
    return JSON.parse(await this.line());
  }
  async ask(line, withinMs) {
    this.child.stdin.write(`${line}\n`);
    return JSON.parse(await this.line(withinMs));
  }

  async stop() {
    this.stopping = true;
    this.child.kill('SIGKILL'); // its clients go with it: nothing is to be drained
    await this.exited;
  }
}

function memoryBytes(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

// Seconds of CPU that a process and its threads have used; 0 when it has gone.
export function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  } catch {
    return 0;
  }
}

// Seconds that a core was busy, and that its host gave to others meanwhile.
export function coreSeconds(core) {
  const line = readFileSync('/proc/stat', 'utf8').split('\n').find((text) => text.startsWith(`cpu${core} `));
  const [user, nice, system, , , irq, softirq, steal] = line.split(' ').slice(1).map(Number);
  return { busy: (user + nice + system + irq + softirq) / TICKS_PER_S, stolen: steal / TICKS_PER_S };
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// Until something listens there.
export async function listening(port, who) {
  for (const deadline = Date.now() + START_MS_MAX; ; await sleep(20)) {
    if (who.died || Date.now() > deadline) throw new Error(`nothing listens on ${port}: ${who.died ?? ''}\n${who.errors}`);
    const socket = net.connect(port, '127.0.0.1');
    const open = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
  }
}
