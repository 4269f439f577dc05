// SPDX-License-Identifier: Apache-2.0
//
// Every fault that the simulated exchange knows: it is injected, has its effect, ends; then the market is frozen, and what clients of an emitter hold
// equals the exchange's last value, symbol by symbol, by stream and by REST. No client ever sees an older update id after a newer one.
//
// Each lane has an exchange and an emitter of its own and runs beside the others.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Exchange, Serve, noBinary, until } from './harness.js';
import { Watcher, untilEqual } from './watcher.js';

const skip = noBinary();
const kConnections = 4; // two legs of two
const injected = new Set(); // names of faults that a test has injected

// One exchange, one emitter, and the clients that watch every symbol.
class Stage {
  async open(options = {}) {
    this.exchange = await Exchange.start({ rate: 1500, ...options });
    this.serve = await Serve.start(this.exchange);
    await this.serve.ready(this.exchange);
    this.watcher = await Watcher.open(this.serve, [...(await this.serve.symbols()), ...(options.awaited || [])], { status: true });
    await this.untilState('live');
    return this;
  }

  async close() {
    this.watcher?.close();
    await this.serve?.stop();
    await this.exchange?.stop();
  }

  untilState(state, within = 60_000) {
    return until(`clients are told "${state}"`, () => this.watcher.state() === state, {
      within,
      describe: () => `${JSON.stringify(this.watcher.statuses)}\n${this.serve.process.stderr.slice(-3000)}`,
    });
  }

  async connections() {
    return (await this.exchange.state()).connections.map((c) => c.id);
  }

  // Connections with these ids are gone, and the emitter has all that it needs.
  untilReplaced(ids, within = 60_000) {
    return until(
      'the emitter has new connections',
      async () => {
        const now = await this.connections();
        return now.length >= kConnections && !now.some((id) => ids.includes(id));
      },
      { within, describe: () => this.serve.process.stderr.slice(-3000) },
    );
  }

  async fault(spec) {
    injected.add(spec.split(':')[0]);
    const { number } = await this.exchange.fault(spec);
    const find = async () => (await this.exchange.state()).faults.find((f) => f.number === number);
    return {
      hits: async () => (await find()).hits,
      ended: (within = 60_000) => until(`${spec} has ended`, async () => (await find()).state === 'ended', { within }),
      hasHit: (times, within = 60_000) =>
        until(`${spec} hits ${times} times`, async () => (await find()).hits >= times, {
          within,
          describe: () => this.serve.process.stderr.slice(-3000),
        }),
    };
  }

  // Everything that clients can see equals what the exchange says.
  async settle() {
    await this.untilState('live', 120_000); // after many failures the feed waits up to a minute
    await this.exchange.freeze();
    try {
      const expected = await this.exchange.values();
      await untilEqual('streams tell the exchange’s values', expected, () => this.watcher.values, { within: 60_000 });
      await untilEqual('REST tells the exchange’s values', expected, () => this.serve.values());
    } finally {
      await this.exchange.resume();
    }
    assert.deepEqual(this.watcher.complaints(), []);
    const { events } = this.watcher;
    await until('quotes flow again', () => this.watcher.events > events + 100);
  }
}

// A lane's tests run one after the other.
function lane(name, options, define) {
  describe(name, { concurrency: false }, () => {
    const stage = new Stage();
    before(() => stage.open(options));
    after(() => stage.close());
    define(stage);
  });
}

// --- of events on their way to a connection ---

const kEventFaults = {
  'text that is no ticker': 'malformed:for=1500ms',
  'text that is not UTF-8': 'bad-utf8:times=2',
  'numbers that do not fit': 'unrepresentable:for=1500ms',
  'half a frame, then a lost connection': 'truncate:times=2',
  'frames torn into single bytes': 'torn:for=1500ms',
  'fragments with pings between them': 'fragments:for=1500ms',
  'unknown keys': 'extra-keys:for=1500ms',
  'a frame of 16 MiB': 'huge:times=1',
  'the same update id again, with other quantities': 'duplicate-id:for=1500ms',
  'an older update id behind a newer one': 'older-id:for=1500ms',
  'events of unknown types': 'unknown-event:for=1500ms',
};

function eventFaults(stage) {
  for (const [title, spec] of Object.entries(kEventFaults)) {
    test(title, async () => {
      const fault = await stage.fault(spec);
      await fault.ended();
      assert.ok((await fault.hits()) > 0, `${spec} hit nothing`);
      await stage.settle();
    });
  }

  test('all of them at once', async () => {
    const faults = [];
    for (const spec of Object.values(kEventFaults)) faults.push(await stage.fault(spec.includes('for=') ? spec + ',every=7' : spec));
    for (const fault of faults) await fault.ended();
    await stage.settle();
  });

  test('an empty book is passed on, and so are the orders that follow', async () => {
    const fault = await stage.fault('empty:symbol=BTCUSDT,for=2s');
    await until('clients see the empty book', () => /^0\.0+ 0\.0+ 0\.0+ 0\.0+$/.test(stage.watcher.values.get('BTCUSDT')));
    await fault.ended();
    await stage.settle();
    assert.doesNotMatch(stage.watcher.values.get('BTCUSDT'), /^0\.0+ /);
  });

  test('a symbol that stops trading for a while', async () => {
    const fault = await stage.fault('status:symbol=ETHUSDT,status=HALT,for=1500ms');
    await fault.ended();
    await stage.settle();
  });
}

// --- of connections ---

