// SPDX-License-Identifier: Apache-2.0
//
// What the page says of itself: one word for whether its prices are current, from the connection, the server's `!status`, and how old the quotes are
// that come. Pure.

// Quotes whose median age is above this are not current, whatever the server says: it, the network or this machine does not keep up.
export const kLateMs = 5_000;

const kNames = new Set(['connecting', 'live', 'stale', 'down']);

// link: "connecting", "open", "silent" or "waiting". status: the last `!status` of this connection, or null. p50: ms, null when not known.
// -> { state, late }: late when the state is "stale" for the quotes' age alone.
export function pageState({ link, everOpen, status, p50, paused = false }) {
  if (link === 'waiting' || (link === 'connecting' && everOpen)) return { state: 'offline', late: false };
  if (link === 'silent') return { state: 'silent', late: false };
  if (link === 'connecting' || !status) return { state: 'connecting', late: false };
  if (paused) return { state: 'paused', late: false };
  const state = kNames.has(status.state) ? status.state : 'stale';
  const late = state === 'live' && p50 !== null && p50 > kLateMs;
  return { state: late ? 'stale' : state, late };
}
