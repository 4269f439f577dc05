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
const kSettleMs = 40_000; // the curve of updates per second grows for a minute

mkdirSync(folder, { recursive: true });
const demo = new Process(['demo', '--simulate', '--listen', '127.0.0.1:0']);
const port = await demo.listening();
const browser = await launch();
for (const [name, options] of Object.entries(kPictures)) {
  const page = await openPage(browser, `http://127.0.0.1:${port}/`, options);
  await until('the page is live', async () => (await pill(page)) === 'live');
  await sleep(kSettleMs);
  await page.screenshot({ path: join(folder, name) });
  await page.context().close(); // one page at a time: each paints as fast as it can
  console.log(join(folder, name));
}
await browser.close();
await demo.stop();
