// A document: as it was issued, in four forms, and what takes it back.

import { html, nothing } from "../../vendor/lit-html.js";
import { download, get, of } from "../api.js";
import { attempt } from "../dialog.js";
import { date, grouped, month, plain, quantity } from "../format.js";
import { badge, heading, link } from "../parts.js";
import { may } from "../session.js";
import { creditForm } from "./actions.js";

const FORMS = [["PDF", "application/pdf", "pdf"], ["CSV", "text/csv", "csv"], ["UBL", "application/xml", "xml"]];
const KINDS = { charge: "", adjustment: "adjustment of an earlier month", manual: "manual adjustment", credit: "credit", covered: "covered already" };

export async function open({ parts: [, company, , id] }, draw) {
  const document = await get(of("invoices", id));
  const lines = document.lines ?? [];
  let next = document.nextCursor;

  async function more() {
    const page = await get(of("invoices", id), { cursor: next });
    lines.push(...(page.lines ?? []));
    next = page.nextCursor;
    draw();
  }
  const save = ([name, accept, extension]) => () =>
    attempt(() => download(name === "PDF" ? of("invoices", id, "pdf") : of("invoices", id), accept, `${document.number}.${extension}`));

  return () => html`
    ${heading(
      html`${document.kind === "invoice" ? "Invoice" : "Credit note"} ${document.number}`,
      html`${month(document.month)} ${document.creditedBy ? badge(html`credited by ${document.creditedBy}`, "warn") : document.corrects ? badge(html`takes back ${document.corrects}`) : nothing}`,
      html`${FORMS.map(form => html`<button class="quiet" @click=${save(form)}>${form[0]}</button>`)}
        <button class="quiet" @click=${() => window.print()}>Print</button>
        ${document.kind === "invoice" && !document.creditedBy && may("billing/invoice.write")
          ? html`<button @click=${() => creditForm({ document, done: note => location.assign(link(["companies", company, "invoices", note.invoiceId])) })}>Credit note</button>` : nothing}`,
    )}
    <article class="document card">
      <div class="parties">
        ${party("From", document.seller)}${party("To", document.buyer)}
        <dl class="arithmetic">
          <div><dt>Issued on</dt><dd>${date(document.issuedOn)}</dd></div>
          ${document.kind === "invoice" ? html`<div><dt>Due on</dt><dd>${date(document.dueOn)}</dd></div>` : nothing}
          ${document.buyer.buyerReference ? html`<div><dt>Your reference</dt><dd>${document.buyer.buyerReference}</dd></div>` : nothing}
          ${document.seller.iban ? html`<div><dt>IBAN</dt><dd>${document.seller.iban}</dd></div>` : nothing}
        </dl>
      </div>
      ${linesTable(lines, company)}
      ${next ? html`<p class="more no-print"><button class="quiet" @click=${() => attempt(more)}>Show more lines</button></p>` : nothing}
      <table class="sums">
        <tbody>
          <tr><th scope="row">Net</th><td class="number">${grouped(document.netAmount)}</td></tr>
          ${document.taxes.map(tax => html`<tr><th scope="row">Tax ${plain(tax.taxRate)} % on ${grouped(tax.netAmount)}${tax.taxReason ? html` <small>${tax.taxReason}</small>` : nothing}</th><td class="number">${grouped(tax.taxAmount)}</td></tr>`)}
        </tbody>
        <tfoot><tr><th scope="row">Total in ${document.currency}</th><td class="number">${grouped(document.totalAmount)}</td></tr></tfoot>
      </table>
      <details class="no-print"><summary>Proof</summary>
        <p>SHA-256 of the document, and of the one before it in the series:</p>
        <p><code>${document.sha256}</code></p><p><code>${document.previousSha256 ?? "none: it is the first"}</code></p>
        <p>Issued by ${document.recordedBy}.</p>
      </details>
    </article>`;
}

const party = (name, who) => html`
  <address><small>${name}</small><strong>${who.legalName}</strong>
    ${who.address.lines.map(line => html`<span>${line}</span>`)}<span>${who.address.postcode} ${who.address.city}, ${who.address.country}</span>
    ${who.vatId ? html`<span>VAT ${who.vatId}</span>` : nothing}</address>`;

/** Lines of a document, by campaign; each leads to the statement that explains it. */
export function linesTable(lines, company) {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Lines"><table class="lines stack">
      <thead><tr><th scope="col">Line</th><th scope="col">Month</th><th scope="col" class="number">Quantity</th><th scope="col">Unit</th><th scope="col" class="number">Unit price</th><th scope="col" class="number">Amount</th></tr></thead>
      <tbody>${lines.map((line, n) => html`
        ${line.campaignId !== lines[n - 1]?.campaignId || n === 0
          ? html`<tr class="group"><th scope="rowgroup" colspan="6">${line.campaignId ? html`<a href=${link(["companies", company, "campaigns", line.campaignId], { month: line.month })}>${line.campaignName}</a>` : "The company"}</th></tr>` : nothing}
        <tr class=${line.kind === "covered" ? "faint" : ""}>
          <td>${line.description}${KINDS[line.kind] ? html` <small>${KINDS[line.kind]}${line.recomputedAmount !== null ? html`: ${grouped(line.recomputedAmount)} now, ${grouped(line.invoicedAmount)} invoiced` : nothing}</small>` : nothing}</td>
          <td class="unit" data-label="Month">${month(line.month)}</td><td class="number" data-label="Quantity">${quantity(line.quantity)}</td><td class="unit" data-label="Unit">${line.unit}</td><td class="number" data-label="Unit price">${grouped(line.unitPrice)}</td><td class="number" data-label="Amount">${grouped(line.amount)}</td>
        </tr>`)}</tbody>
    </table></div>`;
}
