const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * Milliseconds to wait before the n-th try (from 0): exponential, capped, and with jitter, so that a restarted server
 * is not met by all its shoppers at once.
 */
export function backoff(tries, random = Math.random) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** tries);
  return ceiling * (0.5 + random() / 2);
}

/** Try `action` until it succeeds, however long a server takes to be up. */
export async function patiently(action) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await action();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, backoff(tries)));
    }
  }
}
