// SPDX-License-Identifier: Apache-2.0
//
// Panel: latency by hop and, when one is open, a symbol's details. Beside the table where there is room, else over it when asked for.

import * as format from './format.js';
import { History } from './history.js';
import { $, setText, write } from './page.js';
import { colour, drawSpark } from './spark.js';

export class Panel {
  constructor() {
    this.record = null; // of the symbol in detail
    this.ages = null;
    this.worstAge = NaN; // since the last sample
  }

  // --- latency by hop ---

  showHops({ sent, received, drawn, all, clock, streams }) {
    for (const [id, figures] of Object.entries({ sent, received, drawn, all })) {
      const [p50, p99] = $('hop-' + id).querySelectorAll('td');
      write(p50, format.age(figures.p50));
      write(p99, format.age(figures.p99));
    }
    setText('clock-offset', clock ? `${format.signed(clock.offset)} ± ${format.age(clock.uncertainty)}` : 'not known yet');
    setText('clock-trips', clock ? `${clock.roundTrips}, fastest ${format.age(clock.fastestMs)}` : '–');
    setText('streams', format.count(streams));
  }

  // --- a symbol ---

  open(record) {
    if (this.record === record) return;
    this.record = record;
    this.ages = record && new History();
    this.worstAge = NaN;
    $('detail').hidden = !record;
    if (!record) return;
    setText('detail-name', record.quote ? `${record.base}/${record.quote}` : record.base);
    this.draw();
    this.drawCurves();
  }

  draw() {
    const { record } = this;
    const known = record.bid !== '';
    const gap = known ? format.spread(record.bid, record.ask, record.priceDigits) : { text: '–', bp: '–' };
    const price = (text) => (known ? format.price(text, record.priceDigits) : '–');
    const size = (text) => (known ? format.size(text, record.sizeDigits) : '–');
    setText('detail-bid', price(record.bid));
    setText('detail-ask', price(record.ask));
    setText('detail-bids', size(record.bids));
    setText('detail-asks', size(record.asks));
    setText('detail-mid', known ? format.mid(record.bid, record.ask, record.priceDigits) : '–');
    setText('detail-spread', gap.text);
    setText('detail-bp', gap.bp);
    setText('detail-u', record.u === null ? '–' : String(record.u));
    setText('detail-merged', record.merged === null ? '–' : format.count(record.merged));
    setText('detail-mean', record.events ? (record.updates / record.events).toFixed(2) : '–');
    $('detail').classList.toggle('old', !record.current);
  }

  // live: whether what is current by the stream's word is current at all.
  tick(there, live) {
    if (!this.record) return;
    const { changedThere } = this.record;
    const known = changedThere !== null && there !== null;
    setText('detail-changed', known ? `${format.elapsed(Math.max(0, there - changedThere))}${there - changedThere < 1000 ? '' : ' ago'}` : '–');
    $('detail-old').hidden = live && this.record.current;
  }

  took(ageMs) {
    if (ageMs !== null && !(ageMs <= this.worstAge)) this.worstAge = ageMs;
  }

  // Once a second.
  sample(turn) {
    if (!this.record) return;
    this.ages.push(this.worstAge, turn);
    this.worstAge = NaN;
    this.draw();
    setText('detail-updates', this.perSecond(this.record.rate));
    setText('detail-events', this.perSecond(this.record.eventRate));
    this.drawCurves();
  }

  perSecond(rate) {
    return rate === null || !this.record.current ? '–' : format.rate(rate) + '/s';
  }

  drawCurves() {
    const { record, ages } = this;
    const mids = record.mids || new History();
    drawSpark($('detail-mids'), mids, colour(record.current ? 'blue' : 'soft'));
    drawSpark($('detail-ages'), ages, colour(record.current ? 'amber' : 'soft'), { fromZero: true });
    const range = mids.range();
    const digits = (value) => format.decimal(value.toFixed(Math.min(10, record.priceDigits + 1)), record.priceDigits);
    setText('detail-range', range ? `${digits(range.low)} – ${digits(range.high)}` : '');
    const age = ages.range();
    setText('detail-age', age ? `last ${format.age(age.last)}, worst ${format.age(age.high)}` : '');
  }
}