function connectionFaults(stage) {
  const replaced = (spec) => async () => {
    const before = await stage.connections();
    const fault = await stage.fault(spec.replace('ONE', before[0]));
    await fault.ended();
    await stage.untilReplaced(spec.includes('ONE') ? before.slice(0, 1) : before);
    await stage.settle();
  };
  test('one connection is reset', replaced('drop:connection=ONE'));
  test('all connections are reset', replaced('drop'));
  test('all connections are closed: too many requests', replaced('close'));
  test('one connection is closed: pong timeout', replaced('close:connection=ONE,reason=Pong timeout'));
  test('the exchange announces its shutdown', replaced('shutdown:grace=2s'));
  test('connections live for a second only', replaced('lifetime:age=1s,for=3s'));

  test('one connection is silent', async () => {
    const fault = await stage.fault(`stall:connection=${(await stage.connections())[0]},for=2s`);
    await fault.ended();
    assert.ok((await fault.hits()) > 0);
    await stage.settle();
  });

  test('all connections are silent', async () => {
    const fault = await stage.fault('stall:for=2s');
    await fault.ended();
    assert.ok((await fault.hits()) > 0);
    await stage.settle();
  });

  test('subscriptions are acknowledged, but nothing comes', async () => {
    const before = await stage.connections();
    const fault = await stage.fault('ack-only:for=6s');
    await stage.fault('drop');
    await stage.untilReplaced(before);
    await fault.ended();
    await stage.settle();
  });

  test('acknowledgements do not come', async () => {
    const fault = await stage.fault('no-ack');
    await stage.fault('drop');
    await fault.hasHit(2);
    await stage.exchange.clear();
    await stage.settle();
  });
}

function slowReader(stage) {
  test('a reader that is too slow is disconnected', async () => {
    const before = await stage.connections();
    await stage.fault('slow-reader:bytes=1');
    stage.serve.process.child.kill('SIGSTOP');
    try {
      await until('the exchange has dropped it', async () => (await stage.connections()).length < before.length, { within: 40_000 });
    } finally {
      stage.serve.process.child.kill('SIGCONT');
    }
    await stage.exchange.clear();
    await stage.settle();
  });
}

// --- of requests ---

// The emitter loses its connections and meets the fault at its next attempts.
function met(stage, title, spec) {
  test(title, async () => {
    const fault = await stage.fault(spec);
    await stage.fault('drop');
    await fault.hasHit(1);
    await stage.exchange.clear();
    await stage.settle();
  });
}

function refusals(stage) {
  for (const code of [503, 504, 418, 429, 403, 451]) met(stage, `refused with ${code}`, `refuse:code=${code},retry_after=1`);
}

function unansweredRequests(stage) {
  test('an emitter that starts while everything is refused is ready soon after', async () => {
    await stage.fault('refuse:code=503,retry_after=1,for=3s');
    const late = await Serve.start(stage.exchange);
    try {
      await until('the exchange answers again', async () => (await stage.exchange.values().catch(() => new Map())).size > 0);
      await late.ready(stage.exchange);
    } finally {
      await late.stop();
    }
  });

  met(stage, 'REST alone is refused', 'refuse:on=rest,code=500');
  met(stage, 'REST is not answered', 'hang:on=rest');
  met(stage, 'handshakes are not answered', 'hang:on=handshake');
}

// --- of the list of symbols, which is looked up once a minute ---

const kListed = 'NEUUSDT';

function listingFaults(stage) {
  test('a new symbol flows to who asked for it before, a delisted one is gone from the list', async () => {
    await stage.fault(`list:symbol=${kListed},follow=BTCUSDT`);
    await stage.fault('delist:symbol=DOGEUSDT');
    await until('the new symbol flows', () => stage.watcher.values.has(kListed), { within: 90_000, every: 200 });
    await until('the list is the exchange’s', async () => {
      const names = await stage.serve.symbols();
      return names.includes(kListed) && !names.includes('DOGEUSDT');
    });
    await stage.settle();
    await stage.exchange.clear();
    await stage.settle();
  });
}

// --- what takes long to be noticed ---

function longFaults(stage) {
  test('the exchange is killed and comes back', async () => {
    const { port } = stage.exchange;
    await stage.exchange.stop('SIGKILL');
    await stage.untilState('down');
    stage.exchange = await Exchange.start({ port, rate: 1500 });
    await stage.settle();
  });

  test('one connection goes deaf: it is replaced, and clients need not be told', async () => {
    const told = stage.watcher.statuses.length;
    const [deaf] = await stage.connections();
    await stage.fault(`stall:connection=${deaf}`);
    await stage.untilReplaced([deaf]);
    await stage.exchange.clear();
    await stage.settle();
    assert.deepEqual(stage.watcher.statuses.slice(told), []);
  });

  test('all connections go deaf: clients are told', async () => {
    await stage.fault('stall');
    await until('clients are told', () => ['stale', 'down'].includes(stage.watcher.state()), { within: 60_000 });
    await stage.exchange.clear();
    await stage.settle();
  });
}

describe('faults of the exchange', { skip, concurrency: true }, () => {
  lane('of events', {}, eventFaults);
  lane('of connections', {}, connectionFaults);
  lane('of a slow reader', { symbols: 200, rate: 30_000 }, slowReader);
  lane('of requests that are refused', {}, refusals);
  lane('of requests that are not answered', {}, unansweredRequests);
  lane('of the list of symbols', { awaited: [kListed] }, listingFaults);
  lane('that take long', {}, longFaults);
});

test('no fault is left out', { skip }, async () => {
  const exchange = await Exchange.start({ symbols: 1 });
  const help = await (await fetch(exchange.http + '/control/help')).text();
  await exchange.stop();
  const known = help.match(/^[a-z][a-z0-9-]*$/gm).filter((name) => name !== 'settings');
  assert.deepEqual(known.filter((name) => !injected.has(name)), []);
});
