// The time zones of companies: months and days are theirs, not the reader's.

import { get, of, pages } from "./api.js";
import { firstMonth, ownCompany } from "./session.js";

const known = new Map();

/** The time zone of a company. */
export async function zoneOf(company) {
  if (!known.has(company)) await (ownCompany() === null ? listed(company) : shown(company));
  return known.get(company) ?? "UTC";
}

async function listed(company) {
  for await (const page of pages("/v1/companies", { limit: 1000 })) {
    for (const { companyId, timeZone } of page.companies) known.set(companyId, timeZone);
    if (known.has(company)) return;
  }
}

async function shown(company) {
  known.set(company, (await get(of("companies", company, "overview"), { month: firstMonth() })).timeZone);
}
