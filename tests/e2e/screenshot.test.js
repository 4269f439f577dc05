// SPDX-License-Identifier: Apache-2.0
//
// The pictures in docs/images are the ones that screenshot.js takes, of the page and the terminal's views as they are laid out now.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { noChromium } from './browser.js';
import { noBinary, root } from './harness.js';
import { kImages, takePictures } from './screenshot.js';
import { noTmux } from './tmux.js';

const kDocuments = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];

// Width and height, from the first chunk of a PNG (PNG specification 11.2.2).
function sizeOf(path) {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString('latin1', 1, 4), 'PNG', path);
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

const pictures = () => readdirSync(kImages).filter((name) => name.endsWith('.png')).sort(); // the others are drawn by hand

describe('pictures', { skip: noBinary() || noChromium() || noTmux() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickcast-pictures-'));
  after(() => rmSync(folder, { recursive: true }));

  test('are taken, all of them, and docs/images holds these and no others', async () => {
    const taken = await takePictures(folder, 0);
    assert.deepEqual(taken.map((path) => basename(path)).sort(), pictures());
    for (const path of taken) {
      assert.deepEqual(sizeOf(path), sizeOf(join(kImages, basename(path))), path);
      assert.ok(readFileSync(path).length > 20_000, `${path} shows something`);
    }
  });

  test('each is shown in a document, and no document shows another', () => {
    const shown = kDocuments.flatMap((name) => [...readFileSync(join(root, name), 'utf8').matchAll(/images\/([\w-]+\.png)/g)].map((match) => match[1]));
    assert.deepEqual([...new Set(shown)].sort(), pictures());
  });
});
