// Whether the books agree with themselves (design §14).

import { html, nothing } from "../../vendor/lit-html.js";
import { get, of } from "../api.js";
import { grouped, instant, words } from "../format.js";
import { badge, heading, tabs } from "../parts.js";
import { zoneOf } from "../zones.js";

const CHECKS = {
  balances: "What is left of each grant is what was granted, less what usage took.",
  coverage: "Each credit record is paid by its movements, to the last credit.",
  activities: "Each activity is charged at the rate that its record holds.",
  keys: "Each record's key is the key of its content.",
  corrections: "No record is superseded twice, and no chain of corrections leads back to where it began.",
  bundles: "The shares of each subscription are valid, and the parts add up to the whole.",
  invoices: "Each document adds up, and its amounts are what its month is charged.",
  outbox: "No event waits to be published for over an hour.",
  protection: "The database's own protection is in force.",
};

export async function open({ parts: [, id], query }) {
  const [books, zone] = await Promise.all([get(of("companies", id, "reconciliation")), zoneOf(id)]);
  return () => html`
    ${heading("Operations", html`Checked ${instant(books.checkedAt, zone)} ${books.ok ? badge("the books agree", "good") : badge("the books differ", "bad")}`)}
    ${tabs(id, "Operations", query.month)}
    <section>
      <h2>Reconciliation</h2>
      <div class="scroll card" tabindex="0" role="region" aria-label="Checks"><table>
        <thead><tr><th scope="col">Check</th><th scope="col" class="number">Compared</th><th scope="col" class="number">Differences</th></tr></thead>
        <tbody>${books.checks.map(check => html`
          <tr><th scope="row">${words(check.check)}<small>${CHECKS[check.check] ?? nothing}</small></th><td class="number">${grouped(String(check.compared))}</td><td class="number">${check.differences.length ? badge(String(check.differences.length), "bad") : html`<span class="faint">none</span>`}</td></tr>
          ${check.differences.length ? html`<tr><td colspan="3">${table(check.differences)}</td></tr>` : nothing}`)}</tbody>
      </table></div>
    </section>
    <section>
      <h2>What the next invoices will carry</h2>
      ${books.pending.length ? html`<div class="card padded">${table(books.pending)}</div>` : html`<p class="empty">Nothing: all closed months are invoiced as they are charged.</p>`}
    </section>`;
}

const table = differences => html`
  <table>
    <thead><tr><th scope="col">Of</th><th scope="col">What</th><th scope="col" class="number">Expected</th><th scope="col" class="number">Found</th></tr></thead>
    <tbody>${differences.map(each => html`<tr><td>${Object.entries(each.ids).filter(([, id]) => id !== null).map(([name, id]) => html`<div>${words(name)} <code>${id}</code></div>`)}</td><td>${words(each.field)}</td><td class="number">${each.expected}</td><td class="number">${each.found}</td></tr>`)}</tbody>
  </table>`;
