// Exact arithmetic with the API's decimal strings, in millionths. Money and quantities are never a JavaScript number.

const PLACES = 6;
const ONE = 10n ** BigInt(PLACES);

/** The millionths of a decimal string such as "12.500000" or "-3". */
export function millionths(text) {
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const units = BigInt(whole) * ONE + BigInt(fraction.slice(0, PLACES).padEnd(PLACES, "0"));
  return sign ? -units : units;
}

/** The decimal string, with six decimals, of millionths. */
export function decimal(units) {
  const digits = String(units < 0n ? -units : units).padStart(PLACES + 1, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`;
}

/** The sum of decimal strings, as millionths. */
export const sum = texts => texts.reduce((total, text) => total + millionths(text), 0n);

/** Millionths divided by a whole number, rounded half to even, as the API rounds the quantities that it shows. */
export function divided(units, divisor) {
  if (units < 0n) return -divided(-units, divisor);
  const by = BigInt(divisor);
  const [quotient, rest] = [units / by, units % by];
  const twice = 2n * rest;
  return twice > by || (twice === by && quotient % 2n) ? quotient + 1n : quotient;
}
