// A campaign in a month: usage against commitment, what is left of its credits, its terms through time, and the statement with
// the reason for every line.

import { html, nothing } from "../../vendor/lit-html.js";
import { get, of, pages } from "../api.js";
import { burnDown, usageChart } from "../charts.js";
import { attempt } from "../dialog.js";
import { addUp, counted, rule, spanOf } from "../explain.js";
import { decimal, sum } from "../decimal.js";
import { day, grouped, instant, isZero, month, monthAfter, percent, plain, quantity, units, words } from "../format.js";
import { badge, due, heading, link, load, money, monthPicker, portion, totals, working } from "../parts.js";
import { firstMonth, may } from "../session.js";
import { zoneOf } from "../zones.js";
import { linkForm, termsForm, topUpForm, unlinkForm } from "./actions.js";
import { field } from "./company.js";
import { termsTable, value } from "./terms.js";

const COVERED = { none: "", prepaid_credits: "prepaid credits", subscription: "subscription" };

export async function open({ parts: [, company, , id], query }, draw, reload) {
  const at = query.month ?? firstMonth();
  const [start, end] = [`${at}-01`, `${monthAfter(at, 1)}-01`];
  const here = more => link(["companies", company, "campaigns", id], { month: at, ...more });
  const [usage, zone, terms, capacity, series] = await Promise.all([
    get(of("campaigns", id, "usage"), { start, end }),
    zoneOf(company),
    get(of("campaigns", id, "terms")),
    get(of("campaigns", id, "capacity")),
    get(of("campaigns", id, "usage-series"), { start, end, interval: "day" }),
  ]);
  const drawn = { interval: "day", points: series.points };
  let opened = null;

  async function explain(index) {
    if (opened?.index === index) {
      opened = null;
      history.replaceState(null, "", here());
      return draw();
    }
    history.replaceState(null, "", here({ line: index }));
    opened = { index, shown: 20 };
    draw();
    const turn = opened;
    try {
      Object.assign(turn, await reasons(usage, usage.billing.lines[index], company));
    } catch (error) {
      turn.failure = error.message;
    }
    if (opened === turn) draw();
  }

  async function changeInterval(interval) {
    const { points } = await get(of("campaigns", id, "usage-series"), { start, end, interval });
    Object.assign(drawn, { interval, points });
    draw();
  }

  if (usage.billing.lines[query.line]) explain(Number(query.line));
  return () => html`
    ${heading(usage.campaignName, html`${usage.pricingModel} · ${month(at)} · ${id}`, monthPicker(at, to => link(["companies", company, "campaigns", id], { month: to })))}
    ${totals({ ...usage.billing, currency: usage.billing.currency })}
    <section>
      <div class="bar"><h2>Statement</h2><button class="quiet no-print" @click=${() => window.print()}>Print</button></div>
      ${statement(usage, opened, { explain, draw, zone, company, at, campaign: id })}
    </section>
    <section>
      <div class="bar"><h2>Usage</h2>
        <span class="segments no-print" role="group" aria-label="Interval">${["day", "hour"].map(interval => html`
          <button class="quiet" aria-pressed=${String(drawn.interval === interval)} @click=${() => attempt(() => changeInterval(interval))}>by ${interval}</button>`)}</span>
      </div>
      <div class="card">${usageOf(usage, drawn, terms, zone)}</div>
    </section>
    ${now(capacity, zone)}
    <section>
      <div class="bar"><h2>Terms</h2><span class="actions no-print">
        ${may("billing/terms.write") ? html`<button @click=${() => termsForm({ id, terms: terms.terms, zone, currency: usage.billing.currency, done: reload })}>Change the terms</button>` : nothing}
        ${may("billing/write") ? html`
          ${usage.pricingModel === "credits" ? html`<button @click=${() => topUpForm({ id, capacity, currency: usage.billing.currency, zone, done: reload })}>Top up credits</button>` : nothing}
          <button class="quiet" @click=${() => linkForm({ id, terms: terms.terms, done: reload })}>Link to a bundle</button>
          ${terms.terms.l2iSubscriptionId ? html`<button class="quiet" @click=${() => unlinkForm({ id, terms: terms.terms, done: reload })}>Unlink</button>` : nothing}` : nothing}
      </span></div>
      ${timeline(terms, zone)}
    </section>`;
}

