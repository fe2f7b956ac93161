const SCALE = 1000; // the finest minor unit of ISO 4217

/** Sum prices ({amount, currency}) by currency, in whole thousandths so that cents never drift. */
export function total(prices) {
  const sums = new Map();
  for (const { amount, currency } of prices) {
    sums.set(currency, (sums.get(currency) ?? 0) + Math.round(Number(amount) * SCALE));
  }
  return [...sums].map(([currency, sum]) => ({ amount: sum / SCALE, currency }));
}

/** Returns a function that writes a price the way the house's locale does. */
export function moneyFormat(locale) {
  const formats = new Map();
  return ({ amount, currency }) => {
    if (!formats.has(currency)) {
      formats.set(
        currency,
        new Intl.NumberFormat(locale, { style: "currency", currency, trailingZeroDisplay: "stripIfInteger" }),
      );
    }
    return formats.get(currency).format(Number(amount));
  };
}
