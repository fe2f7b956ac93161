const SPARE_S = 15; // a secret this near its end is renewed before use

/** The server said no: `status` is HTTP's, `retryAfter` seconds or null, `code` the error's own. */
export class Refused extends Error {
  constructor(message, { status = 0, code = "", retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

/** Ask the server; returns the JSON of its answer. Raises Refused, with status 0 when nothing answered at all. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
  } catch {
    throw new Refused("The house cannot be reached.");
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refused(body.error?.message ?? response.statusText, {
    status: response.status,
    code: body.error?.code ?? "",
    retryAfter: Number(response.headers.get("retry-after")) || null,
  });
}

/** The short-lived secret that opens a socket for the shopper whose cookie this page holds; renewed when it runs out. */
export class Secret {
  #value = null;
  #expires = 0;

  async get() {
    if (!this.#value || Date.now() / 1000 > this.#expires - SPARE_S) {
      const answer = await ask("/v1/realtime/client_secrets", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      this.#value = answer.value;
      this.#expires = answer.expires_at;
    }
    return this.#value;
  }

  forget() {
    this.#value = null;
  }
}
