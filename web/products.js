import { element, unseen } from "./dom.js";

/** A card's price: what it costs now, and what it cost before when it is on sale. `money` writes a price. */
export function priceTag({ price, sale_price: sale }, money) {
  if (!sale) return element("span", { class: "price" }, money(price));
  return element(
    "span",
    { class: "price" },
    unseen("Now "),
    element("span", { class: "price-now" }, money(sale)),
    " ",
    element("s", { class: "price-before" }, unseen("before "), money(price)),
  );
}

export const currentPrice = ({ price, sale_price: sale }) => sale ?? price;

const AVAILABILITY = { out_of_stock: "Sold out", preorder: "To pre-order", backorder: "To order" };

/** What a shopper must know about stock, or "" when a piece is simply there. */
export const availabilityNote = (product) => AVAILABILITY[product.availability] ?? "";

/** A picture that holds its 4:5 place before it is loaded, and keeps it when it cannot be. */
export function picture(address, alt, { eager = false } = {}) {
  const image = element("img", {
    src: address || null,
    alt,
    width: 480,
    height: 600,
    loading: eager ? null : "lazy",
    decoding: "async",
    onerror: () => image.classList.add("is-missing"),
  });
  return element("span", { class: "plate" }, image);
}

/** Sizes with the sold-out ones struck through, for the eye and for the ear. */
export function sizeList(sizes) {
  const names = sizes.map(({ size, available }) =>
    available ? element("li", {}, size) : element("li", {}, element("s", {}, size), unseen(" sold out")),
  );
  return element("ul", { class: "sizes", "aria-label": "Sizes" }, ...names);
}

/** The row of cards under a shopper's words. `look` is the Look; `onOpen(product)` shows the details. */
export function cardRow(products, { money, look, onOpen }) {
  const cards = products.map((product) => card(product, { money, look, onOpen }));
  return element("ul", { class: "cards", "aria-label": "Pieces suggested" }, ...cards);
}

function card(product, { money, look, onOpen }) {
  const note = availabilityNote(product);
  return element(
    "li",
    { class: "card" },
    element(
      "button",
      { type: "button", class: "card-open", "aria-haspopup": "dialog", onclick: () => onOpen(product) },
      picture(product.image, ""),
      element("span", { class: "card-title" }, product.title),
      element("span", { class: "card-facts" }, priceTag(product, money), note && element("span", { class: "soft" }, note)),
      product.colors?.length ? element("span", { class: "card-colors" }, product.colors.join(", ")) : null,
    ),
    product.sizes?.length ? sizeList(product.sizes) : null,
    lookButton(product, look),
  );
}

/** A button that adds a piece to the look, and takes it out again; it follows the look wherever that changes. */
export function lookButton(product, look, { variant = () => null, kind = "text-button" } = {}) {
  const button = element("button", {
    type: "button",
    class: kind,
    onclick: () => (look.has(product.id) ? look.remove(product.id) : look.add(product, variant())),
  });
  const show = () => {
    const within = look.has(product.id);
    button.classList.toggle("is-within", within);
    button.replaceChildren(within ? "Remove from look" : "Add to look", unseen(` ${product.title}`));
  };
  const follow = () => (button.isConnected ? show() : look.removeEventListener("change", follow));
  look.addEventListener("change", follow);
  show();
  return button;
}
