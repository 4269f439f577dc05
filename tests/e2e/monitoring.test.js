// SPDX-License-Identifier: Apache-2.0
//
// What operators get: the alert rules, and a real Prometheus on a running system (exchange, producer, Kafka, emitter, a client), in which every
// panel of the dashboard and every alert finds data.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { Emitter, Exchange, Producer, freePort, missing, noBinary, root, until } from './harness.js';
import { noKafka, startKafka } from './kafka.js';

const has = (program) => !spawnSync(program, ['--version']).error;
const skip = noBinary() || noKafka() || missing('prometheus', has('prometheus') && has('promtool'));
const files = join(root, 'deploy/monitoring');
const dashboard = JSON.parse(readFileSync(join(files, 'grafana/dashboards/tickcast.json')));
const kWindow = '1m'; // a rate needs two scrapes in it

function promtool(args, input) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input });
  assert.equal(status, 0, stdout + stderr);
}

// An expression of the dashboard as Grafana would send it.
const filledIn = (expr) => expr.replaceAll('$__rate_interval', kWindow).replaceAll('$instance', '.*');

// What stands left of an alert's comparison: that has data also while all is well.
function watched(expr) {
  const match = expr.match(/^([^]*?)\s[<>]=?\s[\d.]+\s*$/);
  assert.ok(match, `no comparison with a number: ${expr}`);
  return match[1].replaceAll(/\[\d+m\]/g, `[${kWindow}]`);
}

describe('monitoring', { skip, concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-monitoring-'));
  const roles = {};
  let kafka, prometheus, api, socket;
  let said = '';

  before(async () => {
    roles.exchange = await Exchange.start({ symbols: 50, rate: 1000 });
    kafka = await startKafka();
    roles.producer = await Producer.start(roles.exchange, kafka, { listen: true });
    roles.emitter = await Emitter.start(kafka, { args: ['--upstream', roles.producer.ws] });
    await roles.emitter.untilReadiness('200 live');
    socket = new WebSocket(`${roles.emitter.ws}/stream?streams=!quote@arr@100ms/btcusdt@quote`);
    await new Promise((done) => socket.once('open', done));

    const targets = await Promise.all(Object.values(roles).map(async (role) => `127.0.0.1:${await role.process.admin()}`));
    const config = { global: { scrape_interval: '1s', evaluation_interval: '1s' }, rule_files: [join(files, 'alerts.yml')],
      scrape_configs: [{ job_name: 'tickcast', static_configs: [{ targets }] }] };
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config)); // JSON is YAML
    api = `127.0.0.1:${await freePort()}`;
    prometheus = spawn('prometheus', [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${api}`], { stdio: ['ignore', 'ignore', 'pipe'] });
    process.on('exit', () => prometheus.kill('SIGKILL'));
    prometheus.stderr.on('data', (data) => (said += data));
  });

  after(async () => {
    socket?.terminate();
    for (const role of Object.values(roles)) await role.stop();
    await kafka?.clear();
    if (prometheus) {
      const ended = new Promise((done) => prometheus.once('close', done));
      prometheus.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  const get = async (path, parameters = {}) => {
    const response = await fetch(`http://${api}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = await response.json();
    assert.equal(answer.status, 'success', `${path} ${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  };
  // Whether there is a number for it.
  const hasData = async (query) =>
    (await get('query', { query })).result.some(({ value: [, number] }) => number !== 'NaN');

  async function untilAllHaveData(expressions) {
    let left = expressions;
    await until('every expression has data', async () => {
      const found = await Promise.all(left.map((each) => hasData(each).catch((error) => {
        if (error.cause) return false; // it does not listen yet
        throw error;
      })));
      left = left.filter((_, i) => !found[i]);
      return left.length === 0;
    }, { within: 60_000, every: 500, describe: () => `none for\n${left.join('\n')}\n${said.slice(-1000)}` });
  }

  test('the configuration and the rules are right, and each alert fires when it should and not else', () => {
    promtool(['check', 'config', join(files, 'prometheus.yml')]);
    promtool(['test', 'rules', join(files, 'alerts_test.yml')]);
    const rules = [...readFileSync(join(files, 'alerts.yml'), 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const tested = readFileSync(join(files, 'alerts_test.yml'), 'utf8');
    for (const name of rules) assert.equal(tested.split(`alertname: ${name}`).length, 3, `${name} is tested silent and firing`);
  });

  test('what every role exposes is in good form, and together they expose every metric that is documented', async () => {
    const exposed = new Set();
    for (const role of Object.values(roles)) {
      const response = await role.admin('/metrics');
      assert.match(response.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
      const text = await response.text();
      promtool(['check', 'metrics'], text);
      for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) exposed.add(name);
    }
    const page = readFileSync(join(root, 'docs/reference/metrics.md'), 'utf8');
    const documented = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    assert.ok(documented.length > 30);
    assert.deepEqual([...exposed].sort(), documented.sort());
  });

  test('every panel of the dashboard has data', async () => {
    const expressions = dashboard.panels.flatMap((panel) => panel.targets ?? []).map((target) => filledIn(target.expr));
    assert.ok(expressions.length > 30);
    await untilAllHaveData(expressions);
  });

  test('every alert looks at something that is there, and none fires', async () => {
    let rules;
    await until('all rules were evaluated', async () => {
      rules = (await get('rules')).groups.flatMap((group) => group.rules);
      return rules.every((rule) => rule.health === 'ok');
    });
    await untilAllHaveData(rules.map((rule) => watched(rule.query)));
    assert.deepEqual(rules.filter((rule) => rule.state === 'firing').map((rule) => rule.name), []);
  });
});
