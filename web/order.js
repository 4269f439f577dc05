// SPDX-License-Identifier: Apache-2.0
//
// Order: by which values the table can be sorted. Prices and sizes are compared as numbers here, never shown so. Pure.

const known = (record) => record.bid !== '';
const number = (text) => (/[1-9]/.test(text) ? Number(text) : NaN);
const gap = (record) => number(record.ask) - number(record.bid);
const mid = (record) => (number(record.ask) + number(record.bid)) / 2;

// Column -> its value of a record (a number, NaN when not known, or text), and the direction that a first click asks for. `live`: sorting by it needs every
// symbol's quotes.
export const kColumns = {
  symbol: { value: (r) => r.symbol, first: 1, live: false },
  'bid-size': { value: (r) => number(r.bids), first: -1, live: true },
  bid: { value: (r) => number(r.bid), first: -1, live: true },
  ask: { value: (r) => number(r.ask), first: -1, live: true },
  'ask-size': { value: (r) => number(r.asks), first: -1, live: true },
  spread: { value: gap, first: -1, live: true },
  bp: { value: (r) => gap(r) / mid(r), first: -1, live: true },
  trend: { value: (r) => r.mids?.change() ?? NaN, first: -1, live: true },
  rate: { value: (r) => r.rate ?? NaN, first: -1, live: true },
  changed: { value: (r) => r.changedThere ?? NaN, first: -1, live: true },
};

// Click by click: the column's first direction, the other, then the order of the list again (null).
export function nextSort(sort, column) {
  const { first } = kColumns[column];
  if (!sort || sort.column !== column) return { column, direction: first };
  return sort.direction === first ? { column, direction: -first } : null;
}

// The records in order: null leaves them as they are. What is not known comes last either way; equal values keep the order they had, so that a table that is
// sorted again and again stays calm, and costs little.
export function sorted(records, sort) {
  if (!sort) return records;
  const { value } = kColumns[sort.column];
  const keys = new Map(records.map((record) => [record, sort.column === 'symbol' || known(record) ? value(record) : NaN]));
  return records.slice().sort((a, b) => compare(keys.get(a), keys.get(b), sort.direction));
}

function compare(a, b, direction) {
  const aUnknown = Number.isNaN(a);
  const bUnknown = Number.isNaN(b);
  if (aUnknown || bUnknown) return aUnknown - bUnknown;
  return a === b ? 0 : (a < b ? -1 : 1) * direction;
}
