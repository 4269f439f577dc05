// SPDX-License-Identifier: Apache-2.0
//
// Pictures of the live page over a simulated market: npm run screenshot -- [FOLDER], docs/images by default.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kPhone, launch, openPage, pill } from './browser.js';
import { Process, root, sleep, until } from './harness.js';

const folder = resolve(process.argv[2] || join(root, 'docs/images'));
const kPictures = {
  'page.png': { viewport: { width: 1280, height: 760 }, colorScheme: 'dark' },
  'page-light.png': { viewport: { width: 1280, height: 760 }, colorScheme: 'light' },
  'page-phone.png': { ...kPhone, colorScheme: 'dark' },
};
const kSparkMs = 60_000; // the curve of updates per second is then a whole one

mkdirSync(folder, { recursive: true });
const demo = new Process(['demo', '--simulate', '--listen', '127.0.0.1:0']);
const port = await demo.listening();
const browser = await launch();
const pages = [];
for (const [name, options] of Object.entries(kPictures)) {
  pages.push([name, await openPage(browser, `http://127.0.0.1:${port}/`, options)]);
}
for (const [, page] of pages) await until('the page is live', async () => (await pill(page)) === 'live');
await sleep(kSparkMs);
for (const [name, page] of pages) {
  await page.screenshot({ path: join(folder, name) });
  console.log(join(folder, name));
}
await browser.close();
await demo.stop();
