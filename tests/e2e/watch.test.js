// SPDX-License-Identifier: Apache-2.0
//
// `tickcast watch` in a real terminal: what it shows, what its keys do, what it says when the server is gone, and that the terminal is given back as it
// was, however the program ends. And its lines, where there is no terminal.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { Exchange, Process, Serve, binary, noBinary, run, sleep, until } from './harness.js';
import { Tmux, noTmux } from './tmux.js';

const kGrey = '\x1b[38;5;244m';

// Symbols in the order of their rows.
const rowsOf = (screen) => [...screen.matchAll(/^([A-Z0-9]{5,}) +[\d.,]+ /gm)].map(([, symbol]) => symbol);

describe('watch in a terminal', { skip: noBinary() || noTmux(), concurrency: false }, () => {
  let exchange, serve;
  const terminals = [];
  before(async () => {
    exchange = await Exchange.start({ symbols: 60, rate: 2000 });
    serve = await Serve.start(exchange);
    await serve.ready(exchange);
  });
  after(async () => {
    terminals.forEach((terminal) => terminal.stop());
    await Promise.all([serve.stop(), exchange.stop()]);
  });
  const start = async (options) => {
    const terminal = await Tmux.start(options);
    terminals.push(terminal);
    return terminal;
  };

  test('the market moves, is sorted, filtered and paused by keys, fits its window, and q gives the terminal back', async () => {
    const terminal = await start({ columns: 120, rows: 30 });
    const modes = await terminal.output('stty -a');
    terminal.command('echo written before');
    await terminal.until(/^written before$/m);
    terminal.type(`tickcast watch ${serve.ws}; echo "exit status $?"`);
    terminal.press('Enter');
    await terminal.until(/LIVE simulated/);
    await terminal.until(/BTCUSDT +[\d.,]+ +[\d,]+\.\d\d/);
    assert.doesNotMatch(terminal.screen(), /written before/);

    // It moves, and tells rates and ages of each hop.
    const first = terminal.screen();
    await until('a quote has changed', () => terminal.screen() !== first);
    await terminal.until(/[\d,]{3,} updates\/s/);
    await terminal.until(/taken in→sent \d.*sent→received \d.*received→drawn \d/);
    await terminal.until(/clocks within \d/);

    // Sorted by a column, and the other way round.
    terminal.press('1');
    await terminal.until(/SYMBOL▲/);
    const names = rowsOf(terminal.screen());
    assert.ok(names.length > 10, terminal.screen());
    assert.deepEqual(names, [...names].sort());
    terminal.press('r');
    await terminal.until(/SYMBOL▼/);
    await until('the order is reversed', () => {
      const now = rowsOf(terminal.screen());
      return now.length > 10 && now.join() === [...now].sort().reverse().join();
    });
    terminal.press('6');
    await terminal.until(/▲BP/);

    // Scrolled to the end and back.
    terminal.press('1', 'End');
    const last = names[0];
    await until('the first row is gone', () => !terminal.line(last));
    terminal.press('Home');
    await until('it is back', () => terminal.line(last));

    // Filtered while it is typed.
    terminal.press('/');
    terminal.type('btcu');
    await terminal.until('filter: btcu_');
    await until('only what matches is left', () => rowsOf(terminal.screen()).every((symbol) => symbol.includes('BTCU')));
    terminal.press('Enter');
    await terminal.until('filter: btcu  (Esc: all)');
    terminal.press('Escape');
    await until('all are back', () => rowsOf(terminal.screen()).length > 10);

    // Paused: it stands still, and says so, in grey.
    terminal.press('p');
    await terminal.until(/PAUSED for/);
    const prices = () => terminal.screen().split('\n').slice(5, 20).map((line) => line.slice(0, 72)).join('\n');
    const paused = prices();
    await sleep(500); // several pictures: none may differ
    assert.equal(prices(), paused);
    assert.ok(terminal.line(last, { styles: true }).includes(kGrey));
    terminal.press('p');
    await until('it moves again', () => prices() !== paused);

    // Any size.
    for (const [columns, rows] of [[80, 24], [44, 9], [20, 5], [12, 2], [160, 45]]) {
      terminal.resize(columns, rows);
      await until(`it fits ${columns}x${rows}`, () => {
        const lines = terminal.screen().split('\n');
        const bar = lines.findLastIndex((line) => line.trim());
        return rows < 4 ? lines[0].includes('LIVE') : bar === rows - 1 && lines[0].includes('LIVE') && lines[bar].includes('q quit');
      }, { describe: () => terminal.screen() });
    }
    terminal.resize(120, 30);
    await terminal.until(/SYMBOL▲/);

    terminal.press('?');
    await terminal.until(/sort by UPD\/S/);
    terminal.press('q');
    await terminal.until(/^exit status 0$/m);
    assert.match(terminal.screen(), /written before/);
    assert.doesNotMatch(terminal.screen(), /LIVE/);
    assert.equal(await terminal.output('stty -a'), modes);
  });

  for (const [signal, status] of [['TERM', 0], ['INT', 0], ['HUP', 0], ['ABRT', 134], ['SEGV', 139]]) {
    test(`SIG${signal} gives the terminal back`, async () => {
      const terminal = await start();
      const modes = await terminal.output('stty -a');
      const pid = await terminal.program(`tickcast watch ${serve.ws} btcusdt`);
      await terminal.until(/LIVE/);
      process.kill(pid, `SIG${signal}`);
      await terminal.until(new RegExp(`^exit status ${status}$`, 'm'));
      assert.doesNotMatch(terminal.screen(), /LIVE/);
      assert.equal(await terminal.output('stty -a'), modes);
      assert.equal(terminal.run('display-message', '-p', '#{alternate_on} #{cursor_flag} #{wrap_flag}').trim(), '0 1 1');
    });
  }

  test('Ctrl-Z gives the terminal back, and fg takes it over again', async () => {
    const terminal = await start();
    const modes = await terminal.output('stty -a');
    terminal.command(`tickcast watch ${serve.ws} btcusdt`);
    await terminal.until(/LIVE/);
    terminal.press('C-z');
    await terminal.until(/Stopped/);
    assert.equal(await terminal.output('stty -a'), modes);
    terminal.command('fg');
    await terminal.until(/LIVE/);
    await terminal.until(/BTCUSDT +[\d,]+\.\d\d/);
    terminal.press('q');
    await terminal.until(/ready>$/m);
    assert.equal(await terminal.output('stty -a'), modes);
  });

  test('NO_COLOR leaves attributes, and no colour', async () => {
    const coloured = await start();
    coloured.command(`tickcast watch ${serve.ws}`);
    await coloured.until(/LIVE/);
    assert.match(coloured.screen({ styles: true }), /\x1b\[[0-9;]*38;5;/);
    const plain = await start({ env: { NO_COLOR: '1' } });
    const sent = plain.record(); // as the program sends it: tmux has words of its own for it
    plain.command(`tickcast watch ${serve.ws}`);
    await plain.until(/BTCUSDT +[\d,]+/);
    await until('several pictures were sent', () => sent().split('BTCUSDT').length > 3 || sent().length > 20_000);
    const codes = [...sent().matchAll(/\x1b\[([0-9;]*)m/g)].map(([, code]) => code);
    assert.ok(codes.length > 10);
    for (const code of codes) assert.match(code, /^(0|0;[127])$/);
  });

  test('a server that is killed is told, its last quotes are grey, and a new one is found', async () => {
    const terminal = await start({ columns: 110 });
    const killed = await Serve.start(exchange);
    await killed.ready(exchange);
    terminal.command(`tickcast watch ${killed.ws} btcusdt ethusdt`);
    await terminal.until(/LIVE/);
    await terminal.until(/BTCUSDT +[\d.]+ +[\d,]+\.\d\d/);
    assert.ok(!terminal.line('BTCUSDT', { styles: true }).startsWith(kGrey));
    await killed.stop('SIGKILL');
    await terminal.until(/OFFLINE for .*(retry|connecting)/);
    await terminal.until(/Connection refused/);
    assert.match(terminal.line('BTCUSDT'), /[\d,]+\.\d\d/);
    assert.ok(terminal.line('BTCUSDT', { styles: true }).includes(kGrey), JSON.stringify(terminal.line('BTCUSDT', { styles: true })));
    const again = await Serve.start(exchange, { port: killed.port });
    await terminal.until(/LIVE/, { within: 40_000 });
    await until('the quotes are current', () => !terminal.line('BTCUSDT', { styles: true }).startsWith(kGrey));
    // Alive, but without a word: what is shown may not be current.
    again.process.child.kill('SIGSTOP');
    await terminal.until(/SILENT/);
    assert.ok(terminal.line('BTCUSDT', { styles: true }).includes(kGrey));
    again.process.child.kill('SIGCONT');
    await terminal.until(/LIVE/);
    // And when its exchange is gone, the server says so itself.
    await again.stop();
  });

  test('a plain exchange is followed by its own stream', async () => {
    const terminal = await start();
    terminal.command(`tickcast watch ${exchange.ws} btcusdt`);
    await terminal.until(/tells no times/);
    await terminal.until(/BTCUSDT +[\d,]+\.\d\d/);
    assert.match(terminal.screen(), /OPEN/);
  });

  test('--admin shows what a role tells of itself, and says when it is gone', async () => {
    const terminal = await start({ columns: 120, rows: 36 });
    const served = await Serve.start(exchange);
    await served.ready(exchange);
    terminal.command(`tickcast watch --admin http://127.0.0.1:${await served.process.admin()}`);
    await terminal.until(/serve \d+\.\d+\.\d+ READY/);
    await terminal.until(/leg A +exchange +[\d,.]+ frames\/s/);
    await terminal.until(/age +.*written/);
    await terminal.until(/memory [\d.]+ MB/);
    terminal.press('/');
    terminal.type('refusals full');
    await terminal.until(/^refusals_total\{reason="full"\} +0/m);
    terminal.press('Enter');
    assert.equal(terminal.screen().split('\n').filter((line) => /^\w+(\{|  )/.test(line) && !line.startsWith('METRIC')).length, 1, terminal.screen());
    terminal.press('Escape'); // with a character at once it would be Alt
    await terminal.until(/^[a-z]\w*[{ ].*\n[a-z]\w*[{ ]/m); // more rows than the one
    terminal.press('3');
    await terminal.until(/▼PER SECOND/);
    await served.stop('SIGKILL');
    await terminal.until(/NO ANSWER for/);
    await terminal.until(/takes no connection/);
    assert.ok(terminal.line('memory', { styles: true }).includes(kGrey));
    terminal.press('q');
    await terminal.until(/ready>$/m);
  });
});

describe('watch without a terminal', { skip: noBinary(), concurrency: false }, () => {
  let exchange, serve;
  before(async () => {
    exchange = await Exchange.start({ symbols: 60, rate: 2000 });
    serve = await Serve.start(exchange);
    await serve.ready(exchange);
  });
  after(() => Promise.all([serve.stop(), exchange.stop()]));

  const kQuote = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ([A-Z]+) [\d.]+ [\d.]+ [\d.]+ [\d.]+ (\d+\.\d{3}|-) (\d+|-)$/;

  test('each quote of a few symbols is a line', async () => {
    const watch = new Process(['watch', serve.ws, 'BTCUSDT', 'ethusdt']);
    await until('lines come, with ages', () => / \d+\.\d{3} \d+\n/.test(watch.stdout) && watch.stdout.split('\n').length > 20 && /source is live/.test(watch.stderr), { describe: () => watch.stdout + watch.stderr });
    const { code } = await watch.stop('SIGTERM');
    assert.equal(code, 0, watch.stderr);
    const lines = watch.stdout.trim().split('\n');
    for (const line of lines) assert.match(line, kQuote);
    assert.deepEqual([...new Set(lines.map((line) => line.match(kQuote)[1]))].sort(), ['BTCUSDT', 'ETHUSDT']);
    assert.doesNotMatch(watch.stdout, /\x1b/);
    assert.match(watch.stderr, /source is live \(simulated\)/);
  });

  test('all symbols are a line a second', async () => {
    const watch = new Process(['watch', serve.ws]);
    await until('three lines', () => watch.stdout.split('\n').length > 3, { describe: () => watch.stderr });
    await watch.stop();
    assert.match(watch.stdout.trim().split('\n').at(-1), /Z live symbols=\d\d updates\/s=[1-9]\d+ events\/s=\d+ bytes\/s=\d+ p50_ms=\d/);
  });

  test('whoever has read enough ends it', async () => {
    const child = spawn('bash', ['-c', `"${binary}" watch "${serve.ws}" btcusdt | head -n 3; echo "status \${PIPESTATUS[0]}"`], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (data) => (out += data));
    await new Promise((done) => child.on('close', done));
    assert.equal(out.trim().split('\n').length, 4, out);
    assert.match(out, /^status 0$/m);
  });

  test('--once is one line for each symbol', async () => {
    const { code, stdout, stderr } = await run(['watch', serve.ws, 'btcusdt', 'ethusdt', '--once']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.trim().split('\n').map((line) => line.match(kQuote)[1]).sort(), ['BTCUSDT', 'ETHUSDT']);
  });

  test('a server that is not there is told, and tried again', async () => {
    const watch = new Process(['watch', 'ws://127.0.0.1:1', 'btcusdt']);
    await until('it says so', () => /can't connect to 127\.0\.0\.1:1.*trying again/.test(watch.stderr));
    assert.equal((await watch.stop()).code, 0);
  });

  test('--admin is a line a second for every role', async () => {
    for (const [role, server] of [['serve', serve], ['exchange', exchange]]) {
      const { code, stdout, stderr } = await run(['watch', '--once', '--admin', `http://127.0.0.1:${await server.process.admin()}`]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`Z ${role} \\d+\\.\\d+\\.\\d+ ready .*memory=\\d+\n$`));
    }
    const { code, stderr } = await run(['watch', '--once', '--admin', `${serve.http}/`]);
    assert.equal(code, 1);
    assert.match(stderr, /is it an admin port\?/);
  });

  test('words that make no sense are told', async () => {
    for (const [words, told] of [
      [[], /URL/], [['ws://x', '--admin', 'http://x'], /one of them/], [['localhost:8080'], /ws/], [['ws://x', 'a/b'], /no symbol/],
      [['ws://x', '--pace', '7ms'], /250ms/], [['ws://x', '--once'], /symbols/],
    ]) {
      const { code, stderr } = await run(['watch', ...words]);
      assert.equal(code, 2, words.join(' '));
      assert.match(stderr, told);
    }
  });
});
