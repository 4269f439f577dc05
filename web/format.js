// SPDX-License-Identifier: Apache-2.0
//
// Values to text. Prices and quantities stay the decimal strings that the exchange sent: cut to their grid, grouped, never rounded.

const kNone = '–';
const kSizeCharsMax = 11;

// Digits after the point on a grid such as "0.01000000": 2.
export function gridDigits(step) {
  const fraction = (step || '').split('.')[1] || '';
  return fraction.replace(/0+$/, '').length;
}

// "25.35190000" on a grid of 4 digits: "25.3519". Digits past the grid are kept where they are not zero.
export function decimal(text, digits) {
  const [whole, fraction = ''] = text.split('.');
  const kept = Math.max(digits, fraction.replace(/0+$/, '').length);
  const grouped = whole.length > 3 ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return kept ? grouped + '.' + fraction.padEnd(kept, '0').slice(0, kept) : grouped;
}

export function isZero(text) {
  return !/[1-9]/.test(text);
}

// A side without orders has price and quantity zero.
export function price(text, digits) {
  return isZero(text) ? kNone : decimal(text, digits);
}

// A quantity too long for its column is told in millions, billions or trillions.
export function size(text, digits) {
  if (isZero(text)) return kNone;
  const full = decimal(text, digits);
  if (full.length <= kSizeCharsMax) return full;
  const whole = decimal(text.split('.')[0], 0);
  if (whole.length <= kSizeCharsMax) return whole;
  const number = Number(text);
  const [scale, unit] = number < 1e9 ? [1e6, 'M'] : number < 1e12 ? [1e9, 'B'] : [1e12, 'T'];
  return (number / scale).toFixed(3) + unit;
}

// Ask less bid: exact, on the finer grid of the two; and in basis points of the mid price.
export function spread(bid, ask, digits) {
  if (isZero(bid) || isZero(ask)) return { text: kNone, bp: kNone };
  const places = Math.max((bid.split('.')[1] || '').length, (ask.split('.')[1] || '').length);
  const difference = scaled(ask, places) - scaled(bid, places);
  const sign = difference < 0n ? '-' : '';
  const figures = String(difference < 0n ? -difference : difference).padStart(places + 1, '0');
  const text = places ? figures.slice(0, -places) + '.' + figures.slice(-places) : figures;
  const b = Number(bid);
  const a = Number(ask);
  return { text: sign + decimal(text, digits), bp: basisPoints(((a - b) / ((a + b) / 2)) * 1e4) };
}

// Halfway between bid and ask: exact, with a digit more than theirs where it takes one.
export function mid(bid, ask, digits) {
  if (isZero(bid) || isZero(ask)) return kNone;
  const places = Math.max((bid.split('.')[1] || '').length, (ask.split('.')[1] || '').length);
  const figures = String((scaled(bid, places) + scaled(ask, places)) * 5n).padStart(places + 2, '0');
  return decimal(figures.slice(0, -places - 1) + '.' + figures.slice(-places - 1), digits);
}

function scaled(text, places) {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(places, '0'));
}

function basisPoints(value) {
  if (value > 0 && value < 0.01) return '<0.01';
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

// How long ago.
export function elapsed(ms) {
  if (ms < 1000) return 'now';
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return seconds + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
  if (seconds < 48 * 3600) return Math.floor(seconds / 3600) + ' h';
  return Math.floor(seconds / 86400) + ' d';
}

// An age in a gauge: three figures.
export function age(ms) {
  if (ms === null) return kNone;
  if (ms < 9.995) return ms.toFixed(2) + ' ms';
  if (ms < 99.95) return ms.toFixed(1) + ' ms';
  if (ms < 999.5) return ms.toFixed(0) + ' ms';
  if (ms < 59950) return (ms / 1000).toFixed(1) + ' s';
  return elapsed(ms);
}

// Bytes per second: three figures.
export function bytes(perSecond) {
  const [scale, unit] = perSecond < 999.5 ? [1, 'B/s'] : perSecond < 999_500 ? [1e3, 'kB/s'] : [1e6, 'MB/s'];
  const value = perSecond / scale;
  return `${value.toFixed(unit === 'B/s' || value >= 99.95 ? 0 : value < 9.995 ? 2 : 1)} ${unit}`;
}

// Events per second of one symbol: few figures, because it moves.
export function rate(perSecond) {
  if (perSecond === null) return kNone;
  return perSecond < 0.05 ? '0' : perSecond < 9.95 ? perSecond.toFixed(1) : count(perSecond);
}

// A fraction as a change in percent.
export function change(fraction) {
  if (fraction === null) return kNone;
  const percent = (fraction * 100).toFixed(2);
  return (Number(percent) > 0 ? '+' : '') + (Number(percent) === 0 ? '0.00' : percent) + ' %';
}

// A difference of clocks, which may be below zero.
export function signed(ms) {
  return (ms < 0 ? '−' : '+') + age(Math.abs(ms));
}

export function count(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ',');
}

// As stream names have symbols: ASCII letters only, other scripts unchanged.
export function lowerAscii(text) {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
