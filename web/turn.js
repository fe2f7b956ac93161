import { element, unseen } from "./dom.js";
import { parse, render } from "./markdown.js";

const NOTES = {
  cancelled: "You stopped this reply.",
  incomplete: "This reply was cut short.",
  failed: "No reply came.",
};

/**
 * One exchange on the page: what the shopper said, and under it the pieces and the words of the reply.
 * `actions` are {copy(text), retry()}.
 */
export class Turn {
  node;
  text = "";
  #asked = element("p", { class: "asked", dir: "auto" });
  #thread = element("div", { class: "thread", hidden: true });
  #pieces = element("div", { class: "pieces" });
  #words = element("div", { class: "words", dir: "auto" });
  #note = element("p", { class: "note", hidden: true });
  #copy;
  #again;
  #frame = 0;

  constructor({ copy, retry }) {
    this.#copy = element("button", { type: "button", class: "text-button", onclick: () => copy(this.text) }, "Copy");
    this.#again = element("button", { type: "button", class: "text-button again", onclick: retry }, "Ask again");
    this.node = element(
      "article",
      { class: "turn" },
      this.#asked,
      element("div", { class: "reply" }, this.#thread, this.#pieces, this.#words, this.#note),
      element("div", { class: "actions" }, this.#copy, this.#again),
    );
    this.#offer(false);
  }

  ask(text, pending) {
    if (!this.#asked.hasChildNodes()) this.#asked.append(unseen("You: "), document.createTextNode(""));
    const words = this.#asked.lastChild;
    if (words.data !== text) words.data = text;
    this.node.classList.toggle("is-pending", pending);
  }

  /** A reply is on its way and has not begun. */
  wait() {
    this.node.setAttribute("aria-busy", "true");
    this.#note.hidden = true;
    this.#thread.hidden = Boolean(this.text);
    this.#offer(false);
  }

  show(row) {
    this.#thread.hidden = true;
    this.#pieces.replaceChildren(row);
  }

  append(delta) {
    this.text += delta;
    this.#thread.hidden = true;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** The reply as a whole, as a restored conversation brings it. */
  say(text) {
    this.text = text;
    this.#draw();
  }

  finish(status, message) {
    this.#draw();
    this.node.removeAttribute("aria-busy");
    this.#thread.hidden = true;
    this.#note.textContent = message || (NOTES[status] ?? (this.text.trim() ? "" : NOTES.failed));
    this.#note.hidden = !this.#note.textContent;
    this.#offer(true);
  }

  /** Take the reply back, to make place for another. */
  clear() {
    this.say("");
    this.#pieces.replaceChildren();
    this.#note.hidden = true;
    this.#offer(false);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    render(this.#words, parse(this.text));
  }

  #offer(ended) {
    this.#copy.hidden = !ended || !this.text.trim();
    this.#again.hidden = !ended;
  }
}
