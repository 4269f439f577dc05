// SPDX-License-Identifier: Apache-2.0
//
// Row: one row of the table, lent to one record at a time. Writes to the document only what differs from what it shows.

import { change, elapsed, price, rate, size, spread } from './format.js';
import { clearSpark, colour, drawSpark } from './spark.js';

export class Row {
  constructor() {
    this.element = document.createElement('tr');
    this.element.setAttribute('role', 'row');
    this.star = new Star();
    this.symbol = cell('th', 'symbol', 'rowheader');
    this.symbol.scope = 'row';
    this.base = document.createElement('b');
    this.quote = document.createElement('span');
    this.symbol.append(this.star.element, this.base, this.quote);
    this.bids = new Cell('bid-size');
    this.bid = new Cell('bid');
    this.ask = new Cell('ask');
    this.asks = new Cell('ask-size');
    this.spread = new Cell('spread');
    this.bp = new Cell('bp');
    this.trend = new Trend();
    this.rate = new Cell('rate');
    this.changed = new Cell('changed');
    const cells = [this.bids, this.bid, this.ask, this.asks, this.spread, this.bp, this.trend, this.rate, this.changed];
    this.element.append(this.symbol, ...cells.map((c) => c.element));
    this.record = null;
  }

  // Whether it shows another record than before.
  take(record, index) {
    this.setIndex(index);
    if (this.record === record) return false;
    this.release();
    this.record = record;
    record.row = this;
    this.element.dataset.symbol = record.symbol;
    this.base.textContent = record.base;
    this.quote.textContent = record.quote && '/' + record.quote;
    this.bid.still();
    this.ask.still();
    this.trend.clear();
    this.current = null;
    this.draw();
    return true;
  }

  release() {
    if (this.record?.row === this) this.record.row = null;
    this.record = null;
  }

  setIndex(index) {
    if (this.index === index) return;
    this.index = index;
    this.element.id = 'row-' + index;
    this.element.setAttribute('aria-rowindex', index + 2);
  }

  draw(flashes = null) {
    const { record } = this;
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
    if (!flashes) return;
    this.bid.flash(flashes.bid);
    this.ask.flash(flashes.ask);
  }

  // `there`: the server's clock now, null while it is not known.
  showAge(there) {
    const { changedThere } = this.record;
    const known = changedThere !== null && there !== null;
    this.changed.set(known ? elapsed(Math.max(0, there - changedThere)) : '');
    this.rate.set(this.record.current ? rate(this.record.rate) : '');
  }

  // A screen reader is told a row's values when it is chosen, and never because they change.
  choose(chosen) {
    this.element.classList.toggle('chosen', chosen);
    this.element.setAttribute('aria-selected', chosen);
    if (chosen) this.element.setAttribute('aria-label', this.told());
    else this.element.removeAttribute('aria-label');
  }

  told() {
    const { record } = this;
    const known = record.bid !== '';
    const values = known ? `bid ${this.bid.text.data}, ask ${this.ask.text.data}, spread ${this.bp.text.data} basis points` : 'no quote yet';
    return `${record.base} ${record.quote}${this.star.pressed ? ', favourite' : ''}: ${values}${record.current ? '' : ', not current'}`;
  }
}

class Cell {
  constructor(name) {
    this.element = cell('td', name, 'gridcell');
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

// The curve of the mid price, and in words how it has changed.
class Trend {
  constructor() {
    this.element = cell('td', 'trend', 'gridcell');
    this.canvas = document.createElement('canvas');
    this.canvas.setAttribute('aria-hidden', 'true');
    this.words = document.createElement('span');
    this.words.className = 'spoken';
    this.element.append(this.canvas, this.words);
  }

  clear() {
    clearSpark(this.canvas);
    this.words.textContent = '';
  }

  draw(record) {
    if (!record.mids) return;
    const moved = record.mids.change();
    drawSpark(this.canvas, record.mids, colour(!record.current || !moved ? 'soft' : moved > 0 ? 'green' : 'red'));
    this.words.textContent = change(moved);
  }
}

class Star {
  constructor() {
    this.element = document.createElement('button');
    this.element.type = 'button';
    this.element.className = 'star';
    this.element.tabIndex = -1; // the key F does the same on the chosen row
    this.element.setAttribute('aria-label', 'Favourite');
    this.press(false);
  }

  press(pressed) {
    if (this.pressed === pressed) return;
    this.pressed = pressed;
    this.element.setAttribute('aria-pressed', pressed);
  }
}

function cell(tag, name, role) {
  const element = document.createElement(tag);
  element.className = name;
  element.setAttribute('role', role);
  return element;
}
