// SPDX-License-Identifier: Apache-2.0
//
// Newest: the newest quote of each symbol until the page asks for it: bound late, never a queue. Also what lies behind it: how many events were merged
// here, and how many updates of the exchange in them. Pure.

const kOvertakenMs = 5_000; // longer than the longest pace

export class Newest {
  constructor() {
    this.pending = new Map(); // symbol -> what is to be passed on
    this.last = new Map(); // symbol -> { quote, stream, here }: the last one taken
  }

  // A pace's first event tells what that pace showed last, which may be older than what another stream of the symbol has brought before: then the
  // newer one stays. `here`: when it was received, epoch ms.
  take(quote, stream, here, isUpdate) {
    const before = this.last.get(quote.s);
    const overtaken = before && before.stream !== stream && here - before.here < kOvertakenMs && quote.u < before.quote.u;
    const shown = overtaken ? before.quote : quote;
    this.last.set(quote.s, { quote: shown, stream, here });
    const waiting = this.pending.get(quote.s);
    this.pending.set(quote.s, {
      quote: shown,
      here,
      events: (waiting ? waiting.events : 0) + isUpdate,
      updates: (waiting ? waiting.updates : 0) + (isUpdate && (quote.n || 1)),
    });
  }

  // At most `most`, those that wait longest first; the rest stays.
  pass(most) {
    const out = [];
    for (const [symbol, each] of this.pending) {
      if (out.length === most) break;
      out.push(each);
      this.pending.delete(symbol);
    }
    return out;
  }

  clear() {
    this.pending.clear();
    this.last.clear();
  }
}
