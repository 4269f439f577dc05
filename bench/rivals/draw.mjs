// SPDX-License-Identifier: Apache-2.0
//
// Draws what compare.mjs has measured: p99 age by load, once in multiples of each server's own saturating rate, once in
// updates a second.
//
//   node draw.mjs results.json age-under-load.svg
import { readFileSync, writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
const { conditions, servers } = JSON.parse(readFileSync(from));

const WIDTH = 1000;
const HEIGHT = 470;
const TOP = 62;
const BOTTOM = 400;
const PANELS = [{ left: 64, right: 430 }, { left: 600, right: 966 }];
const LIGHT = ['#0969da', '#9a6700', '#8250df', '#1a7f37', '#cf222e'];
const DARK = ['#58a6ff', '#d29922', '#bc8cff', '#3fb950', '#ff7b72'];
const LABEL_GAP = 15;

const ours = servers.find((server) => server.name === 'tickcast');
const goalMs = ours && 1.5 * ours.points.find((point) => point.multiple === 1).round_ms;

const scale = (low, high, from, to) => (value) =>
  from + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (to - from);
const at = (n) => n.toFixed(1);
const ageText = (ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);
const decades = (low, high) => Array.from({ length: 12 }, (_, i) => 10 ** (i - 3)).filter((n) => n >= low && n <= high);

const drawn = [...(ours ? [goalMs] : []), ...servers.flatMap((server) => server.points.map((point) => point.p99_ms).filter((ms) => ms !== null))];
const yLow = 10 ** Math.floor(Math.log10(Math.min(...drawn)));
const yHigh = 10 ** Math.ceil(Math.log10(Math.max(...drawn)));
const y = scale(yLow, yHigh, BOTTOM, TOP);

function axes({ left, right }, x, ticks, tickText, title) {
  const lines = decades(yLow, yHigh).map(
    (ms) =>
      `<line class="grid" x1="${left}" x2="${right}" y1="${at(y(ms))}" y2="${at(y(ms))}"/>` +
      `<text class="tick" x="${left - 8}" y="${at(y(ms) + 4)}" text-anchor="end">${ageText(ms)}</text>`,
  );
  const marks = ticks.map(
    (n) =>
      `<line class="grid" x1="${at(x(n))}" x2="${at(x(n))}" y1="${TOP}" y2="${BOTTOM}"/>` +
      `<text class="tick" x="${at(x(n))}" y="${BOTTOM + 18}" text-anchor="middle">${tickText(n)}</text>`,
  );
  return [...lines, ...marks, `<text x="${(left + right) / 2}" y="${BOTTOM + 40}" text-anchor="middle">${title}</text>`].join('\n');
}

function curve(server, number, x, positionOf) {
  const points = server.points.filter((point) => point.p99_ms !== null);
  const places = points.map((point) => [x(positionOf(point)), y(point.p99_ms)]);
  const line = `<polyline class="line c${number}" points="${places.map((place) => place.map(at).join(',')).join(' ')}"/>`;
  const dots = points.map((point, i) => {
    const [cx, cy] = places[i].map(at);
    const whole = point.outcomes.length === 1 && point.outcomes[0] === 'ran';
    if (whole) return `<circle class="dot c${number}" cx="${cx}" cy="${cy}" r="4"/>`;
    return `<path class="line c${number}" d="M${cx - 5} ${cy - 5}l10 10m0 -10l-10 10"/>`;
  });
  return [line, ...dots].join('\n');
}

// Names at the ends of their curves, none over another.
function labels(right) {
  const ends = servers
    .map((server, number) => ({ server, number, y: y(server.points.filter((point) => point.p99_ms !== null).at(-1).p99_ms) }))
    .sort((a, b) => a.y - b.y);
  for (let i = 1; i < ends.length; ++i) ends[i].y = Math.max(ends[i].y, ends[i - 1].y + LABEL_GAP);
  return ends
    .map((end) => `<text class="name n${end.number}" x="${right + 12}" y="${at(end.y + 4)}">${end.server.label}</text>`)
    .join('\n');
}

function goal({ left, right }) {
  if (!ours) return '';
  return (
    `<line class="goal" x1="${left}" x2="${right}" y1="${at(y(goalMs))}" y2="${at(y(goalMs))}"/>` +
    `<text class="tick" x="${right - 4}" y="${at(y(goalMs) - 5)}" text-anchor="end">1.5 rounds of tickcast at 1×</text>`
  );
}

const multiples = servers[0].points.map((point) => point.multiple);
const rates = servers.flatMap((server) => server.points.map((point) => point.rate));
const xMultiple = scale(multiples[0], multiples.at(-1), PANELS[0].left, PANELS[0].right);
const [rateLow, rateHigh] = [Math.min(...rates), Math.max(...rates)];
const xRate = scale(rateLow, rateHigh, PANELS[1].left, PANELS[1].right);
const colours = (palette) =>
  palette.map((colour, i) => `.line.c${i}{stroke:${colour}}.dot.c${i},.n${i}{fill:${colour}}`).join('');
const anyLost = servers.some((server) => server.points.some((point) => point.outcomes.some((outcome) => outcome !== 'ran')));

writeFileSync(
  to,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">Age (p99) of updates at clients, by load: ${servers.map((server) => server.label).join(', ')}</title>
<style>
text{font:13px sans-serif;fill:#1f2328}.tick{font-size:12px;fill:#59636e}.head{font-size:15px;font-weight:bold}.name{font-weight:bold}
.back{fill:#fff}.grid{stroke:#d1d9e0;stroke-width:1}.goal{stroke:#59636e;stroke-dasharray:4 4}.line{fill:none;stroke-width:2}.line.c0{stroke-width:3.5}
${colours(LIGHT)}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.tick{fill:#9198a1}.goal{stroke:#9198a1}.back{fill:#0d1117}.grid{stroke:#3d444d}${colours(DARK)}}
</style>
<rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="6"/>
<text class="head" x="${PANELS[0].left}" y="28">Age of updates at clients (p99), by load</text>
<text class="tick" x="${PANELS[0].left}" y="47">${conditions.clients.toLocaleString('en')} clients of ${conditions.symbols} symbols, server on one core; after ${conditions.seconds} s${anyLost ? '; ✕ clients were cut off, or the server ended' : ''}</text>
${axes(PANELS[0], xMultiple, multiples, (n) => `${n}×`, 'load, in multiples of each server’s own saturating rate')}
${axes(PANELS[1], xRate, decades(rateLow, rateHigh), (n) => n.toLocaleString('en'), 'load, in updates a second')}
${servers.map((server, i) => curve(server, i, xMultiple, (point) => point.multiple)).reverse().join('\n')}
${servers.map((server, i) => curve(server, i, xRate, (point) => point.rate)).reverse().join('\n')}
${labels(PANELS[0].right)}
${goal(PANELS[0])}
</svg>
`,
);

// The table of docs/explanation/performance.md.
const cell = (point) => {
  const age = point.p99_ms === null ? 'nothing came' : point.p99_ms < 1000 ? `${Number(point.p99_ms.toPrecision(3))} ms` : `${(point.p99_ms / 1000).toFixed(1)} s`;
  return age + (point.outcomes.some((outcome) => outcome !== 'ran') ? ' ✕' : '');
};
console.log(`| | saturated at, updates/s | ${multiples.map((n) => `${n}×`).join(' | ')} |`);
console.log(`|---|---|${multiples.map(() => '---').join('|')}|`);
for (const server of servers) {
  console.log(`| ${server.label} (${server.version}) | ${server.saturating_rate} | ${server.points.map(cell).join(' | ')} |`);
}
if (ours) {
  for (const { multiple, round_ms: round, p99_ms: age } of ours.points)
    console.log(`tickcast at ${multiple}x: a round takes ${round} ms, p99 is ${(age / round).toFixed(2)} rounds`);
}
