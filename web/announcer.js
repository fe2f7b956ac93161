import { plain } from "./markdown.js";

/**
 * Speaks to screen readers without chatter: a reply is announced by whole sentences as they are complete, never by tokens.
 * `region` is an empty element with aria-live="polite"; what was said is cleared when the next reply begins.
 */
export class Announcer {
  #region;
  #segmenter = new Intl.Segmenter(undefined, { granularity: "sentence" });
  #pending = "";

  constructor(region) {
    this.#region = region;
  }

  begin() {
    this.#pending = "";
    this.#region.replaceChildren();
  }

  push(delta) {
    this.#pending += delta;
    if (!/[.!?\n…]/u.test(delta)) return;
    const sentences = [...this.#segmenter.segment(this.#pending)].map(({ segment }) => segment);
    const last = sentences.pop() ?? "";
    const complete = sentences.join("");
    if (!/\p{L}/u.test(complete)) return; // a list's "1." is spoken with what it numbers
    this.#pending = last;
    this.#say(complete);
  }

  end() {
    this.#say(this.#pending);
    this.#pending = "";
  }

  #say(text) {
    const words = plain(text).trim();
    if (!words) return;
    const paragraph = document.createElement("p");
    paragraph.textContent = words;
    this.#region.append(paragraph);
  }
}
