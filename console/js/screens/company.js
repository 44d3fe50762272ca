// A company in a month: what needs attention, its campaigns with charges and load, and the bundles that it shares.

import { html, nothing } from "../../vendor/lit-html.js";
import { get, of } from "../api.js";
import { sparkline } from "../charts.js";
import { day, grouped, month, monthAfter, percent, plain, units, words } from "../format.js";
import { badge, due, empty, heading, link, load, money, monthPicker, portion, tabs, totals } from "../parts.js";
import { firstMonth } from "../session.js";
import { zoneOf } from "../zones.js";
import { state, sums } from "./companies.js";

const PART = 50;
const MONTHS_BEFORE = 6;

export async function open({ parts: [, id], query }, draw) {
  const at = query.month ?? firstMonth();
  const [overview, zone] = await Promise.all([get(of("companies", id, "overview"), { month: at }), zoneOf(id)]);
  let opportunities = null;
  const series = new Map();
  const names = new Map(overview.campaigns.map(campaign => [campaign.campaignId, campaign.campaignName]));
  const months = [];
  let [shown, wanted] = [PART, ""];
  const visible = () => overview.campaigns.filter(({ campaignName, campaignId }) => `${campaignName} ${campaignId}`.toLowerCase().includes(wanted.toLowerCase()));

  async function spark() {
    for (const campaign of visible().slice(0, shown)) {
      if (series.has(campaign.campaignId)) continue;
      series.set(campaign.campaignId, null);
      const { start, end } = overview.period;
      const found = await get(of("campaigns", campaign.campaignId, "usage-series"), { start, end, interval: "day" }).catch(() => null);
      series.set(campaign.campaignId, found?.points.map(point => point[field(campaign.pricingModel)]) ?? []);
      draw();
    }
  }
  const filter = event => { wanted = event.target.value; shown = PART; draw(); spark(); };
  const more = count => { shown = count; draw(); spark(); };

  get(of("companies", id, "opportunities")).catch(error => error).then(found => { opportunities = found; draw(); });
  spark();
  async function lookBack(event) {
    if (!event.target.open || months.length) return;
    for (let by = -1; by >= -MONTHS_BEFORE; by -= 1) {
      const each = { at: monthAfter(at, by), overview: null };
      months.push(each);
      draw();
      each.overview = await get(of("companies", id, "overview"), { month: each.at }).catch(error => error);
      draw();
    }
  }

  return () => html`
    ${heading(overview.companyName, html`${month(at)} ${state(overview)} <span class="faint">${zone}</span>`, monthPicker(at, to => link(["companies", id], { month: to })))}
    ${tabs(id, "Overview", at)}
    ${overview.charges.map(totals)}
    <details class="no-print" @toggle=${lookBack}><summary>The ${MONTHS_BEFORE} months before</summary>${months.length ? earlier(months, id) : nothing}</details>
    ${attention(opportunities, names, id, at, zone)}
    <section>
      <h2>Campaigns</h2>
      ${overview.campaigns.length > 10 ? html`<input type="search" class="no-print" aria-label="Find a campaign" placeholder="Find a campaign" @input=${filter}>` : nothing}
      ${visible().length
        ? html`
          <div class="scroll card" tabindex="0" role="region" aria-label="Campaigns"><table class="stack">
            <thead><tr><th scope="col">Campaign</th><th scope="col">Model</th><th scope="col">Used by day</th><th scope="col">Load</th><th scope="col" class="number">Charged</th><th scope="col" class="number">Due</th><th scope="col"><span class="hidden">Currency</span></th></tr></thead>
            <tbody>${visible().slice(0, shown).map(campaign => row(campaign, series.get(campaign.campaignId), id, at))}</tbody>
          </table></div>
          ${portion(visible(), shown, more)}`
        : empty(wanted ? "No campaign has this in its name." : "This company has no campaigns yet.")}
    </section>`;
}

function earlier(months, id) {
  return html`
    <div class="scroll card" tabindex="0" role="region" aria-label="Months"><table class="stack">
      <thead><tr><th scope="col">Month</th><th scope="col">State</th><th scope="col" class="number">Charged</th><th scope="col" class="number">Due</th></tr></thead>
      <tbody>${months.map(({ at, overview }) => html`
        <tr><th scope="row"><a href=${link(["companies", id], { month: at })}>${month(at)}</a></th>
          ${overview === null ? html`<td colspan="3" class="faint">…</td>` : overview instanceof Error ? html`<td colspan="3" class="problem">${overview.message}</td>` : html`<td data-label="State">${state(overview)}</td>${sums(overview, "totalAmount", "Charged")}${sums(overview, "amountDue", "Due")}`}
        </tr>`)}</tbody>
    </table></div>`;
}

/** The kind of usage that is drawn for a pricing model. */
export const field = model => ({ seats: "seatsPeak", credits: "credits", custom: "sessions" })[model] ?? "learners";

function row(campaign, points, company, at) {
  const { totalAmount, amountDue } = campaign.charges;
  return html`
    <tr>
      <th scope="row"><a href=${link(["companies", company, "campaigns", campaign.campaignId], { month: at })}>${campaign.campaignName}</a><small>${campaign.campaignId}</small></th>
      <td data-label="Model">${campaign.pricingModel}${campaign.isActive && ["recruiting", "active", "paused"].includes(campaign.status) ? nothing : html` ${badge(campaign.isActive ? campaign.status : "inactive")}`}</td>
      <td data-label="Used by day">${sparkline(points, `Used by day, ${words(field(campaign.pricingModel))}`)}</td>
      <td data-label="Load">${load(campaign.capacity)}${campaign.capacity?.unit === "credit" ? html`<small>${units(campaign.capacity.available, "credit")} left</small>` : nothing}</td>
      <td class="number" data-label="Charged">${due(totalAmount)}</td>
      <td class="number" data-label="Due">${due(amountDue)}</td>
      <td class="unit" data-label="Currency">${campaign.currency ?? ""}</td>
    </tr>`;
}

function attention(found, names, company, at, zone) {
  if (found === null) return nothing;
  if (found instanceof Error) return html`<p class="problem">${found.message}</p>`;
  if (!found.opportunities.length) return nothing;
  return html`
    <section>
      <h2>What needs attention <span class="faint">now</span></h2>
      <ul class="attention">
        ${found.opportunities.map(each => html`
          <li class="card">
            <p class="subject">${names.has(each.subject) ? html`<a href=${link(["companies", company, "campaigns", each.subject], { month: at })}>${names.get(each.subject)}</a>` : each.subject}</p>
            <p>${each.suggestion}</p>
            <p class="stake">${money(each.amountAtStake, each.currency)} <span class="faint">at stake since ${day(each.since, zone)}</span></p>
            <details><summary>Why (rule ${each.rule})</summary>
              <table><tbody>${each.evidence.map(({ name, value, source }) => html`<tr><th scope="row">${words(name)}</th><td class="number">${evidence(name, value)}</td><td class="faint">${source}</td></tr>`)}</tbody></table>
            </details>
          </li>`)}
      </ul>
    </section>`;
}

const evidence = (name, value) => (/^-?\d+(\.\d+)?$/.test(value) ? (/load|ratio|Used\d*$/.test(name) ? percent(value) : plain(value)) : grouped(value));
