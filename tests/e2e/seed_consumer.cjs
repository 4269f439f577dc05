// SPDX-License-Identifier: Apache-2.0
// A consumer as a Node.js shop has it: a group of its own, every record parsed, the last value of each symbol kept, the latency taken from producerTime.
const { Kafka } = require('kafkajs');

const [broker, topic] = process.argv.slice(2);
const consumer = new Kafka({ clientId: 'emitter', brokers: [broker] }).consumer({ groupId: 'prices' });

async function app() {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const symbol = message.key.toString();
      const { bid, bids, ask, asks, producerTime } = JSON.parse(message.value.toString());
      console.log(JSON.stringify({ symbol, bid, bids, ask, asks, latency: Date.now() - producerTime }));
    },
  });
}

app().catch((error) => {
  console.error(error);
  process.exit(1);
});
