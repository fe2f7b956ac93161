import { element, unseen } from "./dom.js";
import { availabilityNote, picture, priceTag } from "./products.js";

/**
 * The look as the shopper sees it: a column beside the conversation where there is room for one, else a sheet that a count
 * in the header opens.
 */
export class Tray {
  #look;
  #money;
  #onOpen;
  #panel;
  #toggle;

  /** `panel` moves between `aside` and `sheet`; `toggle` opens the sheet; `onOpen(product)` shows a piece. */
  constructor({ look, money, panel, aside, sheet, toggle, onOpen }) {
    this.#look = look;
    this.#money = money;
    this.#onOpen = onOpen;
    this.#panel = panel;
    this.#toggle = toggle;
    const beside = matchMedia("(min-width: 64rem)");
    const place = () => {
      if (beside.matches) sheet.close();
      (beside.matches ? aside : sheet).append(panel);
    };
    beside.addEventListener("change", place);
    place();
    toggle.addEventListener("click", () => sheet.showModal());
    sheet.addEventListener("click", ({ target }) => target === sheet && sheet.close());
    panel.querySelector(".close").addEventListener("click", () => sheet.close());
    panel.querySelector(".look-clear").addEventListener("click", () => {
      look.clear();
      panel.querySelector("h2").focus();
    });
    look.addEventListener("change", () => this.show());
    this.show();
  }

  show() {
    const { pieces } = this.#look;
    this.#toggle.firstElementChild.replaceChildren("Look ", unseen(`with ${count(pieces.length)}`), badge(pieces.length));
    this.#panel.querySelector(".look-pieces").replaceChildren(...pieces.map((piece) => this.#row(piece)));
    this.#panel.querySelector(".look-sum").textContent = this.#look.totals().map(this.#money).join(" + ");
    this.#panel.classList.toggle("is-empty", !pieces.length);
  }

  #row({ product, variant }) {
    const choice = [variant?.color, variant?.size].filter(Boolean).join(", ");
    const note = availabilityNote(product);
    return element(
      "li",
      { class: "piece" },
      element(
        "button",
        { type: "button", class: "piece-open", "aria-haspopup": "dialog", onclick: () => this.#onOpen(product) },
        picture(variant?.image || product.image, ""),
        element(
          "span",
          { class: "piece-facts" },
          element("span", { class: "piece-title" }, product.title),
          choice && element("span", { class: "soft" }, choice),
          element("span", {}, priceTag(variant ?? product, this.#money)),
          note && element("span", { class: "soft" }, note),
        ),
      ),
      element(
        "button",
        { type: "button", class: "text-button", onclick: () => this.#remove(product) },
        "Remove",
        unseen(` ${product.title}`),
      ),
    );
  }

  /** The button that was pressed goes with its piece: the focus must not fall out of the tray. */
  #remove(product) {
    this.#look.remove(product.id);
    this.#panel.querySelector("h2").focus();
  }
}

const count = (pieces) => (pieces === 1 ? "1 piece" : `${pieces} pieces`);
const badge = (pieces) => element("span", { class: "badge", "aria-hidden": "true" }, String(pieces));
