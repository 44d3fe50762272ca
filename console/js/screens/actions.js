// The actions: each with its form, what it will do in money, and an id by which a repeat is the same action.

import { html, nothing } from "../../vendor/lit-html.js";
import { get, of, send } from "../api.js";
import { openForm, say } from "../dialog.js";
import { decimal, divided, millionths } from "../decimal.js";
import { date, grouped, instant, month, percent, plain, units } from "../format.js";
import { money } from "../parts.js";
import { may } from "../session.js";
import { nameOf, value } from "./terms.js";

const STATUSES = ["draft", "planned", "recruiting", "active", "paused", "completed", "closed"];
const MODELS = ["seats", "credits", "bundle", "iaas", "custom"];
const TEXT = ["committedSeats", "seatPricePerMonth", "creditPrice", "creditConsumptionRate", "startDate", "endDate"];
const JSON_TERMS = ["iaasMetrics", "customPricingTerms"];
const REASON = { name: "reason", label: "Reason", required: true, help: "It stays beside the change, for whoever asks later." };

const fieldOf = (name, given, more) => ({ name, label: nameOf(name)[0].toUpperCase() + nameOf(name).slice(1), value: given ?? "", pointer: `/terms/${name}`, ...more });

/** Another status, model or price from an instant on; the dry run says what that does to each month. */
export function termsForm({ id, terms, zone, currency, done }) {
  const request = values => ({ effectiveFrom: values.effectiveFrom, reason: values.reason, retroactive: values.retroactive === "yes", terms: changed(terms, values) });
  openForm({
    title: "Change the terms",
    target: id,
    intro: html`<p>What you leave as it is stays in force. Nothing is changed before you have seen what it does to each month.</p>`,
    fields: [
      { name: "effectiveFrom", label: "From", required: true, type: "date", help: `Midnight of that day in ${zone}.` },
      fieldOf("status", terms.status, { options: STATUSES.map(each => [each, each]) }),
      fieldOf("isActive", String(terms.isActive), { options: [["true", "yes"], ["false", "no"]] }),
      fieldOf("pricingModel", terms.pricingModel, { options: MODELS.map(each => [each, each]) }),
      ...TEXT.map(name => fieldOf(name, terms[name], name.endsWith("Date") ? { type: "date" } : { inputmode: "decimal" })),
      ...JSON_TERMS.map(name => fieldOf(name, terms[name] ? JSON.stringify(terms[name]) : "", { help: "As JSON." })),
      { ...REASON, label: "Reason", required: true },
      { name: "retroactive", label: "Reach into months that are invoiced", options: [["no", "no"], ["yes", "yes: the differences come on the next invoice"]], value: "no" },
    ],
    confirm: "Change the terms",
    review: async values => {
      const result = await send("PUT", of("campaigns", id, "terms"), { id: "console-dry-run", ...request(values) }, { dryRun: true });
      return html`
        <p>From <strong>${instant(result.effectiveFrom, zone)}</strong>:</p>
        <ul>${Object.keys(request(values).terms).map(name => html`<li>${nameOf(name)}: ${value(result.before[name])} → <strong>${value(result.after[name])}</strong></li>`)}</ul>
        ${differences(result.months, currency)}`;
    },
    submit: (values, action) => send("PUT", of("campaigns", id, "terms"), { id: action, ...request(values) }),
    done: () => { say("The terms have been changed."); done(); },
  });
}

function changed(terms, values) {
  const given = {};
  for (const name of ["status", "pricingModel", ...TEXT]) if (values[name] !== (terms[name] ?? "")) given[name] = values[name] === "" ? null : values[name];
  if (values.isActive !== String(terms.isActive)) given.isActive = values.isActive === "true";
  for (const name of JSON_TERMS) if (values[name] !== (terms[name] ? JSON.stringify(terms[name]) : "")) given[name] = values[name] === "" ? null : parsed(values[name], name);
  return given;
}

function parsed(text, name) {
  try {
    return JSON.parse(text);
  } catch {
    throw Object.assign(new Error("A field is not JSON."), { fields: new Map([[`/terms/${name}`, "is not JSON"]]) });
  }
}

function differences(months, currency) {
  const moved = months.filter(each => /[1-9]/.test(each.difference));
  if (!moved.length) return html`<p>No month until now is charged differently.</p>`;
  return html`
    <table>
      <thead><tr><th scope="col">Month</th><th scope="col" class="number">Charged now</th><th scope="col" class="number">Then</th><th scope="col" class="number">Difference</th><th scope="col"><span class="hidden">Currency</span></th></tr></thead>
      <tbody>${moved.map(each => html`<tr><th scope="row">${month(each.month)}</th><td class="number">${grouped(each.before)}</td><td class="number">${grouped(each.after)}</td><td class="number"><strong>${grouped(each.difference)}</strong></td><td class="unit">${each.currency ?? currency ?? ""}${each.invoiced ? " · invoiced" : ""}</td></tr>`)}</tbody>
    </table>
    ${moved.some(each => each.invoiced) ? html`<p>Documents that are issued stay as they are; the differences come on the next invoice.</p>` : nothing}`;
}

