// SPDX-License-Identifier: Apache-2.0
//
// Table: draws the rows that are on screen and a few more; what is above and below them is two blank rows of the right height. Rows have one
// height, so nothing ever shifts.

import { elapsed, price, size, spread } from './format.js';

const kMarginRows = 12;

export class Table {
  // onWindow is called when other records than before are on screen.
  constructor(scroller, body, onWindow) {
    this.scroller = scroller;
    this.body = body;
    this.onWindow = onWindow;
    this.records = [];
    this.shown = [];
    this.spare = [];
    this.above = blankRow();
    this.below = blankRow();
    body.append(this.above, this.below);
    scroller.addEventListener('scroll', () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(scroller);
  }

  show(records) {
    this.records = records;
    this.body.parentElement.setAttribute('aria-rowcount', records.length + 1);
    this.layOut();
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.layOut();
    });
  }

  layOut() {
    const height = parseFloat(getComputedStyle(this.body).getPropertyValue('--row')) || 28;
    const top = Math.floor(this.scroller.scrollTop / height);
    const visible = Math.ceil(this.scroller.clientHeight / height);
    const first = Math.max(0, Math.min(top, this.records.length - visible) - kMarginRows);
    const last = Math.min(this.records.length, top + visible + kMarginRows);
    this.above.style.height = first * height + 'px';
    this.below.style.height = (this.records.length - last) * height + 'px';
    this.place(this.records.slice(first, last), first);
  }

  // Rows of records that stay on screen are not moved, so their animations run on.
  place(records, first) {
    const staying = new Set(records);
    for (const record of this.shown) {
      if (staying.has(record)) continue;
      record.row.element.remove();
      this.spare.push(record.row);
      record.row = null;
    }
    let changed = records.length !== this.shown.length;
    let next = this.above.nextSibling;
    records.forEach((record, i) => {
      if (!record.row) {
        changed = true;
        record.row = this.spare.pop() || new Row();
        record.row.take(record);
      }
      record.row.setIndex(first + i);
      if (record.row.element === next) next = next.nextSibling;
      else this.body.insertBefore(record.row.element, next);
    });
    this.shown = records;
    if (changed) this.onWindow(records);
  }

  // Once a frame at most. `there` is the server's clock now, null while it is not known.
  tick(there) {
    for (const record of this.shown) record.row.showAge(record, there);
  }
}

function blankRow() {
  const row = document.createElement('tr');
  row.className = 'blank';
  row.setAttribute('aria-hidden', 'true');
  return row;
}

// One row of the table, lent to one record at a time. Writes to the document only what differs from what it shows.
class Row {
  constructor() {
    this.element = document.createElement('tr');
    this.element.setAttribute('role', 'row');
    this.symbol = cell('th', 'symbol', 'rowheader');
    this.symbol.scope = 'row';
    this.base = document.createElement('b');
    this.quote = document.createElement('span');
    this.symbol.append(this.base, this.quote);
    this.bids = new Cell('bid-size');
    this.bid = new Cell('bid');
    this.ask = new Cell('ask');
    this.asks = new Cell('ask-size');
    this.spread = new Cell('spread');
    this.bp = new Cell('bp');
    this.changed = new Cell('changed');
    const cells = [this.bids, this.bid, this.ask, this.asks, this.spread, this.bp, this.changed];
    this.element.append(this.symbol, ...cells.map((c) => c.element));
  }

  take(record) {
    this.element.dataset.symbol = record.symbol;
    this.base.textContent = record.base;
    this.quote.textContent = record.quote && '/' + record.quote;
    this.bid.still();
    this.ask.still();
    this.current = null;
    this.draw(record);
  }

  setIndex(index) {
    if (this.index === index) return;
    this.index = index;
    this.element.setAttribute('aria-rowindex', index + 2);
  }

  draw(record, flashes = null) {
    if (this.current !== record.current) {
      this.current = record.current;
      this.element.classList.toggle('old', !record.current);
    }
    const known = record.bid !== '';
    this.bid.set(known ? price(record.bid, record.priceDigits) : '');
    this.bids.set(known ? size(record.bids, record.sizeDigits) : '');
    this.ask.set(known ? price(record.ask, record.priceDigits) : '');
    this.asks.set(known ? size(record.asks, record.sizeDigits) : '');
    const gap = known ? spread(record.bid, record.ask, record.priceDigits) : { text: '', bp: '' };
    this.spread.set(gap.text);
    this.bp.set(gap.bp);
    if (flashes) {
      this.bid.flash(flashes.bid);
      this.ask.flash(flashes.ask);
    }
  }

  showAge(record, there) {
    const known = record.changedThere !== null && there !== null;
    this.changed.set(known ? elapsed(Math.max(0, there - record.changedThere)) : '');
  }
}

class Cell {
  constructor(name) {
    this.element = cell('td', name, 'cell');
    this.text = this.element.appendChild(document.createTextNode(''));
    this.name = name;
    this.turn = 0;
  }

  set(text) {
    if (this.text.data !== text) this.text.data = text;
  }

  // The same animation under two names in turn, because a second flash must start over.
  flash(direction) {
    if (!direction) return;
    this.turn ^= 1;
    this.element.className = `${this.name} ${direction > 0 ? 'up' : 'down'}${this.turn}`;
  }

  still() {
    this.element.className = this.name;
  }
}

function cell(tag, name, role) {
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute('role', role);
  return element;
}
