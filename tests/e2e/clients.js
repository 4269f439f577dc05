// SPDX-License-Identifier: Apache-2.0
//
// Clients that others wrote, each pointed at a server of ours. connect(server, symbol) gives { last, events, close }: last() is the newest value as
// { bid, bids, ask, asks } in text or numbers, events() how many came so far.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { here } from './harness.js';

export const clients = [
  { name: 'ws', connect: connectWs },
  { name: 'Python websockets', connect: connectPython },
  { name: 'ccxt', connect: connectCcxt },
  { name: '@binance/spot', connect: connectBinanceSpot },
  { name: 'binance', connect: connectBinance },
];

function box() {
  const state = { value: null, count: 0 };
  return {
    take: (bid, bids, ask, asks) => {
      state.value = { bid, bids, ask, asks };
      state.count += 1;
    },
    last: () => state.value,
    events: () => state.count,
  };
}

async function connectWs(server, symbol) {
  const { default: WebSocket } = await import('ws');
  const seen = box();
  const socket = new WebSocket(`${server.ws}/ws/${symbol.toLowerCase()}@bookTicker`);
  socket.on('message', (text) => {
    const e = JSON.parse(text);
    seen.take(e.b, e.B, e.a, e.A);
  });
  await new Promise((done, failed) => socket.once('open', done).once('error', failed));
  return { ...seen, close: () => socket.terminate() };
}

async function connectPython(server, symbol) {
  const seen = box();
  const close = await pythonClient(server.ws, `${symbol.toLowerCase()}@bookTicker`, (data) => seen.take(data.b, data.B, data.a, data.A));
  return { ...seen, close };
}

// Gives `take` each event of a stream, as python_client.py prints them; resolves to what ends it.
export async function pythonClient(url, stream, take) {
  const child = spawn(join(here, '.venv/bin/python'), [join(here, 'python_client.py'), url, stream], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  createInterface({ input: child.stdout }).on('line', (line) => take(JSON.parse(line).data));
  await new Promise((done, failed) => child.once('spawn', done).once('error', failed));
  return kill;
}

async function connectCcxt(server, symbol) {
  const { default: ccxt } = await import('ccxt');
  // Without futures markets: with them ccxt takes a URL that lacks "/stream" for one of futures.
  const exchange = new ccxt.pro.binance({ options: { fetchMarkets: { types: ['spot'] } } });
  exchange.urls.api.public = server.http + '/api/v3';
  exchange.urls.api.ws.spot = server.ws + '/ws';
  await exchange.loadHttpProxyAgent(); // plain ws:// is refused before
  await exchange.loadMarkets();
  const market = exchange.markets_by_id[symbol][0].symbol;
  let count = 0;
  let open = true;
  (async () => {
    while (open) count += Object.keys(await exchange.watchBidsAsks([market])).length;
  })().catch((error) => open && console.error(error));
  return {
    events: () => count,
    // What comes between two calls of watchBidsAsks is told here alone.
    last: () => {
      const t = exchange.bidsasks[market];
      return { bid: t.bid, bids: t.bidVolume, ask: t.ask, asks: t.askVolume };
    },
    close: () => {
      open = false;
      return exchange.close();
    },
  };
}

async function connectBinanceSpot(server, symbol) {
  process.env.LOG_LEVEL ??= 'warn';
  const { Spot } = await import('@binance/spot');
  const client = new Spot({
    configurationWebsocketStreams: { wsURL: server.ws },
    configurationRestAPI: { apiKey: '', basePath: server.http },
  });
  const response = await client.restAPI.tickerBookTicker({ symbol });
  const first = await response.data();
  const connection = await client.websocketStreams.connect();
  const seen = box();
  connection.bookTicker({ symbol }).on('message', (e) => seen.take(e.b, e.B, e.a, e.A));
  if (first.symbol !== symbol) throw new Error(`REST told ${JSON.stringify(first)}`);
  return { ...seen, close: () => connection.disconnect() };
}

async function connectBinance(server, symbol) {
  const { WebsocketClient, MainClient } = await import('binance');
  const rest = new MainClient({ baseUrl: server.http, disableTimeSync: true });
  const first = await rest.getSymbolOrderBookTicker({ symbol });
  if (first.symbol !== symbol) throw new Error(`REST told ${JSON.stringify(first)}`);
  const quiet = { trace() {}, info() {}, error: console.error };
  const client = new WebsocketClient({ wsUrl: server.ws }, quiet);
  const seen = box();
  client.on('message', (e) => (e.data || e).s === symbol && take(e.data || e));
  const take = (e) => seen.take(e.b, e.B, e.a, e.A);
  client.on('exception', (error) => console.error(error));
  await client.subscribe([`${symbol.toLowerCase()}@bookTicker`], 'main');
  return { ...seen, close: () => client.closeAll(true) };
}
