// SPDX-License-Identifier: Apache-2.0
//
// Settings: what the page remembers in this browser and nowhere else. Where storage is off or full they last as long as the page.

const kKey = 'tickcast';
const kFavouritesMax = 200;

export class Settings {
  // storage: localStorage or what behaves like it; null when there is none.
  constructor(storage, defaults) {
    this.storage = storage;
    const kept = this.load();
    const of = (name) => (typeof kept[name] === typeof defaults[name] ? kept[name] : defaults[name]);
    this.pace = of('pace');
    this.keys = of('keys');
    this.favourites = new Set(Array.isArray(kept.favourites) ? kept.favourites.filter((each) => typeof each === 'string') : []);
  }

  // What another version of the page or a hand left there is no reason to fail.
  load() {
    try {
      return Object(JSON.parse(this.storage.getItem(kKey)));
    } catch {
      return {};
    }
  }

  save() {
    const { pace, keys } = this;
    try {
      this.storage.setItem(kKey, JSON.stringify({ pace, keys, favourites: [...this.favourites] }));
    } catch {
      // Storage is off or full.
    }
  }

  // Whether the symbol is one now. Past kFavouritesMax none is added.
  toggleFavourite(symbol) {
    if (!this.favourites.delete(symbol) && this.favourites.size < kFavouritesMax) this.favourites.add(symbol);
    this.save();
    return this.favourites.has(symbol);
  }
}

// Reading window.localStorage throws where the user forbids it.
export function browserStorage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
