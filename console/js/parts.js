// What several screens are made of.

import { html, nothing } from "../vendor/lit-html.js";
import { grouped, isZero, month, monthAfter, percent } from "./format.js";

/** The hash of a screen: its path, each part encoded, and its query. */
export function link(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `#/${parts.map(encodeURIComponent).join("/")}${given.length ? `?${new URLSearchParams(given)}` : ""}`;
}

export const heading = (title, detail = nothing, actions = nothing) => html`
  <header class="heading">
    <div><h1 tabindex="-1">${title}</h1><p class="detail">${detail}</p></div>
    <div class="actions no-print">${actions}</div>
  </header>`;

export const tabs = (company, current, at) => html`
  <nav class="tabs no-print" aria-label="Company">
    ${[["Overview", []], ["Invoices", ["invoices"]], ["Usage records", ["records"]], ["Operations", ["operations"]]].map(
      ([name, path]) => html`<a href=${link(["companies", company, ...path], { month: at })} aria-current=${name === current ? "page" : nothing}>${name}</a>`,
    )}
  </nav>`;

export const monthPicker = (at, to) => html`
  <nav class="months no-print" aria-label="Month">
    <a class="button quiet" href=${to(monthAfter(at, -1))} aria-label=${month(monthAfter(at, -1))}>‹</a>
    <input type="month" aria-label="Month" .value=${at} min="2000-01" max="2199-12" @change=${event => event.target.value && location.assign(to(event.target.value))}>
    <a class="button quiet" href=${to(monthAfter(at, 1))} aria-label=${month(monthAfter(at, 1))}>›</a>
  </nav>`;

/** An amount with its currency, for a sentence or a card. */
export const money = (amount, currency) => html`<span class="money">${grouped(amount)}</span>${currency ? html` <span class="unit">${currency}</span>` : nothing}`;

/** Total, covered and due of a statement or of a company in one currency. */
export const totals = charges => html`
  <dl class="totals">
    <div><dt>Charged</dt><dd>${money(charges.totalAmount, charges.currency)}</dd></div>
    <div><dt>Covered already</dt><dd>${money(charges.coveredAmount, charges.currency)}</dd></div>
    <div class="main"><dt>Due</dt><dd>${money(charges.amountDue, charges.currency)}</dd></div>
  </dl>`;

const STATES = { near: "near its limit", at: "at its limit", over: "over its limit" };

/** How full what was agreed on is: a bar, the percentage and, from 80 %, a word. */
export function load(capacity) {
  if (!capacity || capacity.load === null) return html`<span class="faint">–</span>`;
  const width = Math.min(100, Number(capacity.load) * 100);
  return html`
    <span class="load ${capacity.state ?? "fine"}">
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="6"></rect><rect class="fill" width=${width} height="6"></rect></svg>
      <span class="number">${percent(capacity.load)}</span>${capacity.state ? html`<span class="state">${STATES[capacity.state]}</span>` : nothing}
    </span>`;
}

export const due = (amount, shown = grouped(amount)) => html`<span class=${isZero(amount) ? "faint" : ""}>${shown}</span>`;

export const badge = (text, kind = "") => html`<span class="badge ${kind}">${text}</span>`;

export const empty = words => html`<p class="empty">${words}</p>`;

export const working = words => html`<p class="working" role="status">${words}</p>`;

/** A failure in words, with a way to go on. */
export const failure = (error, again) => html`
  <section class="failure" role="alert">
    <h2>${error.status === 404 ? "This does not exist, or is not yours to see" : "This could not be shown"}</h2>
    <p>${error.message}</p>
    ${error.fields?.size ? html`<ul>${[...error.fields].map(([pointer, detail]) => html`<li><code>${pointer}</code> ${detail}</li>`)}</ul>` : nothing}
    <button @click=${again}>Try again</button>
  </section>`;

/** A part of a long list: `size` of the items, and a button for more. */
export function portion(items, shown, more, size = 50) {
  return shown < items.length
    ? html`<p class="more no-print"><button class="quiet" @click=${() => more(shown + size)}>Show ${Math.min(size, items.length - shown)} more of ${grouped(String(items.length))}</button></p>`
    : nothing;
}