/** More credits, paid for now. */
export function topUpForm({ id, capacity, currency, zone, done }) {
  const body = values => ({
    credits: values.credits,
    ...Object.fromEntries(["note", "amount", "expiresAt"].filter(name => values[name]).map(name => [name, name === "expiresAt" ? `${values[name]}T00:00:00Z` : values[name]])),
    ...(values.priority ? { priority: /^\d+$/.test(values.priority) ? Number(values.priority) : values.priority } : {}),
  });
  const priced = may("billing/terms.write");
  openForm({
    title: "Top up credits",
    target: id,
    fields: [
      { name: "credits", label: "Credits", required: true, inputmode: "decimal" },
      ...(priced
        ? [
            { name: "amount", label: `Paid for them${currency ? `, in ${currency}` : ""}`, inputmode: "decimal", help: "Without it, the list price." },
            { name: "expiresAt", label: "Expires", type: "date", help: "From midnight UTC of that day on, usage cannot burn them." },
            { name: "priority", label: "Priority", inputmode: "numeric", help: "The lower burns first; 100 without it." },
          ]
        : []),
      { name: "note", label: "Note" },
    ],
    confirm: "Top up",
    review: async values => {
      if (!/^\d{1,12}(\.\d{1,6})?$/.test(values.credits) || !/[1-9]/.test(values.credits)) throw Object.assign(new Error("The number of credits is missing."), { fields: new Map([["/credits", "must be a number above 0, such as 400"]]) });
      const left = capacity.available ?? "0";
      return html`
        <p><strong>${units(values.credits, "credit")}</strong> ${values.amount ? html`for <strong>${money(values.amount, currency)}</strong>` : "at the list price"}, ${values.expiresAt ? html`until ${date(values.expiresAt)}` : "without an expiry"}.</p>
        <p>The balance goes from ${plain(left)} to <strong>${plain(decimal(millionths(left) + millionths(values.credits)))}</strong> credits. Overage of earlier usage stays due.</p>`;
    },
    submit: (values, action) => send("POST", of("campaigns", id, "credits"), { id: action, ...body(values) }),
    done: result => { say(`${plain(result.creditsRemaining)} credits are left now.`); done(); },
  });
}

/** A share of a subscription's bundle. */
export function linkForm({ id, terms, done }) {
  const body = values => ({ subscriptionId: values.subscriptionId, allocationPercentage: fraction(values.share), ...(values.effectiveFrom ? { effectiveFrom: values.effectiveFrom } : {}) });
  openForm({
    title: "Link to a bundle",
    target: id,
    fields: [
      { name: "subscriptionId", label: "Subscription", required: true, value: terms.l2iSubscriptionId },
      { name: "share", label: "Share, in percent", required: true, inputmode: "decimal", pointer: "/allocationPercentage", value: terms.bundleAllocationPercentage ? percent(terms.bundleAllocationPercentage).replace(" %", "") : "" },
      { name: "effectiveFrom", label: "From", type: "date", help: "Without a day, from the current hour on." },
    ],
    confirm: "Link",
    review: async values => {
      if (!values.subscriptionId) throw Object.assign(new Error("The subscription is missing."), { fields: new Map([["/subscriptionId", "is required"]]) });
      const split = await get(of("subscriptions", values.subscriptionId, "allocation"));
      const year = decimal((millionths(split.totalBudget) * millionths(fraction(values.share))) / 1_000_000n);
      return html`
        <p>The campaign gets <strong>${values.share} %</strong> of ${values.subscriptionId}: about <strong>${money(year.slice(0, -4), split.currency)}</strong> of ${money(split.totalBudget, split.currency)} a year, which the subscription has paid for.</p>
        <p>Its links together take up ${percent(split.totalAllocationPercentage)} today.</p>`;
    },
    submit: values => send("PUT", of("campaigns", id, "subscription"), body(values)),
    done: () => { say("The campaign is linked."); done(); },
  });
}

/** "25" percent as the fraction "0.25". */
function fraction(text) {
  if (!/^\d{1,3}(\.\d{1,2})?$/.test(text)) throw Object.assign(new Error("The share is not a percentage."), { fields: new Map([["/allocationPercentage", "must be a percentage such as 25 or 33.33"]]) });
  return decimal(millionths(text) / 100n).replace(/0+$/, "").replace(/\.$/, "");
}

export function unlinkForm({ id, terms, done }) {
  openForm({
    title: "Unlink from the bundle",
    target: id,
    fields: [{ name: "effectiveFrom", label: "From", type: "date", help: "Without a day, from the current hour on." }],
    confirm: "Unlink",
    review: async values => html`<p>From ${values.effectiveFrom ? date(values.effectiveFrom) : "the current hour"} on the campaign has no share of <strong>${terms.l2iSubscriptionId}</strong>, and nothing more is charged for it. What is charged until then stays.</p>`,
    submit: values => send("DELETE", of("campaigns", id, "subscription"), undefined, { effectiveFrom: values.effectiveFrom }),
    done: () => { say("The link has ended."); done(); },
  });
}

