// SPDX-License-Identifier: Apache-2.0
//
// Market: every symbol's last known quote, the order in which symbols are listed, and the filter.

import { gridDigits, lowerAscii } from './format.js';

// The most watched first, so that the first screen moves; the rest by name.
const kQuotes = ['USDT', 'USDC', 'FDUSD', 'EUR', 'BTC', 'TRY', 'BNB', 'ETH'];
const kBases = [
  'BTC', 'ETH', 'SOL', 'XRP', 'BNB', 'DOGE', 'ADA', 'TRX', 'LINK', 'AVAX', 'SUI', 'LTC', 'DOT', 'BCH', 'NEAR', 'UNI', 'PEPE', 'APT', 'ARB',
  'SHIB', 'FIL', 'ATOM', 'OP', 'WLD', 'ETC', 'XLM', 'INJ', 'TON', 'AAVE', 'HBAR', 'ALGO', 'ICP', 'RUNE', 'FTM', 'SAND', 'GALA', 'EOS', 'ZEC',
];

export class Market {
  constructor() {
    this.symbols = new Map(); // name -> record
    this.listed = []; // records in order
  }

  // From exchangeInfo. Records of known symbols stay the same objects.
  list(infos) {
    const known = this.symbols;
    this.symbols = new Map();
    for (const info of infos) {
      if (info.status !== 'TRADING') continue;
      const record = known.get(info.symbol) || newRecord(info.symbol);
      record.base = info.baseAsset || info.symbol;
      record.quote = info.quoteAsset || '';
      record.priceDigits = gridDigits(filter(info, 'PRICE_FILTER').tickSize);
      record.sizeDigits = gridDigits(filter(info, 'LOT_SIZE').stepSize);
      record.rank = rank(kQuotes, record.quote) * (kBases.length + 1) + rank(kBases, record.base);
      this.symbols.set(info.symbol, record);
    }
    this.listed = [...this.symbols.values()].sort((a, b) => a.rank - b.rank || (a.symbol < b.symbol ? -1 : 1));
  }

  // From the REST look-up: shown as not current until the stream confirms it.
  seed(tickers) {
    for (const t of tickers) {
      const record = this.symbols.get(t.symbol);
      if (!record || record.current) continue;
      Object.assign(record, { bid: t.bidPrice, bids: t.bidQty, ask: t.askPrice, asks: t.askQty, changedThere: null });
    }
  }

  // "btc" finds every symbol with it; "btc/usdt", "btc usdt" or "/btc" look at base and quote asset apart.
  matching(text) {
    const wanted = text.trim().toUpperCase();
    if (!wanted) return this.listed;
    const parts = wanted.split(/[\s/_-]+/);
    if (parts.length === 1) return this.listed.filter((r) => r.symbol.includes(wanted));
    const [base, quote] = parts;
    return this.listed.filter((r) => r.base.startsWith(base) && r.quote.startsWith(quote));
  }
}

function newRecord(symbol) {
  return {
    symbol,
    stream: lowerAscii(symbol) + '@quote',
    bid: '',
    bids: '',
    ask: '',
    asks: '',
    changedThere: null, // the server's clock, ms
    u: null, // the exchange's update id
    current: false, // confirmed by the stream since it was subscribed
    events: 0, // received since the page was opened
    updates: 0, // those of the exchange in them: the server merges what this connection or its pace does not take one by one
    merged: null, // of the last event: how many
    updatesThen: 0, // a second ago
    eventsThen: 0,
    rate: null, // updates a second; null while not followed
    eventRate: null,
    mids: null, // History of the mid price, once followed
    row: null, // its place in the table while on screen
  };
}

function filter(info, type) {
  return (info.filters || []).find((f) => f.filterType === type) || {};
}

function rank(list, asset) {
  const at = list.indexOf(asset);
  return at < 0 ? list.length : at;
}