function statement(usage, opened, page) {
  const { lines, currency } = usage.billing;
  if (!lines.length) return html`<p class="empty">Nothing is charged in this month.</p>`;
  return html`
    <div class="scroll card" tabindex="0" role="region" aria-label="Statement"><table class="statement stack">
      <thead><tr><th scope="col">Line</th><th scope="col" class="number">Quantity</th><th scope="col">Unit</th><th scope="col" class="number">Unit price</th><th scope="col" class="number">Amount</th><th scope="col">Covered by</th></tr></thead>
      <tbody>${lines.map((line, index) => html`
        <tr class=${opened?.index === index ? "opened" : ""}>
          <th scope="row">
            <button class="why" aria-expanded=${String(opened?.index === index)} aria-controls="why-${index}" @click=${() => page.explain(index)}>${line.description}</button>
            <small class="derivation">= ${line.derivation}</small>
            ${sameKey(lines, line).length > 1 && line.key !== "credits.prepaid" ? html`<small>${instant(line.from, page.zone)} until ${instant(line.to, page.zone)}</small>` : nothing}
            ${isZero(line.estimatedAmount) ? nothing : html`<small>${grouped(line.estimatedAmount)} of it rests on estimated records</small>`}
          </th>
          <td class="number" data-label="Quantity">${quantity(line.quantity)}</td><td class="unit" data-label="Unit">${line.unit}</td>
          <td class="number" data-label="Unit price">${grouped(line.unitPrice)}</td>
          <td class="number amount" data-label="Amount"><button class="why" tabindex="-1" aria-label="Why ${line.amount}" @click=${() => page.explain(index)}>${due(line.amount)}</button></td>
          <td class="unit" data-label="Covered by">${COVERED[line.coveredBy] || "–"}</td>
        </tr>
        ${opened?.index === index ? html`<tr class="reason"><td colspan="6" id="why-${index}">${reason(line, opened, page, currency)}</td></tr>` : nothing}`)}
      </tbody>
      <tfoot><tr><th scope="row" colspan="4">Total</th><td class="number">${grouped(usage.billing.totalAmount)}</td><td class="unit">${currency}</td></tr></tfoot>
    </table></div>`;
}

const sameKey = (lines, line) => lines.filter(other => other.key === line.key);

/** The terms in force when a line begins, and its records. */
async function reasons(usage, line, company) {
  const { event } = rule(line);
  const terms = await get(of("campaigns", usage.campaignId, "terms"), { at: line.from });
  if (!event) return { terms: terms.terms };
  const records = [];
  for await (const page of pages(of("companies", company, "usage-records"), spanOf(line)))
    for (const campaign of page.campaigns) if (campaign.campaignId === usage.campaignId) records.push(...campaign.events);
  const hours = (Date.parse(usage.period.end) - Date.parse(usage.period.start)) / 3_600_000;
  const priced = line.key === "credits.prepaid" ? decimal(sum(sameKey(usage.billing.lines, line).map(each => each.quantity))) : line.quantity;
  const added = addUp(counted(records, line), line, { committed: terms.terms.committedSeats ?? "0", hours, priced });
  return { terms: terms.terms, added };
}

function reason(line, opened, page, currency) {
  const { title, words: text, terms, event } = rule(line);
  const { zone } = page;
  return html`
    <div class="why-panel">
      <h3>${title}</h3>
      <p>${text}</p>
      <dl class="arithmetic">
        <div><dt>Arithmetic</dt><dd><code>${line.derivation} = ${grouped(line.amount)}${currency ? ` ${currency}` : ""}</code></dd></div>
        <div><dt>In force</dt><dd>${instant(line.from, zone)} until ${instant(line.to, zone)}</dd></div>
      </dl>
      ${opened.failure ? html`<p class="problem" role="alert">${opened.failure}</p>` : !opened.terms ? working("Reading its terms and records …") : html`
        <h4>Terms in force</h4>
        <dl class="arithmetic">${terms.map(name => html`<div><dt>${words(name)}</dt><dd>${value(opened.terms[name])}</dd></div>`)}</dl>
        ${event ? recordsOf(line, opened, page) : nothing}`}
    </div>`;
}

function recordsOf(line, opened, { draw, zone, company, at, campaign }) {
  const { rows, total, unit, agrees, note } = opened.added;
  return html`
    <h4>Records</h4>
    <p>${{ 0: "No records add", 1: "One record adds" }[rows.length] ?? `${grouped(String(rows.length))} records add`} up to <strong>${units(total, unit)}</strong>${agrees ? html`, ${note && line.key === "credits.prepaid" ? "which is the quantity of the lines of all prices together" : "which is the line's quantity"}. ${badge("agrees", "good")}` : "."} ${note && line.key !== "credits.prepaid" ? note : nothing}
      ${agrees ? nothing : html`A cap or a change of terms within these days makes the line differ from this sum: see the arithmetic.`}</p>
    ${rows.length ? html`
      <table>
        <thead><tr><th scope="col">When</th><th scope="col" class="number">Recorded</th><th scope="col" class="number">Counts here</th><th scope="col">Record</th></tr></thead>
        <tbody>${rows.slice(0, opened.shown).map(({ record, part }) => html`
          <tr><td>${instant(record.eventTimestamp, zone)}</td><td class="number">${quantity(record.quantity)}</td><td class="number">${quantity(part)}</td>
            <td>${record.usageRecordId}${record.corrects ? html` <small>corrects ${record.corrects}: ${record.reason}</small>` : nothing}${record.metadata?.estimated ? html` ${badge("estimated")}` : nothing}</td></tr>`)}</tbody>
      </table>
      ${portion(rows, opened.shown, count => { opened.shown = count; draw(); })}` : nothing}
    <p class="no-print"><a href=${link(["companies", company, "records"], { month: at, campaign })}>All records of the month</a></p>`;
}

