// SPDX-License-Identifier: Apache-2.0
//
// Puts the tables of capacity.ts into a page, between the lines that name their audience:
//   node build/write_tables.js PAGE

import { readFileSync, writeFileSync } from 'node:fs';
import { audiences, table } from './capacity.ts';

const page = process.argv[2]!;
let text = readFileSync(page, 'utf8');
for (const users of audiences) {
  const between = new RegExp(`(<!-- capacity ${users} -->\n)(?:[^]*?\n)??(<!-- end -->)`);
  if (!between.test(text)) throw new Error(`${page} has no place for ${users} users`);
  text = text.replace(between, (_, before, after) => `${before}${table(users)}\n${after}`);
}
writeFileSync(page, text);
