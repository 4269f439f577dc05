// SPDX-License-Identifier: Apache-2.0
//
// Tmux: a terminal that tests can type into and look at: a tmux server of its own, with one window and a shell in it.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { binary, missing, until } from './harness.js';

const kPrompt = 'ready>';

export const noTmux = () => missing('tmux', spawnSync('tmux', ['-V']).status === 0);

export class Tmux {
  static async start({ columns = 100, rows = 30, env = {} } = {}) {
    const tmux = new Tmux();
    tmux.folder = mkdtempSync(join(tmpdir(), 'tickcast-tmux-'));
    const variables = { PATH: `${dirname(binary)}:${process.env.PATH}`, LC_ALL: 'C.UTF-8', PS1: kPrompt, HISTFILE: '', ...env };
    tmux.run('new-session', '-d', '-x', columns, '-y', rows, 'env', '-i', 'TERM=tmux-256color',
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), 'bash', '--norc', '--noprofile');
    await tmux.until(kPrompt);
    return tmux;
  }

  run(...words) {
    return execFileSync('tmux', ['-S', join(this.folder, 'socket'), '-f', '/dev/null', '-u', ...words.map(String)], {
      encoding: 'utf8', env: { PATH: process.env.PATH, HOME: this.folder, LC_ALL: 'C.UTF-8' },
    });
  }

  // What is on the screen; with `styles`, the escape sequences that tell how it looks.
  screen({ styles = false } = {}) {
    return this.run('capture-pane', '-p', ...(styles ? ['-e'] : []));
  }
  // The first line with these words.
  line(words, options) {
    return this.screen(options).split('\n').find((line) => line.includes(words));
  }

  // Waits until the screen has these words, or matches.
  until(wanted, { within = 20_000 } = {}) {
    const there = (text) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
    return until(`the terminal shows ${wanted}`, () => there(this.screen()) && this.screen(), { within, describe: () => this.screen() });
  }

  // Keys by tmux's names (Enter, Escape, NPage, C-z, ...), or words as they are.
  press(...keys) {
    this.run('send-keys', ...keys);
  }
  type(text) {
    this.run('send-keys', '-l', text);
  }
  // A line for the shell, on a screen that is cleared first.
  command(text) {
    this.type(`clear; ${text}`);
    this.press('Enter');
  }
  // What a command prints, in full.
  async output(text) {
    const file = join(this.folder, 'output');
    rmSync(file, { force: true });
    this.command(`{ ${text}; } >${file}.new 2>&1; mv ${file}.new ${file}; echo printed`);
    await this.until(/^printed$/m);
    return readFileSync(file, 'utf8');
  }
  // A program that stays: started so that its process id is known, and its exit status shown when it ends.
  async program(text) {
    const file = join(this.folder, 'pid');
    rmSync(file, { force: true });
    this.command(`sh -c 'ulimit -c 0; echo $$ >${file}.new; mv ${file}.new ${file}; exec ${text}'; echo "exit status $?"`);
    return until('the program has begun', () => {
      try {
        return Number(readFileSync(file, 'utf8'));
      } catch {
        return 0;
      }
    });
  }

  // From now on all that the terminal is sent: a function that tells it.
  record() {
    const file = join(this.folder, 'sent');
    writeFileSync(file, '');
    this.run('pipe-pane', '-o', `cat >>${file}`);
    return () => readFileSync(file, 'utf8');
  }

  resize(columns, rows) {
    this.run('resize-window', '-x', columns, '-y', rows);
  }

  stop() {
    try {
      this.run('kill-server');
    } catch {
      // It has ended with its shell.
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
