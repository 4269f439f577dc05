// SPDX-License-Identifier: Apache-2.0
//
// How much script the live page runs in an animation frame, by the browser's own tracing, over a simulated exchange:
//   npm run measure-page -- [EVENTS_PER_SECOND] [SECONDS], 6000 and 10 by default.
// Two views: as it opens (rows on screen), and the worst one: the whole market at every update, sorted by what moves, a symbol in detail.

import { kDesktop, launch, openPage, pill } from './browser.js';
import { Exchange, Serve, sleep, until } from './harness.js';

const rate = Number(process.argv[2] || 6000);
const seconds = Number(process.argv[3] || 10);
const kSettleMs = 5_000;

const kScript = new Set([
  'FunctionCall', 'EvaluateScript', 'FireAnimationFrame', 'TimerFire', 'EventDispatch', 'HandlePostMessage', 'RunMicrotasks', 'v8.callFunction',
  'MinorGC', 'MajorGC', 'V8.GCScavenger',
]);

async function trace(page) {
  const client = await page.context().newCDPSession(page);
  const events = [];
  client.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const complete = new Promise((done) => client.once('Tracing.tracingComplete', done));
  await client.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['devtools.timeline', 'v8', 'blink.user_timing', 'disabled-by-default-devtools.timeline'] },
  });
  await page.evaluate(() => performance.mark('page-thread'));
  await sleep(seconds * 1000);
  await client.send('Tracing.end');
  await complete;
  return events;
}

// Milliseconds of script between one animation frame of the page and the next: of the thread's own time, which is what the page costs, or of the
// clock, which counts the moments too in which another process had the core.
function scriptPerFrame(events, [start, duration]) {
  const mark = events.find((e) => e.name === 'page-thread');
  const own = events.filter((e) => e.pid === mark.pid && e.tid === mark.tid && e.ts >= mark.ts).sort((a, b) => a.ts - b.ts);
  const frames = [];
  let doneTo = 0; // nested calls are counted once
  let lastFrame = null;
  for (const event of own) {
    if (event.name === 'FireAnimationFrame' && (lastFrame === null || event.ts - lastFrame > 1000)) {
      frames.push(0);
      lastFrame = event.ts;
    }
    if (event.ph !== 'X' || !kScript.has(event.name) || !frames.length || event[duration] === undefined) continue;
    const end = event[start] + event[duration];
    frames[frames.length - 1] += Math.max(0, end - Math.max(event[start], doneTo));
    doneTo = Math.max(doneTo, end);
  }
  return frames.slice(0, -1).map((us) => us / 1000).sort((a, b) => a - b);
}

const kClocks = { 'thread time': ['tts', 'tdur'], 'by the clock': ['ts', 'dur'] };

async function report(what, page) {
  const received = `${await page.textContent('#rate')} events/s, ${await page.textContent('#bytes')}`;
  const events = await trace(page);
  for (const [clock, fields] of Object.entries(kClocks)) {
    const frames = scriptPerFrame(events, fields);
    const at = (f) => frames[Math.min(frames.length - 1, Math.floor(f * frames.length))].toFixed(2);
    const mean = frames.reduce((sum, ms) => sum + ms, 0) / frames.length;
    console.log(
      `${what}, ${clock}: script per frame: mean ${mean.toFixed(2)}, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(1)} ms; ` +
        `${(frames.length / seconds).toFixed(0)} frames/s; received ${received}`,
    );
  }
}

const exchange = await Exchange.start({ rate });
const serve = await Serve.start(exchange);
await serve.ready(exchange);
const browser = await launch();
const page = await openPage(browser, serve.http, { ...kDesktop, colorScheme: 'dark' });
await until('the page is live', async () => (await pill(page)) === 'live');
await sleep(kSettleMs);
await report('rows on screen', page);
await page.click('th[data-column="rate"] button');
await page.click('#rows tr[data-symbol] .symbol b');
await sleep(kSettleMs);
await report('whole market, sorted, detail open', page);
await browser.close();
await serve.stop();
await exchange.stop();
