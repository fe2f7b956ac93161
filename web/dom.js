/**
 * Build an element. Strings become text nodes, never markup; `class` and other attributes are set as attributes,
 * functions under `on…` become listeners, `true` is an empty attribute, `false` and `null` leave it out.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Text for screen readers alone. */
export const unseen = (text) => element("span", { class: "unseen" }, text);

/** The address of another page of the web, else null: neither a feed's `javascript:` nor this page becomes a link. */
export function elsewhere(address) {
  try {
    const { protocol, origin, pathname, href } = new URL(address, location.href);
    if (origin === location.origin && pathname === location.pathname) return null;
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}

export const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
