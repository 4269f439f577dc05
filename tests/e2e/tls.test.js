// SPDX-License-Identifier: Apache-2.0
//
// An emitter that ends TLS itself: what a client that verifies the certificate sees, and when certificate and key are no good.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Exchange, Serve, noBinary, run, until } from './harness.js';

const skip = noBinary();

describe('an emitter under TLS', { skip, concurrency: false }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tickcast-tls-'));
  const [certificate, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  let exchange;
  let serve;

  before(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    exchange = await Exchange.start({ rate: 500 });
    serve = await Serve.start(exchange, { args: ['--tls-certificate', certificate, '--tls-key', key] });
  });
  after(async () => {
    await serve?.stop();
    await exchange?.stop();
    rmSync(dir, { recursive: true });
  });

  const port = () => new URL(serve.http).port;

  test('speaks wss with a client that verifies it', async () => {
    const socket = new WebSocket(`wss://localhost:${port()}/stream?streams=btcusdt@bookTicker/!quote@arr`, { ca: readFileSync(certificate) });
    const seen = new Set();
    socket.on('message', (text) => seen.add(JSON.parse(text).stream));
    try {
      await new Promise((done, failed) => socket.once('open', done).once('error', failed));
      await until('both streams flow', () => seen.size === 2);
    } finally {
      socket.terminate();
    }
  });

  test('answers https', async () => {
    const page = await new Promise((done, failed) =>
      get(`https://localhost:${port()}/`, { ca: readFileSync(certificate) }, (answer) => {
        let body = '';
        answer.on('data', (part) => (body += part)).on('end', () => done({ status: answer.statusCode, body }));
      }).on('error', failed));
    assert.equal(page.status, 200);
    assert.match(page.body, /<html/);
  });

  test('is refused by a client that does not know the authority', async () => {
    const socket = new WebSocket(`wss://localhost:${port()}/ws`);
    const error = await new Promise((done) => socket.once('error', done));
    assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  });

  test('a certificate that is none, and one without its key, are named', async () => {
    const wrong = await run(['serve', '--listen', '127.0.0.1:0', '--tls-certificate', key, '--tls-key', key]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /no certificate can be read from .*key\.pem/);
    const alone = await run(['serve', '--tls-certificate', certificate]);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /--tls-certificate.*--tls-key/);
  });
});
