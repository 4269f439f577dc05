// SPDX-License-Identifier: Apache-2.0
//
// Follows the exchange's streams and publishes each event to NATS, a subject per symbol, by NATS's own client.
//
//   node publisher.mjs EXCHANGE_PORT NATS_PORT SYMBOL...        says {"publishing":true}; ends with SIGTERM
import { connect } from '@nats-io/transport-node';
import { WebSocket } from 'ws';

const [exchangePort, natsPort, ...symbols] = process.argv.slice(2);
const streams = symbols.map((symbol) => `${symbol.toLowerCase()}@bookTicker`).join('/');

const nats = await connect({ servers: `127.0.0.1:${natsPort}` });
const exchange = new WebSocket(`ws://127.0.0.1:${exchangePort}/ws/${streams}`, { perMessageDeflate: false });
exchange.on('message', (bytes) => {
  const { s: symbol } = JSON.parse(bytes.toString());
  nats.publish(`quotes.${symbol}`, bytes);
});
exchange.on('close', () => process.exit(1));
exchange.on('open', () => console.log(JSON.stringify({ publishing: true })));
