import { element } from "./dom.js";

const LINGER_MS = 6_000;

/** The quiet line over the composer: one sentence at a time, in place that is always there, read out politely. */
export class Status {
  #line;
  #timer = 0;
  #lingers = false;

  constructor(line) {
    this.#line = line;
  }

  /** Say something; it goes by itself when `lingers`, and may offer one `action` {label, run}. */
  say(text, { lingers = false, after = 0, action = null } = {}) {
    clearTimeout(this.#timer);
    if (after) {
      this.#timer = setTimeout(() => this.say(text, { lingers, action }), after);
      return;
    }
    this.#lingers = lingers;
    const button =
      action && element("button", { type: "button", class: "text-button", onclick: action.run }, action.label);
    this.#line.replaceChildren(text, ...(button ? [button] : []));
    if (lingers) this.#timer = setTimeout(() => this.quiet(), action ? LINGER_MS * 2 : LINGER_MS);
  }

  /** All is well again: what was said of a trouble is no longer true. */
  settle() {
    if (!this.#lingers) this.quiet();
  }

  quiet() {
    clearTimeout(this.#timer);
    if (this.#line.hasChildNodes()) this.#line.replaceChildren();
  }
}
