// Terms as a person reads them.

import { html, nothing } from "../../vendor/lit-html.js";
import { date, plain, words } from "../format.js";

const NAMES = { l2iSubscriptionId: "subscription", bundleAllocationPercentage: "share of the subscription", isActive: "active", startDate: "runs from", endDate: "runs until" };

export const nameOf = term => NAMES[term] ?? words(term);

/** A value of terms: "–" where there is none. */
export function value(given) {
  if (given === null || given === undefined) return "–";
  if (given === true) return "yes";
  if (given === false) return "no";
  if (typeof given === "object") return html`<pre>${JSON.stringify(given, null, 2)}</pre>`;
  if (/^\d{4}-\d\d-\d\d$/.test(given)) return date(given);
  return /^-?\d+(\.\d+)?$/.test(given) ? plain(given) : given;
}

/** The terms of a change; the first ones leave out what they do not have. */
export function termsTable(terms, all) {
  const shown = Object.entries(terms).filter(([, given]) => all || given !== null);
  return html`<dl class="arithmetic">${shown.length ? shown.map(([term, given]) => html`<div><dt>${nameOf(term)}</dt><dd>${value(given)}</dd></div>`) : nothing}</dl>`;
}