function usageOf(usage, { interval, points }, terms, zone) {
  const name = field(usage.pricingModel);
  const unit = { seatsPeak: "seats", credits: "credits", sessions: "sessions", learners: "learners" }[name];
  const { start, end } = usage.period;
  const limits = name === "seatsPeak" ? commitments(terms, start, end) : [];
  return usageChart({ points: points.map(point => ({ ...point, value: point[name] })), limits, unit, zone, title: `${unit[0].toUpperCase()}${unit.slice(1)} by ${interval}` });
}

/** The committed seats of a period, as the history of terms has them: `[{start, end, value}]`. */
function commitments(terms, start, end) {
  const changes = terms.changes.filter(change => "committedSeats" in change.terms).sort((one, other) => (one.effectiveFrom ?? "").localeCompare(other.effectiveFrom ?? "") || Number(one.changeId) - Number(other.changeId));
  return changes
    .map((change, n) => ({ start: later(change.effectiveFrom ?? start, start), end: earlier(changes[n + 1]?.effectiveFrom ?? end, end), value: change.terms.committedSeats }))
    .filter(limit => Date.parse(limit.start) < Date.parse(limit.end));
}

const later = (one, other) => (Date.parse(one) > Date.parse(other) ? one : other);
const earlier = (one, other) => (Date.parse(one) < Date.parse(other) ? one : other);

function now(capacity, zone) {
  if (capacity.unit === null || (capacity.committed === null && !capacity.grants.length)) return nothing;
  const { forecast, grants } = capacity;
  return html`
    <section>
      <h2>Capacity <span class="faint">now</span></h2>
      <div class="card padded">
        <p class="wide">${load(capacity)}</p>
        <dl class="arithmetic">
          ${[["Committed", capacity.committed], ["Used", capacity.used], ["Available", capacity.available]].map(([name, figure]) => html`<div><dt>${name}</dt><dd>${figure === null ? "–" : units(figure, capacity.unit)}</dd></div>`)}
          ${capacity.commitmentUsed === null ? nothing : html`<div><dt>Commitment used</dt><dd>${percent(capacity.commitmentUsed)}</dd></div>`}
          ${Object.entries(capacity.inputs).map(([name, figure]) => html`<div><dt>${words(name)}</dt><dd>${plain(figure)}</dd></div>`)}
        </dl>
        ${forecast ? (forecast.runsOutAt && !isZero(forecast.left) ? burnDown(forecast, zone) : html`<p class="faint">${isZero(forecast.left) ? "No credits are left." : `${units(forecast.left, "credit")} are left. Too little was used in the last ${forecast.days} days to say when they run out.`}</p>`) : nothing}
        ${grants.length ? html`
          <div class="scroll" tabindex="0" role="region" aria-label="Grants"><table>
            <thead><tr><th scope="col">Grant</th><th scope="col">Source</th><th scope="col" class="number">Credits</th><th scope="col" class="number">Left</th><th scope="col" class="number">Priority</th><th scope="col">Expires</th></tr></thead>
            <tbody>${grants.map(grant => html`<tr><td>${grant.grantId}</td><td>${grant.source}</td><td class="number">${quantity(grant.credits)}</td><td class="number">${quantity(grant.remaining)}</td><td class="number">${grant.priority}</td><td>${grant.expiresAt ? instant(grant.expiresAt, zone) : "never"}</td></tr>`)}</tbody>
          </table></div>` : nothing}
      </div>
    </section>`;
}

function timeline(terms, zone) {
  return html`
    <ol class="timeline">
      ${terms.changes.map((change, index) => html`
        <li>
          <p class="when">${change.effectiveFrom ? instant(change.effectiveFrom, zone) : "From the beginning"}</p>
          <div class="card padded">
            ${termsTable(change.terms, index > 0)}
            <p class="faint">${change.reason ? html`“${change.reason}” · ` : nothing}${{ platform: "by another service", set_terms: "by set_terms", link: "by a link" }[change.source] ?? change.source}${change.recordedBy ? ` · ${change.recordedBy}` : ""} · recorded ${day(change.recordedAt, zone)}</p>
          </div>
        </li>`)}
    </ol>`;
}
