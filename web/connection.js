import { backoff } from "./backoff.js";
import { Refused, Secret } from "./secret.js";

const OPENING_MS = 10_000;
const ANSWER_MS = 8_000;
const AGAIN_MS = 1_000;
const REFUSED_CODES = new Set([1008, 1013]); // policy (too many, not allowed) and "try again later"

/**
 * One WebSocket that comes back by itself: after a loss it waits (exponential, jittered) and connects anew, at once when
 * the network or the tab returns. It knows nothing of conversations.
 *
 * Calls `onEvent(event)` for each server event and `onDown({retryAt, refused})` whenever it is without a socket:
 * `refused` is true when the server answered but would not have us now, `retryAt` a Date.now() time or null.
 */
export class Connection {
  #path;
  #onEvent;
  #onDown;
  #secret = new Secret();
  #socket = null;
  #wanted = false;
  #tries = 0;
  #timer = 0;
  #probe = 0;

  /** `path()` gives the address to open, for instance with a session's id in its query. */
  constructor({ path, onEvent, onDown }) {
    this.#path = path;
    this.#onEvent = onEvent;
    this.#onDown = onDown;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#wanted && this.#lose());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake());
  }

  open() {
    this.#wanted = true;
    this.#tries = 0;
    this.#drop();
    this.#connect();
  }

  /** Give the socket up and take another, in a moment and without a word. */
  again() {
    this.#drop();
    this.#timer = setTimeout(() => this.#connect(), AGAIN_MS);
  }

  /** The conversation is up: the next loss starts with a short wait again. */
  settle() {
    this.#tries = 0;
  }

  /** Returns whether the event went out. */
  send(event) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(event));
    return true;
  }

  async #connect() {
    clearTimeout(this.#timer);
    const socket = (this.#socket = {}); // holds the place: a later #connect or #drop makes this one stale
    try {
      const value = await this.#secret.get();
      if (socket === this.#socket) this.#listen(value);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (socket === this.#socket) this.#lose({ refused: error.status > 0, retryAfter: error.retryAfter });
    }
  }

  #listen(secret) {
    const address = new URL(this.#path(), location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, ["realtime", `openai-insecure-api-key.${secret}`]);
    this.#socket = socket;
    const current = (action) => (event) => socket === this.#socket && action(event);
    const opening = setTimeout(current(() => this.#lose()), OPENING_MS);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      clearTimeout(opening);
    };
    socket.onmessage = current(({ data }) => {
      clearTimeout(this.#probe);
      this.#onEvent(JSON.parse(data));
    });
    socket.onclose = current(({ code }) => {
      clearTimeout(opening);
      if (!opened) this.#secret.forget(); // it may be what the handshake failed on
      this.#lose({ refused: !opened || REFUSED_CODES.has(code) });
    });
  }

  #lose({ refused = false, retryAfter = null } = {}) {
    this.#drop();
    const wait = Math.max(backoff(this.#tries), (retryAfter ?? 0) * 1000);
    this.#tries += 1;
    if (navigator.onLine) this.#timer = setTimeout(() => this.#connect(), wait);
    this.#onDown({ refused, retryAt: navigator.onLine ? Date.now() + wait : null });
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#probe);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close?.();
  }

  #hurry() {
    if (!this.#wanted || this.#socket) return;
    this.#tries = 0;
    this.#connect();
  }

  /** A phone that slept may hold a dead socket that still says OPEN: ask for any answer, and reconnect without one. */
  #wake() {
    this.#hurry();
    if (this.send({ type: "session.update", session: { type: "realtime" } })) {
      this.#probe = setTimeout(() => this.#lose(), ANSWER_MS);
    }
  }
}
