// SPDX-License-Identifier: Apache-2.0
// A producer as a Node.js shop has it: one WebSocket per chunk of symbols, one record per message, the price fields and producerTime in the value.
const { Kafka } = require('kafkajs');
const WebSocket = require('ws');

const [rest, streams, broker, topic] = process.argv.slice(2);
const kChunk = 20;
const prices = new Kafka({ clientId: 'prices', brokers: [broker] }).producer();
let sending = Promise.resolve();

async function app() {
  await prices.connect();
  const { symbols } = await (await fetch(`${rest}/api/v3/exchangeInfo`)).json();
  const names = symbols.filter(({ status }) => status === 'TRADING').map(({ symbol }) => `${symbol.toLowerCase()}@bookTicker`);
  for (let i = 0; i < names.length; i += kChunk) {
    const socket = new WebSocket(`${streams}/stream?streams=${names.slice(i, i + kChunk).join('/')}`);
    socket.on('open', () => console.log(`connected: chunk ${i / kChunk}`));
    socket.on('close', () => console.log(`closed: chunk ${i / kChunk}`));
    socket.on('message', (text) => {
      const { s, b, B, a, A } = JSON.parse(text).data;
      const value = JSON.stringify({ bid: b, bids: B, ask: a, asks: A, producerTime: Date.now() });
      sending = sending.then(() => prices.send({ topic, messages: [{ key: s, value }] }));
    });
  }
}

app().catch((error) => {
  console.error(error);
  process.exit(1);
});
