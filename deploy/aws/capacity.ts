// SPDX-License-Identifier: Apache-2.0
//
// What an audience takes and costs: the tables of docs/explanation/architecture-aws.md, which a test compares
// with this. Change an assumption here, then `tools/aws write`.
//
//   npx tsc && node build/capacity.js

import { fileURLToPath } from 'node:url';

// Measured here, or derived from what is: docs/explanation/scaling.md, docs/protocol.md.
const secondsPerSend = 10e-6; // CPU, in clear; scaling.md
const eventBytes = 170_000 / 1_400; // a bookTicker of the whole market's array; protocol.md
const updatesPerSecond = 6_000;
const recordBytes = 1_200_000 / updatesPerSecond; // of the topic; scaling.md
const laneBytes = 330_000 / 1_400 + 40; // a quote in its combined wrapper; protocol.md
const clientBytes = 5_000; // memory, in clear: the kernel's sockets and ours

// Of TLS in the task: estimates, not measured here.
const tlsSecondsPerSend = 1e-6; // CPU: a record of 160 bytes is 0.36 us of AES-128-GCM, and SSL_write around it
const handshakeSeconds = 0.5e-3; // CPU of a new client: ECDSA P-256, TLS 1.3, TCP, the upgrade and its first frame
const tlsClientBytes = 20_000; // memory

// Of the protocols: bytes that a send has besides its events.
const frameBytes = 2; // RFC 6455, an event below 126 bytes
const tlsBytes = 22; // RFC 8446: a record's header, type and tag
const packetBytes = 52; // IPv4, TCP and its timestamps
const segmentBytes = 1_448;

// Choices, as in the parameters of the template.
const busy = 0.5; // of the cores, so that two zones can carry three
const host = { cores: 8, bytesPerSecond: 3.75e9 / 8, full: 0.6 }; // c7g.2xlarge, its baseline bandwidth
const clientsPerEmitter = 60_000;
const sessionSeconds = 1_800; // a user stays for half an hour

// Dollars in Tokyo, list prices as assumed in November 2026. Check current prices.
const price = {
  egressTiers: [[10e12, 0.114], [40e12, 0.089], [100e12, 0.086], [Infinity, 0.084]] as const, // bytes, per GB
  balancerHour: 0.0243,
  balancerUnit: 0.006, // of what its listener takes, below
  hostHour: 0.37, // c7g.2xlarge
  producerHour: 0.093, // c7g.large
  brokerHour: 0.27, // kafka.m7g.large
  natHour: 0.062,
  crossZoneGB: 0.02, // 0.01 on each side
};
// A unit carries the first of these to be reached.
const unit = {
  tcp: { newPerSecond: 800, open: 100_000, bytesPerHour: 1e9 },
  tls: { newPerSecond: 50, open: 3_000, bytesPerHour: 1e9 },
};
const hoursAMonth = 730;
const secondsAMonth = hoursAMonth * 3_600;

export interface Load {
  name: string;
  sends: number; // to a user, each second
  events: number; // in each
}

export const loads: Load[] = [
  { name: 'one symbol, each second', sends: 1, events: 1 },
  { name: 'ten symbols, four times a second, a third of them changed', sends: 4, events: 10 / 3 },
  { name: 'one hot symbol, each of its 100 updates a second', sends: 100, events: 1 },
];

