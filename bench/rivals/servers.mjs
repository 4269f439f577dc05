// SPDX-License-Identifier: Apache-2.0
//
// The servers that are compared: how each is started, and which dialect its clients speak. A server runs on the server's
// core alone; what feeds one that cannot follow the exchange itself (a publisher) runs on the load's core.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Process, freePort, listening } from './processes.mjs';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '../..');
export const built = (name) => path.join(root, 'build/release', name);
const fetched = (name) => path.join(root, 'build/rivals', name);
const firstLine = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).split('\n')[0];
const packageVersion = (name) => JSON.parse(readFileSync(path.join(here, 'node_modules', name, 'package.json'))).version;

const onServerCore = (command, args, options) => new Process(SERVER_CORE, command, args, options);
const publisher = async (script, args) => {
  const started = new Process(LOAD_CORE, 'node', [path.join(here, script), ...args.map(String)], { urgent: true });
  await started.json();
  return started;
};

const metric = async (port, name) => {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).split(' ')[1]);
};

// Of each: start(exchangePort, symbols) gives { server, publisher, port }, and of tickcast
// visits(): how often it has written to a client so far. Its processes end with Process.stopAll().
export const servers = [
  {
    name: 'tickcast',
    label: 'tickcast',
    dialect: 'streams',
    present: () => existsSync(built('tickcast')),
    version: () => firstLine(built('tickcast'), 'version').replace('tickcast ', ''),
    async start(exchangePort) {
      const server = onServerCore(built('tickcast'), [
        ...['serve', '--shards', '1', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--log-level', 'error'],
        ...['--exchange-streams', `ws://127.0.0.1:${exchangePort}`],
      ]);
      const [, admin] = await server.lineMatching(/^admin on .*:(\d+)$/);
      const [, port] = await server.lineMatching(/^listening on .*:(\d+)$/);
      return { server, port, visits: () => metric(admin, 'tickcast_visits_total') };
    },
  },
  {
    name: 'node-ws',
    label: 'node ws',
    dialect: 'streams',
    present: () => true,
    version: () => `ws ${packageVersion('ws')}, Node ${process.versions.node}`,
    async start(exchangePort, symbols) {
      const script = path.join(here, 'node-ws/server.mjs');
      const server = onServerCore('node', ['--max-old-space-size=3072', script, String(exchangePort), ...symbols]);
      return { server, port: (await server.json()).port };
    },
  },
  {
    name: 'beast',
    label: 'Boost.Beast',
    dialect: 'streams',
    present: () => existsSync(built('bench/rivals/beast_server')),
    version: () => `Boost ${firstLine(built('bench/rivals/beast_server'), '--version').replace('_', '.')}`,
    async start(exchangePort, symbols) {
      const server = onServerCore(built('bench/rivals/beast_server'), [String(exchangePort), ...symbols]);
      return { server, port: (await server.json()).port };
    },
  },
  {
    name: 'nats',
    label: 'NATS',
    dialect: 'nats',
    present: () => existsSync(fetched('nats-server')),
    version: () => firstLine(fetched('nats-server'), '--version').replace('nats-server: v', 'nats-server '),
    async start(exchangePort, symbols) {
      const [natsPort, port] = [await freePort(), await freePort()];
      const server = onServerCore(
        fetched('nats-server'),
        ['-a', '127.0.0.1', '-p', String(natsPort), '-c', path.join(here, 'nats/server.conf')],
        { env: { NATS_WEBSOCKET_PORT: String(port) } },
      );
      await listening(natsPort, server);
      await listening(port, server);
      return { server, port, publisher: await publisher('nats/publisher.mjs', [exchangePort, natsPort, ...symbols]) };
    },
  },
  {
    name: 'centrifugo',
    label: 'Centrifugo',
    dialect: 'centrifugo',
    present: () => existsSync(fetched('centrifugo')),
    version: () => readFileSync(fetched('centrifugo.version'), 'utf8').trim().replace('centrifugo ', ''),
    async start(exchangePort, symbols) {
      const port = await freePort();
      const server = onServerCore(fetched('centrifugo'), ['--config', path.join(here, 'centrifugo/config.json')], {
        env: { CENTRIFUGO_HTTP_SERVER_ADDRESS: '127.0.0.1', CENTRIFUGO_HTTP_SERVER_PORT: String(port) },
      });
      await listening(port, server);
      return { server, port, publisher: await publisher('centrifugo/publisher.mjs', [exchangePort, port, ...symbols]) };
    },
  },
];
