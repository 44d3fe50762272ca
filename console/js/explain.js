// Why a line of a statement is what it is: its rule in words (design §5), the terms that it rests on, and its records.

import { decimal, divided, millionths, sum } from "./decimal.js";
import { plain } from "./format.js";

const COMPONENT_EVENTS = { session: "session_completed", learner: "learner_served", credit: "credit_usage", seat_month: "seat_usage", "seat-month": "seat_usage" };

const RULES = {
  "seats.committed": {
    title: "The commitment is paid for whether it is used or not",
    words: "Each whole hour in which the campaign runs and its status is charged counts the committed seats, divided by the hours of the month. No usage record takes part.",
    terms: ["committedSeats", "seatPricePerMonth", "status", "isActive", "startDate", "endDate"],
  },
  "seats.additional": {
    title: "Seats above the commitment, hour by hour",
    words: "The seats of an hour are the largest count of its records. What lies above the commitment is added up over the hours and divided by the hours of the month.",
    terms: ["committedSeats", "seatPricePerMonth"],
    event: "seat_usage",
  },
  "credits.prepaid": {
    title: "Credits that were paid for in advance",
    words: "When usage is recorded it takes credits from the grants in force: by priority, then by expiry. A grant's credits are valued at what was paid for them, so this money is covered already.",
    terms: ["creditPrice"],
    event: "credit_usage",
  },
  "credits.overage": {
    title: "Credits that no grant paid",
    words: "What the grants could not pay when the usage was recorded is due at the list price in force then. A grant that is bought later does not pay for it.",
    terms: ["creditPrice"],
    event: "credit_usage",
  },
  "iaas.learners": {
    title: "Learners served",
    words: "The learners of all records, times the price for a learner.",
    terms: ["iaasMetrics"],
    event: "learner_served",
  },
  "bundle.share": {
    title: "The campaign's share of a bundle",
    words: "The yearly price times the number of bundles and the campaign's share, for the hours in which it was linked, active and covered, as a part of the year. The subscription has paid for it. No usage record takes part.",
    terms: ["l2iSubscriptionId", "bundleAllocationPercentage", "status", "isActive"],
  },
  "custom.fee": {
    title: "The fixed fee",
    words: "It falls due in advance, on the first day of each interval counted from the campaign's start, while the status is charged. No usage record takes part.",
    terms: ["customPricingTerms", "startDate", "status", "isActive"],
  },
  "custom.component": {
    title: "A component that is charged by its use",
    words: "The recorded units times the rate. Where the terms have a cap, it holds for the campaign's whole life.",
    terms: ["customPricingTerms"],
  },
  "custom.milestone": {
    title: "A milestone",
    words: "It falls due once, when its due date has come, whatever the status. No usage record takes part.",
    terms: ["customPricingTerms"],
  },
};

/** The rule of a line: `{title, words, terms, event}`; `event` is null where no records take part. */
export function rule(line) {
  const found = RULES[line.key.split(":")[0]];
  if (line.key.startsWith("custom.component:")) {
    const event = COMPONENT_EVENTS[line.unit] ?? null;
    return { ...found, event, words: event ? found.words : `${found.words} Volunteer hours are counted from activities, which other services record.` };
  }
  return { event: null, ...found };
}

/** The time whose records make a line up: an hour of seats belongs to the line that holds its first instant. */
export function spanOf(line) {
  const hour = text => new Date(Math.ceil(Date.parse(text) / 3_600_000) * 3_600_000).toISOString();
  return rule(line).event === "seat_usage" ? { start: hour(line.from), end: hour(line.to) } : { start: line.from, end: line.to };
}

/** The records that count: those of the line's type that no correction supersedes, without the voided ones. */
export const counted = (records, line) => records.filter(record => record.eventType === rule(line).event && record.supersededBy === null);

/**
 * What the records of a line add up to: `{rows, total, unit, agrees, note}`.
 *
 * `rows` are the records with what each contributes, `agrees` says whether the total is the line's quantity. `committed` are the
 * committed seats then, `hours` the hours of the month, `priced` the quantity of all lines of this key.
 */
export function addUp(records, line, { committed = "0", hours, priced = line.quantity }) {
  if (line.unit.startsWith("seat")) return seats(records, line, line.key === "seats.additional" ? committed : "0", hours);
  const part = {
    "credits.prepaid": record => decimal(sum((record.burned ?? []).map(burned => burned.credits))),
    "credits.overage": record => record.overage ?? "0",
  }[line.key] ?? (record => record.quantity);
  const rows = records.map(record => ({ record, part: part(record) })).filter(row => millionths(row.part) !== 0n);
  const total = sum(rows.map(row => row.part));
  return { rows, total: decimal(total), unit: line.unit, agrees: total === millionths(priced), note: priced === line.quantity ? null : plain(priced) };
}

function seats(records, line, committed, hours) {
  const byHour = new Map();
  for (const record of records) {
    const hour = record.eventTimestamp.slice(0, 13);
    const highest = byHour.get(hour);
    if (!highest || millionths(record.quantity) > millionths(highest.quantity)) byHour.set(hour, record);
  }
  const limit = millionths(committed);
  const rows = [...byHour.values()]
    .map(record => ({ record, units: millionths(record.quantity) - limit }))
    .filter(row => row.units > 0n)
    .map(row => ({ record: row.record, part: decimal(row.units) }));
  const total = sum(rows.map(row => row.part));
  const months = decimal(divided(total, hours));
  return {
    rows,
    total: decimal(total),
    unit: "seat-hour",
    agrees: months === line.quantity,
    note: `${plain(decimal(total))} seat-hours ÷ ${hours} hours of the month = ${plain(months)} seat-months.`,
  };
}
