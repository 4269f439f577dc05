// SPDX-License-Identifier: Apache-2.0
//
// Stream: the connection to /stream. Keeps it up (full-jitter back-off; a silent one is asked for a sign of life, and what came before the silence
// is asked for anew after it), and keeps the set of streams that it holds equal to the set that is wanted, with few messages.

const kMessageGapMs = 200;
const kMessageBytesMax = 3800;
const kConnectTimeoutMs = 10_000;
const kQuietMs = 1_000; // so long without a word is a reason to ask
const kQuietIdleMs = 20_000; // and so long while nothing is followed: a hidden tab costs next to nothing
const kSilentMs = 2_000; // a question unanswered for so long: what is shown can't be called current
const kLostMs = 10_000; // and for so long: the connection is given up. Late, so that a server that stumbles is not run over as well
const kStatus = '!status';
const kBackoffFirstMs = 500;
const kBackoffMaxMs = 15_000;
const kBackoffLeastMs = 250;
const kSoundAfterMs = 5_000; // a connection that held so long ends a row of failures
const kUtf8 = new TextEncoder();

export class Stream {
  // on.link(state, retryAt): "connecting", "open", "silent" (and "open" again when it is heard), or "waiting" until the moment retryAt.
  // on.event(stream, data, { here, askedHere, first }): first is set on the first event after subscribing, askedHere then tells when that was.
  // on.bytes(n, here): the size of each message, in characters, which are bytes but for the few symbols with other letters.
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.wanted = new Set();
    this.failures = 0;
    this.lastId = 0;
    this.socket = null;
    this.retryTimer = 0;
    setInterval(() => this.checkLife(), 500);
  }

  connect() {
    clearTimeout(this.retryTimer);
    this.discard();
    this.held = new Map(); // stream -> when it was asked for
    this.awaited = new Set(); // held, and no event came yet
    this.leaving = new Map(); // stream -> id of the request whose reply ends it
    this.renewing = new Set(); // held, and to be left and subscribed anew
    this.silent = false;
    this.heardAt = performance.now();
    this.openedAt = Infinity;
    this.askedLifeAt = 0;
    this.pumpTimer = 0;
    this.on.link('connecting');
    const socket = (this.socket = new WebSocket(this.url));
    this.connectTimer = setTimeout(() => this.lost(), kConnectTimeoutMs);
    socket.onopen = () => {
      clearTimeout(this.connectTimer);
      this.openedAt = performance.now();
      this.on.link('open');
      this.pump();
    };
    socket.onmessage = (message) => this.take(message.data, performance.now());
    socket.onclose = () => this.lost();
  }

  // The streams to hold from now on. One that was given up a moment ago, and is still held, is subscribed anew: its last quotes are needed again.
  want(names) {
    const again = this.open() ? [...names].filter((name) => this.held.has(name) && !this.wanted.has(name)) : [];
    for (const name of again) this.renewing.add(name);
    this.wanted = names;
    this.pump();
  }

  // Subscribes to a stream anew: its first event tells the last quote, and the time there. Nothing of it is passed on until then.
  renew(name) {
    if (!this.open() || !this.held.has(name)) return;
    this.renewing.add(name);
    this.pump();
  }

  open() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  lost() {
    this.discard();
    if (performance.now() - this.openedAt > kSoundAfterMs) this.failures = 0;
    const ceiling = Math.min(kBackoffMaxMs, kBackoffFirstMs * 2 ** this.failures++);
    const wait = kBackoffLeastMs + Math.random() * ceiling;
    this.retryTimer = setTimeout(() => this.connect(), wait);
    this.on.link('waiting', performance.now() + wait);
  }

  discard() {
    clearTimeout(this.connectTimer);
    clearTimeout(this.pumpTimer);
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }

  // A server that has died without a word keeps the socket "open": only an unanswered question tells.
  checkLife() {
    if (!this.open()) return;
    const now = performance.now();
    const unansweredMs = this.askedLifeAt && now - this.askedLifeAt;
    if (unansweredMs > kLostMs) {
      this.lost();
    } else if (unansweredMs > kSilentMs && !this.silent) {
      this.silent = true;
      this.on.link('silent');
    } else if (!this.askedLifeAt && now - this.heardAt > (this.idle() ? kQuietIdleMs : kQuietMs)) {
      this.askedLifeAt = now;
      this.send('GET_PROPERTY', ['combined']);
    }
  }

  idle() {
    return this.wanted.size <= 1 && this.held.size <= 1;
  }

  // What was sent before a silence and comes after it is old.
  heardAgain() {
    this.silent = false;
    for (const name of this.held.keys()) if (name !== kStatus) this.renewing.add(name);
    this.on.link('open');
    this.pump();
  }

  take(text, here) {
    this.heardAt = here;
    this.askedLifeAt = 0;
    this.on.bytes(text.length, here);
    if (this.silent) this.heardAgain();
    const message = JSON.parse(text);
    if (message.stream !== undefined) {
      this.takeEvent(message.stream, message.data, here);
    } else if (message.error) {
      console.warn('refused by the server:', message.error.msg);
    } else {
      this.takeReply(message.id);
    }
  }

  takeEvent(stream, data, here) {
    if (!this.held.has(stream) || this.renewing.has(stream)) return;
    const first = this.awaited.delete(stream);
    this.on.event(stream, data, { here, first, askedHere: first ? this.held.get(stream) : 0 });
  }

  takeReply(id) {
    for (const [stream, last] of this.leaving) {
      if (last !== id) continue;
      this.leaving.delete(stream);
    }
    this.pump();
  }

  // Sends one message if one is due, and sees to the next.
  pump() {
    if (!this.open() || this.pumpTimer) return;
    if (!this.subscribeNext() && !this.unsubscribeNext()) return;
    this.pumpTimer = setTimeout(() => {
      this.pumpTimer = 0;
      this.pump();
    }, kMessageGapMs);
  }

  subscribeNext() {
    const names = [];
    let bytes = 0;
    for (const name of this.wanted) {
      if (this.held.has(name) || this.leaving.has(name)) continue;
      bytes += kUtf8.encode(name).length + 3;
      if (bytes > kMessageBytesMax && names.length) break;
      names.push(name);
    }
    return this.send('SUBSCRIBE', names);
  }

  unsubscribeNext() {
    const names = [];
    let bytes = 0;
    for (const name of this.held.keys()) {
      if (this.wanted.has(name) && !this.renewing.has(name)) continue;
      bytes += kUtf8.encode(name).length + 3;
      if (bytes > kMessageBytesMax && names.length) break;
      names.push(name);
    }
    return this.send('UNSUBSCRIBE', names);
  }

  send(method, params) {
    if (!params.length) return false;
    const id = ++this.lastId;
    const now = performance.now();
    for (const name of params) {
      if (method === 'SUBSCRIBE') {
        this.held.set(name, now);
        this.awaited.add(name);
      } else if (method === 'UNSUBSCRIBE') {
        this.held.delete(name);
        this.awaited.delete(name);
        this.renewing.delete(name);
        this.leaving.set(name, id);
      }
    }
    this.socket.send(JSON.stringify({ method, params, id }));
    return true;
  }
}
