// SPDX-License-Identifier: Apache-2.0
//
// Watcher: sees what a client of a server sees. Subscribes to the book ticker of every symbol, and to its quote where asked to, over as few
// connections as the limit of streams allows, keeps the last value of each, and notes every event that is older than one before it.

import WebSocket from 'ws';
import { lowerAscii } from '../../web/format.js';
import { until } from './harness.js';

const kStreamsPerConnection = 1000;
const kStreamsPerMessage = 150;

export class Watcher {
  static async open(server, symbols, { status = false, quote = false } = {}) {
    const watcher = new Watcher();
    watcher.values = new Map(); // symbol -> "bid bidQty ask askQty"
    watcher.ids = new Map(); // symbol -> u
    watcher.quotes = new Map(); // as values, of the other channel
    watcher.quote_ids = new Map();
    watcher.youngest_ms = 0; // the latest producerTime of all quotes
    watcher.events = 0;
    watcher.older = [];
    watcher.statuses = [];
    watcher.errors = [];
    const names = symbols.map((s) => lowerAscii(s) + '@bookTicker');
    if (quote) names.push(...symbols.map((s) => lowerAscii(s) + '@quote'));
    if (status) names.push('!status');
    watcher.sockets = [];
    for (let from = 0; from < names.length; from += kStreamsPerConnection) {
      watcher.sockets.push(await watcher.connect(server, names.slice(from, from + kStreamsPerConnection)));
    }
    return watcher;
  }

  connect(server, names) {
    return new Promise((done, failed) => {
      const socket = new WebSocket(server.ws + '/stream');
      let acknowledged = 0;
      let requests = 0;
      socket.on('open', () => {
        for (let from = 0; from < names.length; from += kStreamsPerMessage) {
          socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: names.slice(from, from + kStreamsPerMessage), id: ++requests }));
        }
      });
      socket.on('message', (text) => {
        const message = JSON.parse(text);
        if (message.data) this.take(message);
        else if (message.error) this.errors.push(message.error.msg);
        else if (++acknowledged === requests) done(socket);
      });
      socket.on('error', failed);
      socket.on('close', (code, reason) => this.closing || this.errors.push(`closed: ${code} ${reason}`));
    });
  }

  take({ stream, data }) {
    if (stream === '!status') {
      this.statuses.push(data);
      return;
    }
    this.events += 1;
    if (data.e === 'quote') {
      this.note_order(this.quote_ids, data);
      this.quotes.set(data.s, `${data.bid} ${data.bids} ${data.ask} ${data.asks}`);
      this.on_quote?.(data);
      this.youngest_ms = Math.max(this.youngest_ms, data.producerTime);
    } else {
      this.note_order(this.ids, data);
      this.values.set(data.s, `${data.b} ${data.B} ${data.a} ${data.A}`);
    }
  }

  note_order(ids, { s, u }) {
    if (!u) return; // of a value that came without an id
    const before = ids.get(s);
    if (before !== undefined && u < before) this.older.push(`${s}: ${u} after ${before}`);
    ids.set(s, u);
  }

  state() {
    return this.statuses.length ? this.statuses[this.statuses.length - 1].state : null;
  }

  // What clients should never see, since the last call: an older id after a newer one, an error, a lost connection.
  complaints() {
    const said = [...this.older.splice(0), ...this.errors.splice(0)];
    return said.length > 10 ? [...said.slice(0, 10), `and ${said.length - 10} more`] : said;
  }

  close() {
    this.closing = true;
    for (const socket of this.sockets) socket.terminate();
  }
}

// Waits until both maps tell the same of every symbol of the first; says which differ when they do not.
export async function untilEqual(what, expected, actual, options = {}) {
  let differing = [];
  await until(
    what,
    async () => {
      const now = await actual();
      differing = [...expected].filter(([symbol, value]) => now.get(symbol) !== value).map(([s, v]) => `${s}: ${now.get(s)}, not ${v}`);
      return differing.length === 0;
    },
    { describe: () => `${differing.length} of ${expected.size} differ:\n${differing.slice(0, 5).join('\n')}`, ...options },
  );
}
