// SPDX-License-Identifier: Apache-2.0
//
// A fan-out server as one writes it with Node and ws: follows the exchange's streams as a client, and sends each
// event to every client that asked for its symbol.
//
//   node server.mjs EXCHANGE_PORT SYMBOL...        says {"port":PORT}; ends with SIGTERM
import { WebSocket, WebSocketServer } from 'ws';

const [exchangePort, ...symbols] = process.argv.slice(2);
const streamsOf = (names) => names.map((name) => `${name.toLowerCase()}@bookTicker`).join('/');

const subscribers = new Map(symbols.map((symbol) => [symbol, new Set()]));

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 1024 });
server.on('connection', (client, request) => {
  const asked = request.url
    .split('/')
    .filter((part) => part.includes('@'))
    .map((part) => part.split('@')[0].toUpperCase());
  for (const symbol of asked) subscribers.get(symbol)?.add(client);
  client.on('error', () => client.terminate());
  client.on('close', () => {
    for (const symbol of asked) subscribers.get(symbol)?.delete(client);
  });
});

const exchange = new WebSocket(`ws://127.0.0.1:${exchangePort}/ws/${streamsOf(symbols)}`, { perMessageDeflate: false });
exchange.on('message', (bytes) => {
  const event = bytes.toString();
  const { s: symbol } = JSON.parse(event);
  for (const client of subscribers.get(symbol) ?? []) client.send(event);
});
exchange.on('close', () => process.exit(1));

exchange.on('open', () => console.log(JSON.stringify({ port: server.address().port })));
