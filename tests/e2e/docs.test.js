// SPDX-License-Identifier: Apache-2.0
//
// The documentation: links lead somewhere, docs/index.md names every page, what is marked as runnable runs and prints what the page says. Marks, behind a fence:
//
//   ```sh run               run to its end with exit status 0. All of a page's are one bash session, in an empty folder
//   ```sh run background    a command that stays, as in a terminal of its own; the session goes on when it listens
//   ```sh run kafka         as `run`; the page is left out where there is no Kafka, else one is at localhost:9092
//   … needs=A,B             behind these: the page is left out where one of these programs is missing
//   ```text output          behind a block that runs: lines that it prints, in this order. Numbers of three digits and more, and those with
//                           a fraction, may be others; "…" stands for anything
//   ```js file=NAME         (any language) the file that the page has its reader make, before anything runs
//
// Ports are those that are free: `:8080` of a page becomes the same other port in all of its blocks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { after, describe, test } from 'node:test';
import { binary, freePort, here, missing, noBinary, root } from './harness.js';
import { noKafka, startKafka } from './kafka.js';
import { pages, parse, readPage } from './markdown.js';

// --- links ---

function fault(page, { target, line }) {
  if (/^(https?|mailto):/.test(target)) return [];
  const [path, anchor] = target.split('#');
  const file = path ? normalize(join(dirname(page), path)) : page;
  if (file.startsWith('..') || !existsSync(join(root, file))) return `${page}:${line}: there is no ${target}`;
  if (anchor === undefined) return [];
  if (!file.endsWith('.md')) return `${page}:${line}: ${target}: only headings of pages are linked to`;
  return readPage(file).anchors.has(anchor) ? [] : `${page}:${line}: ${file} has no heading #${anchor}`;
}

describe('links', () => {
  test('every link of every page leads to a file, or to a heading that is there', () => {
    assert.deepEqual(pages().flatMap((page) => readPage(page).links.flatMap((link) => fault(page, link))), []);
  });

  test('a broken link and a broken anchor are found', () => {
    const { links } = parse('# A\n[x](nowhere.md) [y](docs/index.md#nowhere) [z](#a) `[code](nowhere.md)`\n```\n[w](nowhere.md)\n```\n');
    assert.deepEqual(links.flatMap((link) => fault('README.md', link)), [
      'README.md:2: there is no nowhere.md', 'README.md:2: docs/index.md has no heading #nowhere', 'README.md:2: README.md has no heading #a',
    ]);
  });

  test('docs/index.md names every page, or the folder that holds it', () => {
    const named = new Set(readPage('docs/index.md').links.map(({ target }) => normalize(join('docs', target.split('#')[0])).replace(/\/$/, '')));
    const unnamed = pages(join(root, 'docs')).filter((page) => page !== 'docs/index.md' && !named.has(page) && !named.has(dirname(page)));
    assert.deepEqual(unnamed, []);
  });
});

// --- runnable blocks ---

const folders = new Set();
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const runs = ({ words }) => words[0] === 'sh' && words[1] === 'run';
const python = join(here, '.venv/bin');

// The blocks with other ports, the same for the same.
async function withFreePorts(blocks, given) {
  const ports = new Map(given);
  for (const { text } of blocks) {
    for (const [, port] of text.matchAll(/:(\d{4,5})\b(?!\.\d)/g)) if (!ports.has(port)) ports.set(port, await freePort());
  }
  return blocks.map((block) => ({ ...block, text: block.text.replace(/:(\d{4,5})\b(?!\.\d)/g, (as, port) => `:${ports.get(port) ?? as.slice(1)}`) }));
}

const kPrelude = `
exec 2>&1
set -e
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
listens() { # log process
  for _ in {1..400}; do
    grep -qE '^(listening on|recording to)' "$1" && return
    kill -0 $2 2>/dev/null || break
    sleep 0.05
  done
  echo "it does not listen:"; cat "$1"; exit 1
}
`;

// A page as one script, which says on a line of its own where each block begins.
function script(blocks) {
  return kPrelude + blocks.filter(runs).map(({ words, text, line }) => {
    const begun = `printf '\\n\\036%s\\n' ${line}\n`;
    if (!words.includes('background')) return begun + text;
    return `${begun}{ exec ${text.trim()}; } >background-${line} 2>&1 </dev/null &\nlistens background-${line} $!\n`;
  }).join('\n');
}

// Line of the block -> what it printed.
const sections = (printed) => new Map(printed.split(/^\x1e/m).slice(1).map((part) => [Number(part.match(/^\d+/)[0]), part.replace(/^\d+\n/, '')]));

