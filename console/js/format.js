// How values look. Money stays the string that the API sent; only separators are put in.

import { html, nothing } from "../vendor/lit-html.js";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const MINUS = "\u2212";

/** "1234567.80" as "1,234,567.80". */
export function grouped(text) {
  const [whole, fraction] = text.replace("-", "").split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction === undefined ? "" : `.${fraction}`);
  return text.startsWith("-") ? MINUS + digits : digits;
}

export const isZero = text => /^-?[0.]*$/.test(text);

/** "40.500000" as "40.5": without the zeros at its end. */
export const plain = text => grouped(text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** A quantity for a column: its zeros keep the decimal points in line, and are faint. */
export function quantity(text) {
  if (text === null || text === undefined) return "–";
  const shown = grouped(text);
  const zeros = text.includes(".") ? /\.?0+$/.exec(shown)?.[0] ?? "" : "";
  return html`<span class="quantity">${shown.slice(0, shown.length - zeros.length)}<span class="faint">${zeros || nothing}</span></span>`;
}

/** "0.8448" as "84.48 %". */
export const percent = ratio => (ratio === null ? "–" : `${plain(shifted(ratio, 2))} %`);

function shifted(text, places) {
  const [whole, fraction = ""] = text.split(".");
  const digits = whole + fraction.padEnd(places, "0");
  const point = whole.length + places;
  return `${digits.slice(0, point).replace(/^(-?)0+(?=\d)/, "$1")}.${digits.slice(point) || "0"}`;
}

/** "2025-03" as "March 2025". */
export const month = text => `${MONTHS[Number(text.slice(5, 7)) - 1]} ${text.slice(0, 4)}`;

/** The month that is `by` months after "2025-03". */
export function monthAfter(text, by) {
  const count = Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7)) - 1 + by;
  return `${String(Math.floor(count / 12)).padStart(4, "0")}-${String((count % 12) + 1).padStart(2, "0")}`;
}

/** An instant in a time zone: "1 Mar 2025, 00:00". */
export const instant = (text, zone) => formatter(zone, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(text));

/** The day of an instant in a time zone: "1 Mar 2025". */
export const day = (text, zone) => formatter(zone, { day: "numeric", month: "short", year: "numeric" }).format(new Date(text));

/** A date that the API sent as one: "2025-03-31" as "31 Mar 2025". */
export const date = text => day(`${text}T00:00:00Z`, "UTC");

const formatters = new Map();

function formatter(timeZone, parts) {
  const key = timeZone + JSON.stringify(parts);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat("en-GB", { timeZone, ...parts }));
  return formatters.get(key);
}

/** "seat-month" or "seat-months", by the quantity. */
export const units = (text, unit) => `${plain(text)} ${unit}${plain(text) === "1" ? "" : "s"}`;

/** A word that the API has as snake_case or camelCase, for reading: "learnersServed" as "learners served". */
export const words = name => name.replace(/_/g, " ").replace(/([a-z])([A-Z])/g, (_, last, next) => `${last} ${next.toLowerCase()}`);
