// All companies: what each is charged in a month.

import { html, nothing } from "../../vendor/lit-html.js";
import { get } from "../api.js";
import { attempt } from "../dialog.js";
import { month } from "../format.js";
import { badge, empty, heading, link, money, monthPicker } from "../parts.js";
import { firstMonth } from "../session.js";

const AT_ONCE = 4;

export async function open({ query }, draw) {
  const at = query.month ?? firstMonth();
  const [companies, overviews] = [[], new Map()];
  let next = null;

  async function more() {
    const page = await get("/v1/companies", { limit: 25, cursor: next });
    companies.push(...page.companies);
    next = page.nextCursor;
    summarize(page.companies);
  }

  async function summarize(some) {
    const waiting = [...some];
    const worker = async () => {
      for (let company = waiting.shift(); company; company = waiting.shift()) {
        try {
          overviews.set(company.companyId, await get(`/v1/companies/${encodeURIComponent(company.companyId)}/overview`, { month: at }));
        } catch (error) {
          overviews.set(company.companyId, error);
        }
        draw();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  await more();
  return () => html`
    ${heading("Companies", `What each is charged in ${month(at)}`, monthPicker(at, to => link(["companies"], { month: to })))}
    ${companies.length
      ? html`
        <div class="scroll card" tabindex="0" role="region" aria-label="Companies"><table class="stack">
          <thead><tr><th scope="col">Company</th><th scope="col">Month</th><th scope="col" class="number">Charged</th><th scope="col" class="number">Covered already</th><th scope="col" class="number">Due</th></tr></thead>
          <tbody>${companies.map(company => row(company, overviews.get(company.companyId), at))}</tbody>
        </table></div>
        ${next ? html`<p class="more"><button class="quiet" @click=${() => attempt(more).then(draw)}>Show more companies</button></p>` : nothing}`
      : empty("There are no companies yet. On a developer's machine, make demo loads some.")}`;
}

function row(company, overview, at) {
  const name = html`<th scope="row"><a href=${link(["companies", company.companyId], { month: at })}>${company.name}</a><small>${company.companyId} · ${company.timeZone}</small></th>`;
  if (!overview) return html`<tr>${name}<td colspan="4" class="faint">…</td></tr>`;
  if (overview instanceof Error) return html`<tr>${name}<td colspan="4" class="problem">${overview.message}</td></tr>`;
  return html`<tr>${name}<td data-label="Month">${state(overview)}</td>${sums(overview, "totalAmount", "Charged")}${sums(overview, "coveredAmount", "Covered already")}${sums(overview, "amountDue", "Due")}</tr>`;
}

export const state = overview => (overview.invoice.state === "closed" ? badge("closed", "good") : badge("open"));

/** A cell with one of the sums of an overview, in each currency. */
export const sums = (overview, part, label) => html`
  <td class="number" data-label=${label}>${overview.charges.length ? overview.charges.map(charges => html`<div>${money(charges[part], charges.currency)}</div>`) : html`<span class="faint">nothing</span>`}</td>`;
