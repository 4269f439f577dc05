// SPDX-License-Identifier: Apache-2.0
//
// Pill: says in words whether the prices are current, and where they come from.

import * as format from './format.js';
import { $, setText } from './page.js';

const kStates = {
  connecting: ['Connecting', 'Connecting to the server'],
  live: ['Live', 'Quotes are current'],
  paused: ['Paused', 'Nothing is followed: prices are those of the moment it was paused'],
  stale: ['Stale', 'The exchange has gone quiet: prices may not be current'],
  silent: ['Silent', 'The server does not answer: prices may not be current'],
  down: ['Exchange down', 'No connection to the exchange: prices are not current'],
  offline: ['Offline', 'No connection to the server: prices are not current'],
};
const kLate = 'Quotes come late: prices are not current. The server, the network or this machine does not keep up';
const kOrigins = {
  live: ['Live', 'Quotes of the real exchange'],
  simulated: ['Simulated', 'A simulated exchange: these are not real prices'],
  replay: ['Replay', 'A recording is played back: these are not current prices'],
};

export function showState({ state, late }, status) {
  const title = late ? kLate : kStates[state][1];
  const pill = document.querySelector('.pill');
  if (document.body.dataset.state !== state || pill.title !== title) {
    document.body.dataset.state = state;
    setText('state', kStates[state][0]);
    pill.title = title;
  }
  const origin = status && kOrigins[status.origin];
  if (!origin || $('origin').dataset.origin === status.origin) return;
  $('origin').dataset.origin = status.origin;
  $('origin').title = origin[1];
  setText('origin', origin[0]);
}

// retryInMs: null but while waiting to connect again. sinceMs: how long the state has lasted, null when not known. behindMs: how late quotes come.
export function showStateDetail({ state, late }, { retryInMs, sinceMs, behindMs }) {
  let detail = '';
  if (retryInMs !== null) detail = `retry in ${Math.max(1, Math.ceil(retryInMs / 1000))} s`;
  else if (state === 'offline') detail = 'connecting …';
  else if (late) detail = `${format.age(behindMs)} behind`;
  else if (sinceMs !== null && ['stale', 'down', 'paused', 'silent'].includes(state)) detail = `for ${format.elapsed(Math.max(1000, sinceMs))}`;
  setText('state-detail', detail);
  $('retry').hidden = retryInMs === null;
}
