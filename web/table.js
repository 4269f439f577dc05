// SPDX-License-Identifier: Apache-2.0
//
// Table: draws the rows that are on screen and a few more; what is above and below them is two blank rows of the right height. Rows have one
// height and keep their place, and when the order changes they are lent to other records, so nothing ever shifts.

import { Row } from './row.js';

const kMarginRows = 8;
const kTrendsAFrame = 4;

export class Table {
  // onWindow() is called when other records than before are on screen. isFavourite(symbol) tells whether its star is lit.
  constructor(scroller, body, { onWindow, isFavourite }) {
    this.scroller = scroller;
    this.body = body;
    this.table = body.parentElement;
    this.onWindow = onWindow;
    this.isFavourite = isFavourite;
    this.records = [];
    this.rows = []; // of the records from this.first on
    this.first = 0;
    this.spare = [];
    this.chosen = null; // the record that keys act on
    this.undrawn = new Set(); // rows whose curve is to be drawn
    this.above = blankRow();
    this.below = blankRow();
    body.append(this.above, this.below);
    this.measure();
    this.scrollTop = 0; // as it was in the last frame: asking makes the browser lay out what has changed since
    scroller.addEventListener('scroll', () => this.schedule(), { passive: true });
    new ResizeObserver(() => {
      this.measure();
      this.schedule();
    }).observe(scroller);
  }

  get shown() {
    return this.rows.map((row) => row.record);
  }

  show(records) {
    this.records = records;
    this.table.setAttribute('aria-rowcount', records.length + 1);
    this.layOut();
  }

  // --- which rows there are ---

  measure() {
    this.rowHeight = parseFloat(getComputedStyle(this.body).getPropertyValue('--row')) || 28;
    this.viewHeight = this.scroller.clientHeight - this.body.previousElementSibling.offsetHeight;
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.scrollTop = this.scroller.scrollTop;
      this.layOut();
    });
  }

  layOut() {
    const top = Math.floor(this.scrollTop / this.rowHeight);
    const visible = Math.ceil(this.viewHeight / this.rowHeight) + 1;
    const first = Math.max(0, Math.min(top, this.records.length - visible) - kMarginRows);
    const last = Math.min(this.records.length, top + visible + kMarginRows);
    setHeight(this.above, first * this.rowHeight);
    setHeight(this.below, (this.records.length - last) * this.rowHeight);
    this.place(first, last);
  }

  // Rows that stay on screen are not moved, so their animations run on.
  place(first, last) {
    const { rows } = this;
    let changed = false;
    for (; rows.length && this.first < first; ++this.first) this.put(rows.shift());
    while (rows.length && this.first + rows.length > last) this.put(rows.pop());
    if (!rows.length) this.first = first;
    for (; this.first > first; --this.first) {
      rows.unshift(this.pick());
      this.above.after(rows[0].element);
    }
    while (this.first + rows.length < last) {
      rows.push(this.pick());
      this.below.before(rows.at(-1).element);
    }
    rows.forEach((row, i) => {
      if (!row.take(this.records[first + i], first + i)) return;
      changed = true;
      this.undrawn.add(row);
      row.star.press(this.isFavourite(row.record.symbol));
    });
    this.showChosen();
    if (!changed) return;
    this.drawTrendsSoon();
    this.onWindow();
  }

  pick() {
    return this.spare.pop() || new Row();
  }

  put(row) {
    row.element.remove();
    row.release();
    this.undrawn.delete(row);
    this.spare.push(row);
  }

  // --- the row that keys act on ---

  choose(record) {
    this.chosen = record;
    this.showChosen();
  }

  // By so many rows up or down; from the first on screen when none is chosen.
  move(by) {
    if (!this.records.length) return;
    const from = this.records.indexOf(this.chosen);
    const start = from < 0 ? Math.ceil(this.scrollTop / this.rowHeight) - (by > 0 ? 1 : 0) : from;
    const index = Math.max(0, Math.min(this.records.length - 1, start + by));
    this.reveal(index);
    this.choose(this.records[index]);
  }

  get pageRows() {
    return Math.max(1, Math.floor(this.viewHeight / this.rowHeight) - 1);
  }

  reveal(index) {
    const top = index * this.rowHeight;
    this.scrollTo(Math.max(top + this.rowHeight - this.viewHeight, Math.min(top, this.scrollTop)));
  }

  scrollTo(top) {
    if (top === this.scrollTop) return;
    this.scroller.scrollTop = this.scrollTop = top;
    this.layOut();
  }

  showChosen() {
    const row = this.chosen?.row ?? null;
    if (row !== this.chosenRow || row?.record !== this.chosenShown) {
      this.chosenRow?.choose(false);
      row?.choose(true);
      this.chosenRow = row;
      this.chosenShown = row?.record;
    }
    if (row) this.table.setAttribute('aria-activedescendant', row.element.id);
    else this.table.removeAttribute('aria-activedescendant');
  }

  // --- what changes with time ---

  tick(there) {
    for (const row of this.rows) row.showAge(there);
  }

  drawTrends() {
    for (const row of this.rows) this.undrawn.add(row);
    this.drawTrendsSoon();
  }

  // A few a frame, so that none takes long.
  drawTrendsSoon() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      let left = kTrendsAFrame;
      for (const row of this.undrawn) {
        if (--left < 0) return this.drawTrendsSoon();
        this.undrawn.delete(row);
        row.trend.draw(row.record);
      }
    });
  }
}

function setHeight(row, pixels) {
  if (row.pixels === pixels) return;
  row.pixels = pixels;
  row.style.height = pixels + 'px';
}

function blankRow() {
  const row = document.createElement('tr');
  row.className = 'blank';
  row.setAttribute('aria-hidden', 'true');
  return row;
}
