// SPDX-License-Identifier: Apache-2.0
//
// Follows the exchange's streams and publishes each event to Centrifugo, a channel per symbol, through its HTTP API
// in batches: what came while one request was under way goes with the next, over one kept connection.
//
//   node publisher.mjs EXCHANGE_PORT CENTRIFUGO_PORT SYMBOL...        says {"publishing":true}; ends with SIGTERM
import http from 'node:http';
import { WebSocket } from 'ws';

const COMMANDS_MAX = 2000; // of a request

const [exchangePort, port, ...symbols] = process.argv.slice(2);
const streams = symbols.map((symbol) => `${symbol.toLowerCase()}@bookTicker`).join('/');

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const request = { host: '127.0.0.1', port, path: '/api/batch', method: 'POST', agent };

function post(body) {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const posted = http.request({ ...request, headers }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${response.statusCode}`))));
    });
    posted.on('error', reject);
    posted.end(body);
  });
}

let waiting = [];
let posting = false;

async function publish() {
  if (posting) return;
  posting = true;
  while (waiting.length > 0) {
    const commands = waiting.splice(0, COMMANDS_MAX);
    await post(`{"commands":[${commands.join(',')}]}`);
  }
  posting = false;
}

// The event's own bytes: its `u` is larger than a number of JavaScript.
const exchange = new WebSocket(`ws://127.0.0.1:${exchangePort}/ws/${streams}`, { perMessageDeflate: false });
exchange.on('message', (bytes) => {
  const event = bytes.toString();
  const { s: symbol } = JSON.parse(event);
  waiting.push(`{"publish":{"channel":"${symbol}","data":${event}}}`);
  setImmediate(publish);
});
exchange.on('close', () => process.exit(1));
exchange.on('open', () => console.log(JSON.stringify({ publishing: true })));
