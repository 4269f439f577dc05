// SPDX-License-Identifier: Apache-2.0
//
// deploy/haproxy and deploy/nginx as they are delivered, each with TLS, two servers behind it and clients in front.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Exchange, Serve, freePort, missing, noBinary, root, until } from './harness.js';

const kPath = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
const found = (name) => kPath.split(':').some((folder) => existsSync(join(folder, name)));
const without = (name) => noBinary() || missing(name, found(name)) || missing('openssl', found('openssl'));
const kSymbols = 20;

const folder = mkdtempSync(join(tmpdir(), 'tickcast-proxies-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// tls.crt, tls.key, and both in tls.pem.
function makeCertificate() {
  const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate];
  const { status, stderr } = spawnSync('openssl', words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  writeFileSync(join(folder, 'tls.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
  return readFileSync(certificate);
}

class Proxy {
  constructor(program, args, env = {}) {
    this.said = '';
    this.child = spawn(program, args, { env: { ...process.env, PATH: kPath, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (data) => (this.said += data));
    this.exited = new Promise((done) => this.child.on('close', done));
    process.on('exit', () => this.child.kill('SIGKILL'));
  }

  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.exited;
    clearTimeout(timer);
  }
}

function startHaproxy(port, [one, two], [oneAdmin, twoAdmin]) {
  return new Proxy('haproxy', ['-db', '-f', join(root, 'deploy/haproxy/haproxy.cfg')], {
    BALANCER_BIND: `127.0.0.1:${port}`, BALANCER_CERTIFICATE: join(folder, 'tls.pem'), HEALTH_BIND: `abns@tickcast-proxies-${process.pid}`,
    EMITTER_1: `127.0.0.1:${one}`, EMITTER_2: `127.0.0.1:${two}`, EMITTER_1_ADMIN: `${oneAdmin}`, EMITTER_2_ADMIN: `${twoAdmin}`,
  });
}

// The file as it is, but for the addresses and where the certificate lies; inside the least of an nginx.conf.
function startNginx(port, [one, two]) {
  const home = join(folder, 'nginx');
  mkdirSync(home);
  const ours = readFileSync(join(root, 'deploy/nginx/tickcast.conf'), 'utf8');
  const there = ours.replace('listen 443', `listen 127.0.0.1:${port}`).replace(':8080', `:${one}`).replace(':8081', `:${two}`).replaceAll('/etc/tickcast', folder);
  writeFileSync(join(home, 'tickcast.conf'), there);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`).join(' ');
  const user = process.getuid() === 0 ? 'user root;' : '';
  writeFileSync(join(home, 'nginx.conf'),
    `daemon off; pid ${home}/pid; ${user} events {} http { access_log off; ${temporary} include ${home}/tickcast.conf; }`);
  return new Proxy('nginx', ['-p', home, '-c', join(home, 'nginx.conf'), '-e', 'stderr', '-g', 'error_log stderr;']);
}

// A client that keeps what came, and its newest value of each symbol.
class Client {
  constructor(url, ca) {
    this.values = new Map();
    this.events = [];
    this.socket = new WebSocket(url, { ca });
    this.socket.on('message', (text) => {
      const message = JSON.parse(text);
      this.events.push(message);
      if (message.s) this.values.set(message.s, `${message.b} ${message.B} ${message.a} ${message.A}`);
    });
    this.socket.on('error', (error) => (this.error = error));
    this.socket.on('close', (code) => (this.code = code));
  }
}

const proxies = { haproxy: startHaproxy, nginx: startNginx };
for (const [name, start] of Object.entries(proxies)) {
  describe(`behind ${name} with TLS`, { skip: without(name), concurrency: false }, () => {
    let ca;
    let exchange;
    let servers;
    let proxy;
    let port;

    before(async () => {
      ca = makeCertificate();
      exchange = await Exchange.start({ symbols: kSymbols, rate: 5000 });
      servers = await Promise.all([Serve.start(exchange), Serve.start(exchange)]);
      await Promise.all(servers.map((server) => server.ready(exchange)));
      port = await freePort();
      const admins = await Promise.all(servers.map((server) => server.process.admin()));
      proxy = start(port, servers.map((server) => server.port), admins);
      let answer;
      await until(`${name} answers`, async () => (answer = await look('/api/v3/ping').catch((error) => ({ error }))).status === 200, {
        describe: () => `${answer.error}\n${proxy.said}`,
      });
    });
    after(async () => {
      await proxy?.stop();
      await Promise.all([...(servers || []), exchange].map((process) => process?.stop()));
    });

    // An HTTPS request; `take` sees the body as it comes and may end it by saying true.
    const look = (path, take = () => false) =>
      new Promise((done, failed) => {
        const request = get({ host: '127.0.0.1', port, path, ca, agent: false, timeout: 10_000 }, (response) => {
          let body = '';
          const end = () => done({ status: response.statusCode, headers: response.headers, body });
          response.setEncoding('utf8').on('data', (data) => {
            body += data;
            if (take(body)) end(request.destroy());
          });
          response.on('end', end).on('error', failed);
        });
        request.on('error', failed).on('timeout', () => request.destroy(new Error('no answer')));
      });

    test('a WebSocket client ends on what the exchange has', async () => {
      const client = new Client(`wss://127.0.0.1:${port}/ws/!bookTicker`, ca);
      await until('every symbol came', () => client.values.size === kSymbols, { describe: () => `${client.error} ${proxy.said}` });
      await exchange.freeze();
      const expected = await exchange.values();
      await until('values are the exchange’s', () => [...expected].every(([symbol, value]) => client.values.get(symbol) === value));
      await exchange.resume();
      client.socket.terminate();
    });

    test('server-sent events come one by one, the page and the look-ups whole', async () => {
      const events = await look('/sse?streams=!bookTicker', (body) => body.split('\n\n').length > 30);
      assert.equal(events.headers['content-type'], 'text/event-stream');
      assert.equal(JSON.parse((await look('/api/v3/exchangeInfo')).body).symbols.length >= kSymbols, true);
      assert.match((await look('/')).body, /^<!doctype html>/);
    });

    test('a client that did not read for a while is not told old quotes for long', async () => {
      const client = new Client(`wss://127.0.0.1:${port}/ws/!quote`, ca);
      await until('quotes come', () => client.events.length > 100);
      client.socket.pause();
      const { events } = await exchange.state();
      await until('3 MB were missed', async () => (await exchange.state()).events > events + 14_000);
      const from = client.events.length;
      const resumed = Date.now();
      client.socket.resume();
      const fresh = ({ emitterTime }) => emitterTime > resumed;
      await until('quotes are new again', () => client.events.slice(from).some(fresh));
      const old = client.events.slice(from).findIndex(fresh);
      assert.ok(old < 6000, `${old} quotes were from before`); // with the kernel's buffers nearly 9,000
      client.socket.terminate();
    });

    test('when a server stops its clients are told, and come to the other one', async () => {
      const clients = Array.from({ length: 8 }, () => new Client(`wss://127.0.0.1:${port}/ws/!bookTicker`, ca));
      await until('all are served', () => clients.every(({ events }) => events.length));
      await servers[0].stop('SIGTERM');
      const before = clients.map(({ events }) => events.length);
      const closed = () => clients.filter(({ code }) => code);
      await until('each is closed, or still served', () => clients.every(({ code, events }, i) => code || events.length > before[i] + 100));
      assert.deepEqual(closed().map(({ code }) => code), closed().map(() => 1012));
      assert.ok(closed().length > 0 && closed().length < clients.length, `${closed().length} were closed: both servers had some`);
      const again = Array.from({ length: 4 }, () => new Client(`wss://127.0.0.1:${port}/ws/!bookTicker`, ca));
      await until('those who come are served', () => again.every(({ events }) => events.length), { describe: () => again.map(({ error }) => error) + proxy.said });
      for (const { socket } of [...clients, ...again]) socket.terminate();
    });
  });
}