/** Another quantity for a record, or none. */
export function correctForm({ record, campaign, at, period, isVoid, done }) {
  openForm({
    title: isVoid ? "Void a record" : "Correct a record",
    target: record.usageRecordId,
    intro: html`<p>Record ${record.usageRecordId} of ${campaign}: ${plain(record.quantity)}. It stays in the ledger; the correction takes its place.</p>`,
    fields: [...(isVoid ? [] : [{ name: "quantity", label: "The right quantity", required: true, inputmode: "decimal", value: plain(record.quantity).replace(/,/g, "") }]), REASON],
    confirm: isVoid ? "Void it" : "Correct it",
    review: async values => {
      if (!values.reason) throw Object.assign(new Error("The reason is missing."), { fields: new Map([["/reason", "is required"]]) });
      const { billing } = await get(of("campaigns", campaign, "usage"), period);
      const quantity = isVoid ? "0" : values.quantity;
      if (!/^\d{1,12}(\.\d{1,6})?$/.test(quantity)) throw Object.assign(new Error("The quantity is not a number."), { fields: new Map([["/quantity", "must be a number such as 11"]]) });
      const when = Date.parse(record.eventTimestamp);
      const ofRecord = line => line.key === "iaas.learners" && Date.parse(line.from) <= when && when < Date.parse(line.to);
      const priced = record.eventType === "learner_served" ? billing.lines.find(ofRecord) : null;
      return html`
        <p>The record counts <strong>${plain(quantity)}</strong> in place of ${plain(record.quantity)}.</p>
        <p>${month(at)} is charged ${money(billing.totalAmount, billing.currency)} now, ${money(billing.amountDue, billing.currency)} of it due. It is calculated anew with the correction${priced ? html`: <strong>${money(changeOf(quantity, record.quantity, priced), billing.currency)}</strong>, at ${grouped(priced.unitPrice)} for each ${priced.unit}` : nothing}. Where the month is invoiced, the difference comes on the next invoice.</p>`;
    },
    submit: async (values, action) => {
      const correction = { usageRecordId: record.usageRecordId, id: action, reason: values.reason, quantity: isVoid ? "0" : values.quantity };
      const { results: [result] } = await send("POST", "/v1/usage-corrections", { corrections: [correction] });
      if (["rejected", "conflict"].includes(result.status)) throw Object.assign(new Error(result.reason ?? "The correction was not accepted."), { fields: new Map() });
      return get(of("campaigns", campaign, "usage"), period);
    },
    done: after => { say(`${month(at)} is charged ${grouped(after.billing.totalAmount)} ${after.billing.currency ?? ""} now.`); done(); },
  });
}

/** What a line's amount changes by where one of its records counts another quantity, in the decimals of the amount. */
function changeOf(after, before, line) {
  const places = line.amount.split(".")[1]?.length ?? 0;
  const exact = (millionths(line.quantity) + millionths(after) - millionths(before)) * millionths(line.unitPrice);
  const amount = divided(exact, 10 ** (12 - places)) * 10n ** BigInt(6 - places);
  return decimal(amount - millionths(line.amount)).slice(0, places ? places - 6 || undefined : -7);
}

/** Closes a month and numbers its documents. */
export function issueForm({ company, at, done }) {
  openForm({
    title: `Issue ${month(at)}`,
    target: company,
    confirm: `Issue ${month(at)}`,
    review: async () => {
      const { invoices: drafts } = await get(of("companies", company, "invoice-preview"), { month: at });
      return html`
      ${drafts.length
        ? html`<ul>${drafts.map(draft => html`<li>${draft.kind === "invoice" ? "An invoice" : "A credit note"} of <strong>${money(draft.totalAmount, draft.currency)}</strong>, ${grouped(draft.taxAmount)} of it tax.</li>`)}</ul>`
        : html`<p>Nothing is charged, so there is no document.</p>`}
      <p>The month is closed, and its documents never change. What comes late is on the next invoice; a credit note takes a document back.</p>`;
    },
    submit: () => send("POST", of("companies", company, "invoices"), { month: at }),
    done: result => { say(result.invoices.length ? `Issued: ${result.invoices.map(each => each.number).join(", ")}.` : `${month(at)} is closed.`); done(); },
  });
}

/** Takes a whole document back. */
export function creditForm({ document, done }) {
  openForm({
    title: `Credit ${document.number}`,
    target: document.invoiceId,
    fields: [REASON],
    confirm: "Issue the credit note",
    review: async values => {
      if (!values.reason) throw Object.assign(new Error("The reason is missing."), { fields: new Map([["/reason", "is required"]]) });
      return html`<p>A credit note takes back all of ${document.number}: <strong>${money(document.totalAmount, document.currency)}</strong>. What it charged is open again, and comes on the next invoice as it is calculated then.</p>`;
    },
    submit: (values, action) => send("POST", of("invoices", document.invoiceId, "credit-note"), { id: action, reason: values.reason }),
    done: result => { say(`${result.number} has been issued.`); done(result); },
  });
}