export function plan(users: number, load: Load) {
  const sends = users * load.sends;
  const newClients = users / sessionSeconds; // each second
  const cores = (sends * (secondsPerSend + tlsSecondsPerSend) + newClients * handshakeSeconds) / busy;
  const payload = load.events * (eventBytes + frameBytes);
  const packets = Math.ceil((payload + tlsBytes) / segmentBytes) * packetBytes;
  const toClients = sends * (payload + tlsBytes + packets); // bytes/s, the same on every wire from the host on

  const hostsBy = {
    clients: Math.ceil(users / clientsPerEmitter),
    cores: Math.ceil(cores / host.cores),
    bytes: Math.ceil(toClients / (host.bytesPerSecond * host.full)),
  };
  const hosts = Math.max(3, ...Object.values(hostsBy));
  const topicRead = hosts * updatesPerSecond * recordBytes; // bytes/s
  const lane = hosts * updatesPerSecond * laneBytes;

  const month = toClients * secondsAMonth;
  const balancer = ({ newPerSecond, open, bytesPerHour }: typeof unit.tcp, bytes: number) => {
    const units = Math.max(newClients / newPerSecond, users / open, (bytes * 3_600) / bytesPerHour);
    return (price.balancerHour + units * price.balancerUnit) * hoursAMonth;
  };
  // What it would be if TLS ended there, and only what comes from the hosts, in clear, were counted.
  const balancerWithTls = balancer(unit.tls, toClients - sends * tlsBytes);
  const cost = {
    egress: egress(month),
    balancer: balancer(unit.tcp, toClients),
    hosts: hosts * price.hostHour * hoursAMonth,
    feed: // two of three emitters are in another zone than the topic's leader, and than their producer
      ((topicRead + lane) * (2 / 3) * secondsAMonth * price.crossZoneGB) / 1e9 +
      (((lane * 3_600) / 1e9) * price.balancerUnit + price.balancerHour) * hoursAMonth,
    fixed: (2 * price.producerHour + 3 * price.brokerHour + 3 * price.natHour) * hoursAMonth,
  };
  const total = Object.values(cost).reduce((sum, part) => sum + part, 0);
  return { sends, cores, toClients, hostsBy, hosts, topicRead, memory: users * (clientBytes + tlsClientBytes), month, cost, total, balancerWithTls };
}

function egress(bytes: number): number {
  let left = bytes;
  let dollars = 0;
  for (const [size, perGB] of price.egressTiers) {
    const here = Math.min(left, size);
    dollars += (here / 1e9) * perGB;
    left -= here;
  }
  return dollars;
}

const figure = (value: number, digits = 2) =>
  Number(value.toPrecision(digits)).toLocaleString('en-US', { maximumFractionDigits: 2 });
const dollars = (value: number) => `$${figure(value)}`;

export function table(users: number): string {
  const rows: [string, (p: ReturnType<typeof plan>) => string][] = [
    ['sends/s', (p) => figure(p.sends)],
    ['to clients', (p) => `${figure((p.toClients * 8) / 1e9)} Gbit/s`],
    ['cores, half busy', (p) => figure(p.cores)],
    ['hosts by clients, cores, bytes', (p) => `${p.hostsBy.clients}, ${p.hostsBy.cores}, ${p.hostsBy.bytes}`],
    ['**hosts**', (p) => `**${p.hosts}**`],
    ['memory for clients', (p) => `${figure(p.memory / 1e9)} GB`],
    ['topic, read by all', (p) => `${figure((p.topicRead * 8) / 1e9)} Gbit/s`],
    ['egress a month', (p) => `${figure(p.month / 1e12)} TB`],
    ['egress', (p) => dollars(p.cost.egress)],
    ['balancer', (p) => dollars(p.cost.balancer)],
    ['(with TLS ending there)', (p) => `(${dollars(p.balancerWithTls)})`],
    ['hosts of emitters', (p) => dollars(p.cost.hosts)],
    ['topic and lane to emitters', (p) => dollars(p.cost.feed)],
    ['producers, brokers, NAT', (p) => dollars(p.cost.fixed)],
    ['**a month**', (p) => `**${dollars(p.total)}**`],
    ['a user and month', (p) => `$${figure(p.total / users)}`],
  ];
  const plans = loads.map((load) => plan(users, load));
  return [
    `| ${figure(users)} users | ${loads.map(({ name }) => name).join(' | ')} |`,
    `|---|${loads.map(() => '---:').join('|')}|`,
    ...rows.map(([name, of]) => `| ${name} | ${plans.map(of).join(' | ')} |`),
  ].join('\n');
}

export const audiences = [1_000_000, 10_000_000];

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(audiences.map(table).join('\n\n'));
