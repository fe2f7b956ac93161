import { element, elsewhere, unseen } from "./dom.js";
import { availabilityNote, lookButton, picture, priceTag } from "./products.js";

/**
 * One piece in full, in a modal <dialog>: pictures, description, colors, sizes with their stock. It opens at once with what
 * the card knows and completes itself when the details are here.
 */
export class Lightbox {
  #dialog;
  #body;
  #money;
  #look;
  #details;
  #opened = 0;

  /** `details(id)` asks the house for a piece. */
  constructor(dialog, { money, look, details }) {
    this.#dialog = dialog;
    this.#body = dialog.querySelector(".lightbox-body");
    this.#money = money;
    this.#look = look;
    this.#details = details;
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  }

  async open(product) {
    const opened = ++this.#opened;
    this.#show(product);
    this.#dialog.showModal();
    this.#dialog.scrollTop = 0;
    try {
      const detail = await this.#details(product.id);
      if (opened === this.#opened) this.#show(detail);
    } catch {
      if (opened === this.#opened) this.#body.append(element("p", { class: "note" }, "The details cannot be had just now."));
    }
  }

  #show(product) {
    const plates = element("div", { class: "lightbox-plates", tabindex: "0", role: "group", "aria-label": "Pictures" });
    const facts = element("div", { class: "lightbox-facts" });
    const choice = new Choice(product, (variant) => {
      const images = [variant?.image, product.image, ...(product.images ?? [])].filter(Boolean);
      plates.replaceChildren(...[...new Set(images)].slice(0, 4).map((image, index) => plate(product, image, index)));
      price.replaceChildren(priceTag(variant ?? product, this.#money));
    });
    const price = element("p", { class: "lightbox-price" });
    const note = availabilityNote(product);
    const link = elsewhere(product.link);
    facts.append(
      element("p", { class: "label" }, product.brand || product.product_type || ""),
      element("h2", { class: "lightbox-title", id: "lightbox-title" }, product.title),
      price,
      note && element("p", { class: "soft" }, note),
      element("p", { class: "lightbox-description" }, product.description ?? ""),
      choice.node,
      product.material ? fact("Material", product.material) : "",
      element(
        "div",
        { class: "lightbox-actions" },
        lookButton(product, this.#look, { variant: () => choice.chosen, kind: "button" }),
        link && element("a", { class: "text-button", href: link, target: "_blank", rel: "noopener noreferrer" },
          "See it in the shop", unseen(" (opens in a new tab)")),
      ),
    );
    choice.begin();
    this.#body.replaceChildren(plates, facts);
  }
}

const plate = (product, image, index) => picture(image, index ? "" : product.title, { eager: !index });

const fact = (name, text) =>
  element("dl", { class: "fact" }, element("dt", { class: "label" }, name), element("dd", {}, text));

/** Color and size as two groups of radio buttons; `onChange(variant)` tells which variant they name, null when none. */
class Choice {
  node = element("div", { class: "choice" });
  variant = null;
  #variants;
  #color;
  #size = null;
  #onChange;

  constructor(product, onChange) {
    this.#variants = product.variants ?? [];
    this.#color = (this.#variants.find(inStock) ?? this.#variants[0])?.color ?? "";
    this.#onChange = onChange;
  }

  /** The variant as far as the shopper has named it: a size that was not asked for is nobody's wish. */
  get chosen() {
    return this.variant && { ...this.variant, size: this.#size ?? "" };
  }

  begin() {
    this.#draw();
    this.#settle();
  }

  #draw() {
    const colors = [...new Set(this.#variants.map(({ color }) => color))].filter(Boolean);
    const ofColor = this.#variants.filter(({ color }) => color === this.#color);
    const sizes = ofColor.filter(({ size }) => size);
    this.node.replaceChildren(
      colors.length ? this.#group("Color", colors.map((color) => ({ value: color, checked: color === this.#color }))) : "",
      sizes.length
        ? this.#group("Size", sizes.map((variant) => ({ value: variant.size, stock: STOCK[variant.availability] })))
        : "",
    );
  }

  #group(name, options) {
    const set = element("fieldset", { class: "options" }, element("legend", { class: "label" }, name));
    for (const { value, checked = false, stock = "" } of options) {
      const radio = element("input", { type: "radio", name, value, checked, disabled: stock === STOCK.out_of_stock });
      radio.addEventListener("change", () => this.#choose(name, value));
      set.append(element("label", { class: "option" }, radio, element("span", {}, value), stock && unseen(` ${stock}`)));
    }
    return set;
  }

  #choose(name, value) {
    if (name === "Size") this.#size = value;
    else {
      this.#color = value;
      this.#size = null;
      this.#draw();
      this.node.querySelector("input:checked").focus();
    }
    this.#settle();
  }

  #settle() {
    const ofColor = this.#variants.filter(({ color }) => color === this.#color);
    this.variant = ofColor.find(({ size }) => size === this.#size) ?? ofColor.find(inStock) ?? ofColor[0] ?? null;
    this.#onChange(this.variant);
  }
}

const STOCK = { out_of_stock: "sold out", preorder: "to pre-order", backorder: "to order" };
const inStock = ({ availability }) => availability !== "out_of_stock";
