import { passing } from "./storage.js";

/**
 * The field the shopper writes in. Enter sends, Shift+Enter makes a new line, and what is written survives a reload.
 */
export class Composer {
  #field;

  constructor(form, { onSend }) {
    this.#field = form.querySelector("textarea");
    this.#field.value = passing.load("draft", "");
    this.#grow();
    this.#field.addEventListener("input", () => {
      passing.save("draft", this.#field.value || null);
      this.#grow();
    });
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#field.value.trim();
      if (!text) return this.focus();
      this.#field.value = "";
      passing.save("draft", null);
      this.#grow();
      this.rest();
      onSend(text);
    });
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Keep the caret where there is a keyboard; where the keyboard is on the screen, fold it away to show the reply. */
  rest() {
    if (matchMedia("(pointer: coarse)").matches) this.#field.blur();
    else this.focus();
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }
}
