// A company's documents, and the month that could be issued next.

import { html, nothing } from "../../vendor/lit-html.js";
import { call, get, of } from "../api.js";
import { attempt } from "../dialog.js";
import { date, grouped, month } from "../format.js";
import { badge, empty, heading, link, money, monthPicker, tabs, working } from "../parts.js";
import { firstMonth, may } from "../session.js";
import { issueForm } from "./actions.js";
import { linesTable } from "./invoice.js";

export async function open({ parts: [, id], query }, draw, reload) {
  const at = query.month ?? firstMonth();
  const list = await get(of("companies", id, "invoices"));
  let [next, preview] = [list.nextCursor, null];

  const issued = () => list.invoices.some(each => each.month === at);
  async function more() {
    const page = await get(of("companies", id, "invoices"), { cursor: next });
    list.invoices.push(...page.invoices);
    next = page.nextCursor;
    draw();
  }
  async function look() {
    try {
      const response = await call("GET", of("companies", id, "invoice-preview"), { query: { month: at } });
      preview = (await response.json()).invoices;
    } catch (error) {
      preview = error;
    }
    draw();
  }

  look();
  return () => html`
    ${heading("Invoices", month(at), monthPicker(at, to => link(["companies", id, "invoices"], { month: to })))}
    ${tabs(id, "Invoices", at)}
    <section>
      <div class="bar"><h2>${month(at)}, as it would be issued</h2>
        ${Array.isArray(preview) && (preview.length || !issued()) && may("billing/invoice.write") ? html`<button class="strong" @click=${() => issueForm({ company: id, at, done: reload })}>Issue ${month(at)}</button>` : nothing}
      </div>
      ${preview === null ? working("Calculating it …") : preview instanceof Error ? html`<p class="empty">${preview.message}</p>` : drafts(preview, id, issued())}
    </section>
    <section>
      <h2>Documents</h2>
      ${list.invoices.length
        ? html`
          <div class="scroll card" tabindex="0" role="region" aria-label="Documents"><table class="stack">
            <thead><tr><th scope="col">Number</th><th scope="col">Month</th><th scope="col">Issued</th><th scope="col">Due on</th><th scope="col" class="number">Net</th><th scope="col" class="number">Tax</th><th scope="col" class="number">Total</th><th scope="col"><span class="hidden">Currency</span></th></tr></thead>
            <tbody>${list.invoices.map(each => html`
              <tr><th scope="row"><a href=${link(["companies", id, "invoices", each.invoiceId])}>${each.number}</a>
                ${each.kind === "credit_note" ? badge("credit note") : each.creditedBy ? badge("credited", "warn") : nothing}</th>
                <td data-label="Month">${month(each.month)}</td><td data-label="Issued">${date(each.issuedOn)}</td><td data-label="Due on">${each.kind === "credit_note" ? "–" : date(each.dueOn)}</td>
                <td class="number" data-label="Net">${grouped(each.netAmount)}</td><td class="number" data-label="Tax">${grouped(each.taxAmount)}</td><td class="number" data-label="Total"><strong>${grouped(each.totalAmount)}</strong></td><td class="unit" data-label="Currency">${each.currency}</td></tr>`)}</tbody>
          </table></div>
          ${next ? html`<p class="more"><button class="quiet" @click=${() => attempt(more)}>Show earlier ones</button></p>` : nothing}`
        : empty("No document has been issued to this company yet.")}
    </section>`;
}

function drafts(found, company, issued) {
  if (!found.length) return empty(issued ? "Nothing of this month is left to issue." : "Nothing is charged in this month, so no document would be issued.");
  return found.map(draft => html`
    <div class="card padded">
      <p>${draft.kind === "invoice" ? "Invoice" : "Credit note"} of <strong>${money(draft.totalAmount, draft.currency)}</strong>: ${grouped(draft.netAmount)} and ${grouped(draft.taxAmount)} tax${/[1-9]/.test(draft.coveredAmount) ? html`; ${grouped(draft.coveredAmount)} is covered already` : nothing}.</p>
      <details><summary>Its lines</summary>${draft.lines ? linesTable(draft.lines, company) : html`<p>There are too many lines to show them here.</p>`}</details>
    </div>`);
}
