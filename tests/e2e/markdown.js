// SPDX-License-Identifier: Apache-2.0
//
// What a test needs of a Markdown page, as GitHub reads it: its fenced blocks, the anchors of its headings, its links.

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './harness.js';

const kNotOurs = new Set(['build', 'node_modules', 'cmake']);

// Every page of the repository, as paths from its root.
export function pages(folder = root) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || kNotOurs.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pages(path);
    return entry.name.endsWith('.md') ? relative(root, path) : [];
  });
}

export const readPage = (path) => parse(readFileSync(join(root, path), 'utf8'));

// blocks: { words: what stands behind the fence, text, line: of the fence }. links: { target, line }. anchors: a Set.
export function parse(text) {
  const page = { blocks: [], anchors: new Set(), links: [] };
  let block = null;
  text.split('\n').forEach((line, index) => {
    const fence = line.match(/^(`{3,})(.*)$/);
    if (block) {
      if (fence && fence[1] === block.fence && !fence[2]) block = null;
      else block.text += line + '\n';
    } else if (fence) {
      block = { fence: fence[1], words: fence[2].trim().split(/ +/), text: '', line: index + 1 };
      page.blocks.push(block);
    } else {
      takeProse(page, line, index + 1);
    }
  });
  if (block) throw new Error(`the block that begins in line ${block.line} does not end`);
  return page;
}

function takeProse(page, line, number) {
  const heading = line.match(/^#{1,6} +(.*?) *$/);
  if (heading) {
    const name = anchor(heading[1]);
    let unique = name;
    for (let i = 1; page.anchors.has(unique); ++i) unique = `${name}-${i}`;
    page.anchors.add(unique);
  }
  const prose = line.replace(/`[^`]*`/g, '`');
  for (const [, target] of prose.matchAll(/\]\(([^()\s]*)\)/g)) page.links.push({ target, line: number });
}

// "What holds when things break" -> "what-holds-when-things-break"
const anchor = (heading) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/`/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

// The rows of the table below a heading, as lists of cells; without its head.
export function table(text, heading) {
  const from = text.split('\n').indexOf(heading);
  if (from < 0) throw new Error(`no heading "${heading}"`);
  const lines = text.split('\n').slice(from + 1);
  const begin = lines.findIndex((line) => line.startsWith('|'));
  const rows = [];
  for (const line of lines.slice(begin + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(line.slice(1, -1).split('|').map((cell) => cell.trim()));
  }
  return rows;
}
