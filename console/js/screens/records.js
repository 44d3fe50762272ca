// Usage records of a month: find, correct, void.

import { html, nothing } from "../../vendor/lit-html.js";
import { get, of } from "../api.js";
import { attempt } from "../dialog.js";
import { grouped, instant, month, monthAfter, quantity } from "../format.js";
import { badge, empty, heading, link, monthPicker, portion, tabs } from "../parts.js";
import { firstMonth, may } from "../session.js";
import { zoneOf } from "../zones.js";
import { correctForm } from "./actions.js";

const PART = 50;
const TYPES = { seat_usage: "seats", credit_usage: "credits", learner_served: "learners", session_completed: "sessions" };

export async function open({ parts: [, id], query }, draw, reload) {
  const at = query.month ?? firstMonth();
  const period = { start: `${at}-01`, end: `${monthAfter(at, 1)}-01` };
  const path = of("companies", id, "usage-records");
  const [zone, first] = await Promise.all([zoneOf(id), get(path, period)]);
  const wanted = { campaign: query.campaign ?? "", type: "", text: "" };
  const records = [];
  let [next, shown, busy] = [null, PART, false];
  take(first);

  function take(page) {
    const events = page.campaigns.flatMap(campaign => campaign.events.map(event => ({ ...event, campaignId: campaign.campaignId })));
    records.push(...events.sort((one, other) => Date.parse(one.eventTimestamp) - Date.parse(other.eventTimestamp)));
    next = page.nextCursor;
  }
  async function read() {
    busy = true;
    draw();
    try {
      take(await get(path, { ...period, cursor: next }));
    } finally {
      busy = false;
      draw();
    }
  }
  const found = () => records.filter(record =>
    (!wanted.campaign || record.campaignId.includes(wanted.campaign)) && (!wanted.type || record.eventType === wanted.type)
    && (!wanted.text || `${record.usageRecordId} ${record.deduplicationKey} ${JSON.stringify(record.metadata)}`.toLowerCase().includes(wanted.text.toLowerCase())));
  const want = name => event => { wanted[name] = event.target.value; shown = PART; draw(); };

  return () => html`
    ${heading("Usage records", month(at), monthPicker(at, to => link(["companies", id, "records"], { month: to })))}
    ${tabs(id, "Usage records", at)}
    <form class="filters no-print" role="search" @submit=${event => event.preventDefault()}>
      <label>Campaign <input type="search" .value=${wanted.campaign} @input=${want("campaign")}></label>
      <label>What <select @change=${want("type")}><option value="">everything</option>${Object.entries(TYPES).map(([type, name]) => html`<option value=${type}>${name}</option>`)}</select></label>
      <label>Number, key or metadata <input type="search" @input=${want("text")}></label>
    </form>
    <p class="faint" role="status">${grouped(String(found().length))} of the ${grouped(String(records.length))} records read so far${next ? html`; there are more. <button class="quiet" ?disabled=${busy} @click=${() => attempt(read)}>${busy ? "Reading …" : "Read more"}</button>` : "."}</p>
    ${found().length
      ? html`
        <div class="scroll card" tabindex="0" role="region" aria-label="Records"><table class="stack">
          <thead><tr><th scope="col">Record</th><th scope="col">When</th><th scope="col">Campaign</th><th scope="col" class="number">Quantity</th><th scope="col">What</th><th scope="col">Paid by</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
          <tbody>${found().slice(0, shown).map(row)}</tbody>
        </table></div>
        ${portion(found(), shown, count => { shown = count; draw(); })}`
      : empty("No record matches.")}`;

  function row(record) {
    return html`
      <tr class=${record.supersededBy ? "faint" : ""}>
        <td>${record.usageRecordId}${record.supersededBy ? html` ${badge(`superseded by ${record.supersededBy}`)}` : nothing}
          ${record.corrects ? html`<small>corrects ${record.corrects}: ${record.reason} · ${record.recordedBy}</small>` : nothing}
          <details><summary>Key and metadata</summary><code>${record.deduplicationKey}</code><pre>${JSON.stringify(record.metadata, null, 2)}</pre><small>recorded ${instant(record.recordedAt, zone)}</small></details></td>
        <td data-label="When">${instant(record.eventTimestamp, zone)}</td>
        <td data-label="Campaign"><a href=${link(["companies", id, "campaigns", record.campaignId], { month: at })}>${record.campaignId}</a></td>
        <td class="number" data-label="Quantity">${quantity(record.quantity)}</td><td data-label="What">${TYPES[record.eventType]}</td>
        <td data-label="Paid by">${record.burned === null ? nothing : html`${record.burned.map(burned => html`<div>${quantity(burned.credits)} by grant ${burned.grantId}</div>`)}${/[1-9]/.test(record.overage ?? "") ? html`<div>${quantity(record.overage)} due</div>` : nothing}`}</td>
        <td class="row-actions">${!record.supersededBy && may("billing/usage.correct") ? [["Correct", false], ["Void", true]].map(([name, isVoid]) => html`
          <button class="quiet small" aria-label="${name} record ${record.usageRecordId}" @click=${() => correctForm({ record, campaign: record.campaignId, at, period, isVoid, done: reload })}>${name}</button>`) : nothing}</td>
      </tr>`;
  }
}
