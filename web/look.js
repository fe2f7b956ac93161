import { total } from "./money.js";
import { currentPrice } from "./products.js";
import { lasting } from "./storage.js";

const KEY = "look";

/**
 * The pieces a shopper has put together. Kept in the browser, shared by its tabs; prices and stock are the house's, asked
 * for again by refresh(). A piece is {product: card, variant: {id, color, size, price, sale_price} | null}.
 * Dispatches `change`.
 */
export class Look extends EventTarget {
  #pieces = lasting.load(KEY, []);

  constructor() {
    super();
    addEventListener("storage", ({ key }) => {
      if (!key?.endsWith(`.${KEY}`)) return;
      this.#pieces = lasting.load(KEY, []);
      this.dispatchEvent(new Event("change"));
    });
  }

  get pieces() {
    return this.#pieces;
  }

  has(id) {
    return this.#pieces.some(({ product }) => product.id === id);
  }

  add(product, variant = null) {
    this.#keep([...this.#pieces.filter((piece) => piece.product.id !== product.id), { product, variant }]);
  }

  remove(id) {
    this.#keep(this.#pieces.filter(({ product }) => product.id !== id));
  }

  clear() {
    this.#keep([]);
  }

  /** What the look costs now, a price for each currency; pieces that are sold out do not count. */
  totals() {
    const here = this.#pieces.filter(({ product }) => product.availability !== "out_of_stock");
    return total(here.map((piece) => currentPrice(piece.variant ?? piece.product)));
  }

  /** Take today's prices and stock from the house; pieces it no longer has leave the look. */
  async refresh(concierge) {
    if (!this.#pieces.length) return;
    const asked = this.#pieces.map(({ product }) => product.id);
    const { products } = await concierge.products(asked);
    const current = new Map(products.map((product) => [product.id, product]));
    const refreshed = await Promise.all(
      this.#pieces
        .filter(({ product }) => current.has(product.id) || !asked.includes(product.id))
        .map(async ({ product, variant }) => ({
          product: current.get(product.id) ?? product,
          variant: variant && (await currentVariant(concierge, product.id, variant)),
        })),
    );
    this.#keep(refreshed.filter(({ product }) => this.has(product.id)));
  }

  #keep(pieces) {
    this.#pieces = pieces;
    lasting.save(KEY, pieces);
    this.dispatchEvent(new Event("change"));
  }
}

async function currentVariant(concierge, id, variant) {
  const { variants = [] } = await concierge.product(id);
  const current = variants.find(({ id: other }) => other === variant.id);
  return current ? { ...current, size: variant.size } : null;
}
