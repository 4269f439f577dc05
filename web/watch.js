// SPDX-License-Identifier: Apache-2.0
//
// Watch: which streams the page asks for. Pure.
//
// Nothing but what is needed, because bytes are what a page costs: the rows on screen, the symbol in detail and a few busy symbols for the header's
// numbers; the whole market, in arrays, only while the table is sorted by something that moves; nothing but the state while nobody looks.

export const kPaces = ['', '100ms', '250ms', '500ms', '1000ms', '3000ms']; // '': every update that the connection takes
const kStreamsMax = 900; // a connection may hold 1,024

const paced = (name, pace) => (pace ? `${name}@${pace}` : name);

// records: those to follow, the most important first. -> { streams, follows(record) }
export function watch({ following, whole, pace, records }) {
  if (!following) return { streams: ['!status'], follows: () => false };
  if (whole) return { streams: ['!status', paced('!quote@arr', pace), ...clock(records)], follows: () => true };
  const followed = new Set([...new Set(records)].slice(0, kStreamsMax));
  return { streams: ['!status', ...[...followed].map((r) => paced(r.stream, pace))], follows: (record) => followed.has(record) };
}

// Beside the arrays a symbol's stream, a trickle: its subscription is the round trip that tells the server's clock.
const clock = (records) => records.slice(0, 1).map((r) => paced(r.stream, '3000ms'));