const pattern = (line) => new RegExp('^' + line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\d+\\\.\d+|\d{3,}/g, '[0-9.]+').replaceAll('…', '.*') + '$');

// The first line of `expected` that is not printed, in this order; nothing when all are.
function firstMissing(expected, printed) {
  const lines = printed.split('\n');
  return expected.trimEnd().split('\n').find((line) => {
    const at = lines.findIndex((each) => pattern(line).test(each));
    if (at < 0) return true;
    lines.splice(0, at + 1);
    return false;
  });
}

function folderFor(blocks) {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-docs-'));
  folders.add(folder);
  mkdirSync(join(folder, 'bin'));
  symlinkSync(binary, join(folder, 'bin/tickcast'));
  const work = join(folder, 'work');
  mkdirSync(work);
  symlinkSync(join(here, 'node_modules'), join(work, 'node_modules'));
  for (const { words, text } of blocks) {
    const name = words.find((word) => word.startsWith('file='))?.slice('file='.length);
    if (name) writeFileSync(join(work, basename(name)), text);
  }
  return folder;
}

async function runPage(path, given = []) {
  const blocks = await withFreePorts(readPage(path).blocks, given);
  const folder = folderFor(blocks);
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('TICKCAST_'));
  const env = { ...Object.fromEntries(clean), PATH: `${join(folder, 'bin')}:${python}:${process.env.PATH}:/usr/sbin` };
  const child = spawn('bash', ['-c', script(blocks)], { cwd: join(folder, 'work'), env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ } };
  process.on('exit', end);
  const timer = setTimeout(end, 60_000);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (data) => (printed += data));
  const [code, signal] = await new Promise((done) => child.on('close', (...outcome) => done(outcome)));
  clearTimeout(timer);
  const printedBy = sections(printed);
  const last = [...printedBy.keys()].pop();
  assert.equal(code, 0, `${path}:${last}: ${signal || `exit status ${code}`}\n${printed}`);
  blocks.forEach((block, i) => {
    if (block.words.join(' ') !== 'text output') return;
    const lacking = firstMissing(block.text, printedBy.get(blocks[i - 1].line));
    assert.equal(lacking, undefined, `${path}:${block.line}: not printed: ${lacking}\n${printedBy.get(blocks[i - 1].line)}`);
  });
}

const runnable = pages().filter((page) => readPage(page).blocks.some(runs));
const wants = (page, word) => readPage(page).blocks.some((block) => runs(block) && block.words.includes(word));
const found = (name) => `${process.env.PATH}:/usr/sbin`.split(':').some((folder) => existsSync(join(folder, name)));
const needs = (page) => readPage(page).blocks.flatMap(({ words }) => words.filter((word) => word.startsWith('needs=')).flatMap((word) => word.slice('needs='.length).split(',')));
const lacking = (page) => needs(page).map((name) => missing(name, found(name))).find(Boolean) ?? false;
const noPackages = () => missing('what tests/e2e/setup installs', existsSync(python) && existsSync(join(here, 'node_modules')));
const skip = noBinary() || missing('curl', found('curl')) || noPackages();

describe('runnable blocks', { skip, concurrency: 3 }, () => {
  for (const page of runnable.filter((page) => !wants(page, 'kafka'))) test(`${page} runs`, { skip: lacking(page) }, () => runPage(page));

  test('a line that is not printed is found, and numbers may differ', () => {
    assert.equal(firstMissing('{"u":400900217,"b":"1.5"}\n…b\n', '{"u":123,"b":"64.25"}\nab\n'), undefined);
    assert.equal(firstMissing('a\nb\n', 'b\na\n'), 'b');
    assert.equal(firstMissing('exit 1\n', 'exit 2\n'), 'exit 1');
  });

  test('an output stands behind the block that prints it', () => {
    for (const page of pages()) {
      const { blocks } = readPage(page);
      blocks.forEach(({ words, line }, i) => {
        if (words.join(' ') === 'text output') assert.ok(i > 0 && runs(blocks[i - 1]), `${page}:${line}`);
        else assert.ok(!words.slice(1).some((word) => !/^(run|background|kafka|needs=[\w,]+|file=[\w.-]+)$/.test(word)), `${page}:${line}: ${words}`);
      });
    }
  });
});

const kafkaPages = runnable.filter((page) => wants(page, 'kafka'));
describe('runnable blocks that need Kafka', { skip: skip || noKafka(), concurrency: false }, () => {
  for (const page of kafkaPages) {
    test(`${page} runs`, async () => {
      const kafka = await startKafka();
      try {
        await runPage(page, [['9092', kafka.port]]);
      } finally {
        await kafka.clear();
      }
    });
  }
});
