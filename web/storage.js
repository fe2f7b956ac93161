/**
 * Small JSON values kept in the browser: `lasting` outlives the tab, `passing` outlives a reload of it.
 * A browser that forbids storage (private modes, full disks) still gets a working page that forgets.
 */
class Store {
  #area;

  constructor(area) {
    this.#area = area;
  }

  load(key, fallback = null) {
    try {
      return JSON.parse(window[this.#area].getItem(`concierge.${key}`)) ?? fallback;
    } catch {
      return fallback;
    }
  }

  save(key, value) {
    try {
      if (value === null) window[this.#area].removeItem(`concierge.${key}`);
      else window[this.#area].setItem(`concierge.${key}`, JSON.stringify(value));
    } catch {
      // Forgetting is the only thing left to do.
    }
  }
}

export const lasting = new Store("localStorage");
export const passing = new Store("sessionStorage");
