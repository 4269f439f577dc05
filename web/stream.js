// SPDX-License-Identifier: Apache-2.0
//
// Stream: the connection to /stream. Keeps it up (full-jitter back-off; a silent one is asked for a sign of life), and keeps the set of streams
// that it holds equal to the set that is wanted, with few messages.

const kMessageGapMs = 200;
const kMessageBytesMax = 3800;
const kConnectTimeoutMs = 10_000;
const kQuietMs = 8_000;
const kAnswerMs = 6_000;
const kBackoffFirstMs = 500;
const kBackoffMaxMs = 15_000;
const kBackoffLeastMs = 250;
const kSoundAfterMs = 5_000; // a connection that held so long ends a row of failures
const kUtf8 = new TextEncoder();

export class Stream {
  // on.link(state, retryAt): "connecting", "open", or "waiting" until the moment retryAt.
  // on.event(stream, data, { here, askedHere, first }): first is set on the first event after subscribing, askedHere then tells when that was.
  // on.dropped(stream): it is no longer wanted and no more of it will come.
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.wanted = new Set();
    this.failures = 0;
    this.lastId = 0;
    this.socket = null;
    this.retryTimer = 0;
    setInterval(() => this.checkLife(), 2000);
  }

  connect() {
    clearTimeout(this.retryTimer);
    this.discard();
    this.held = new Map(); // stream -> when it was asked for
    this.awaited = new Set(); // held, and no event came yet
    this.leaving = new Map(); // stream -> id of the request whose reply ends it
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

  // The streams to hold from now on.
  want(names) {
    this.wanted = names;
    this.pump();
  }

  // Asks for a stream anew, so that its first event tells the time there.
  askAgain(name) {
    if (this.open() && this.held.has(name) && !this.leaving.size) this.send('UNSUBSCRIBE', [name]);
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
    if (this.askedLifeAt) {
      if (now - this.askedLifeAt > kAnswerMs) this.lost();
    } else if (now - this.heardAt > kQuietMs) {
      this.askedLifeAt = now;
      this.send('GET_PROPERTY', ['combined']);
    }
  }

  take(text, here) {
    this.heardAt = here;
    this.askedLifeAt = 0;
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
    if (!this.held.has(stream)) return;
    const first = this.awaited.delete(stream);
    this.on.event(stream, data, { here, first, askedHere: first ? this.held.get(stream) : 0 });
  }

  takeReply(id) {
    for (const [stream, last] of this.leaving) {
      if (last !== id) continue;
      this.leaving.delete(stream);
      if (!this.wanted.has(stream)) this.on.dropped(stream);
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
      if (this.wanted.has(name)) continue;
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
        this.leaving.set(name, id);
      }
    }
    this.socket.send(JSON.stringify({ method, params, id }));
    return true;
  }
}
