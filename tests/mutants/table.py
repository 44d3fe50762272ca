"""Faults made by hand, each of which changes a charge, a key, a balance or who may, and the tests that must find it."""

from typing import NamedTuple

RULES = "layers/billing/billing/"
SQL = f"{RULES}sql/"
MIGRATIONS = f"{RULES}migrations/"
BUNDLES, BOOKS, HISTORY = "tests/operations/test_bundles.py", "tests/credits/test_books.py", "tests/terms/test_history.py"
PRICING, INVOICING = "tests/pricing", "tests/operations/test_issue_invoice.py"


class Mutant(NamedTuple):
    """A text of a file, what stands there instead, and the tests that must fail."""

    path: str
    old: str
    new: str
    tests: str


MUTANTS = [
    # What is charged
    Mutant(f"{RULES}money.py", "if rest * 2 > denominator or (rest * 2 == denominator and units % 2):", "if False:", "tests/test_money.py"),
    Mutant(f"{RULES}money.py", "rest * 2 == denominator and units % 2", "rest * 2 == denominator", "tests/test_money.py"),
    Mutant(f"{RULES}money.py", "key=lambda n: -remainders[n]", "key=lambda n: remainders[n]", "tests/test_money.py"),
    Mutant(f"{RULES}periods.py", "return self.start <= instant < self.end", "return self.start <= instant <= self.end", PRICING),
    Mutant(f"{RULES}periods.py", "if not (exact.minute or exact.second or exact.microsecond):", "if False:", "tests/test_periods.py"),
    Mutant(f"{RULES}periods.py", "hours_between(start, end)))", "hours_between(max(start, period.start), min(end, period.end))))", PRICING),
    Mutant(f"{RULES}terms/campaign.py", 'CHARGED_STATUSES = ("recruiting", "active", "paused")', 'CHARGED_STATUSES = ("recruiting", "active")', PRICING),
    Mutant(f"{RULES}terms/campaign.py", "midnight(self.end_date + DAY, self.zone)", "midnight(self.end_date, self.zone)", PRICING),
    Mutant(f"{RULES}pricing/seats.py", "if not part.version.charged:", "if not part.version.is_active:", PRICING),
    Mutant(f"{RULES}pricing/credits.py", "campaign.first_grant_price if terms.price is None else exact(terms.price)", "campaign.first_grant_price or exact(terms.price or 0)", PRICING),
    Mutant(f"{RULES}pricing/bundle.py", "months_later(start.date(), 12)", "months_later(start.date(), 11)", PRICING),
    Mutant(f"{RULES}pricing/bundle.py", "or not part.version.is_active:", "or not part.version.charged:", PRICING),
    Mutant(f"{RULES}pricing/custom.py", "left = max(cap - used_before, Fraction(0))", "left = cap", PRICING),
    Mutant(f"{RULES}pricing/custom.py", "before = [_used(component.unit, other.consumption) for other in preceding if _has(other.version, component)]", "before = [_used(component.unit, other.consumption) for other in preceding]", PRICING),
    Mutant(f"{RULES}pricing/custom.py", '"quarter": 3', '"quarter": 4', PRICING),
    Mutant(f"{RULES}pricing/custom.py", "instant = max(version.starts_at, midnight(milestone.due_date, campaign.zone))", "instant = midnight(milestone.due_date, campaign.zone)", PRICING),
    Mutant(f"{MIGRATIONS}0015_sums.sql", "SELECT max(quantity) AS seats", "SELECT sum(quantity) AS seats", "tests/operations/test_get_campaign_usage.py"),
    Mutant(f"{MIGRATIONS}0015_sums.sql", "AND id NOT IN (\n                        SELECT corrects FROM billing_usage_records\n                        WHERE campaign_id = wanted.campaign_id AND corrects IS NOT NULL)\n                GROUP BY date_bin", "GROUP BY date_bin", "tests/usage/test_corrections.py"),
    Mutant(f"{MIGRATIONS}0015_sums.sql", "AND kind IN ('burned', 'overage', 'returned')", "AND kind IN ('burned', 'overage')", BOOKS),
    Mutant(f"{MIGRATIONS}0011_terms.sql", "merge_terms(terms ORDER BY effective_from, id)", "merge_terms(terms ORDER BY id)", HISTORY),
    Mutant(f"{MIGRATIONS}0011_terms.sql", "RETURN greatest(date_trunc", "RETURN least(date_trunc", HISTORY),
    Mutant(f"{MIGRATIONS}0011_terms.sql", "effective := date_trunc('hour', clock_timestamp(), 'UTC');", "effective := NEW.current_period_start;", HISTORY),
    # Keys
    Mutant(f"{RULES}usage/keys.py", "hexdigest()[:32]", "hexdigest()[:31]", "tests/usage/test_keys.py"),
    Mutant(f"{RULES}usage/event.py", "instant, quantity, self.metadata))", "quantity, self.metadata))", "tests/usage"),
    Mutant(f"{SQL}ledger.sql", "CASE WHEN r.quantity <> event.quantity THEN 'quantity' END,", "", "tests/usage/test_exactly_once.py"),
    Mutant(f"{SQL}corrections.sql", "CASE WHEN named.quantity <> coalesce(c.quantity, c.old_quantity) THEN 'quantity' END,", "", "tests/usage/test_corrections.py"),
    Mutant(f"{SQL}credit_job.sql", "WHERE campaign_id = c.id AND usage_record_id IS NULL AND recorded_at < :cutoff", "WHERE campaign_id = c.id AND usage_record_id IS NULL", "tests/operations/test_track_credit_usage.py"),
    Mutant(f"{SQL}seat_job.sql", "AND in_days(:hour::timestamptz, start_date, end_date, time_zone)", "AND :hour::timestamptz IS NOT NULL", "tests/operations/test_track_seat_usage.py"),
    Mutant(f"{RULES}operations/track_seat_usage.py", "max(last_completed + HOUR, hour - GAP_MAX)", "last_completed + HOUR", "tests/operations/test_track_seat_usage.py"),
    # Balances
    Mutant(f"{MIGRATIONS}0012_credits.sql", "ORDER BY campaign_id, priority, expires_at NULLS LAST, id) AS in_order;", "ORDER BY campaign_id, expires_at NULLS LAST, priority, id) AS in_order;", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "ORDER BY campaign_id, priority, expires_at NULLS LAST, id) AS in_order;", "ORDER BY campaign_id, priority, expires_at NULLS FIRST, id) AS in_order;", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "AND expiries[g] > instants[n] THEN", "AND expiries[g] >= instants[n] THEN", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "ORDER BY campaign_id, event_timestamp, id) AS in_order;", "ORDER BY campaign_id, id) AS in_order;", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "kept := overage - least(overage, excess);", "kept := overage;", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "AND kind = 'burned' ORDER BY id DESC", "AND kind = 'burned' ORDER BY id", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "HAVING sum(m.credits) > 0 AND min(m.id) > burned_at", "HAVING sum(m.credits) > 0", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "IF freed > 0 AND grant_of_it.expired_at IS NOT NULL THEN", "IF false THEN", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "WHERE expires_at <= expired_before AND", "WHERE expires_at < expired_before AND", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "AND moved < credits ORDER BY id DESC", "AND moved < credits ORDER BY id", BOOKS),
    Mutant(f"{MIGRATIONS}0012_credits.sql", "OLD.credits_remaining > 0 AND NEW.credits_remaining = 0)", "NEW.credits_remaining = 0)", BOOKS),
    # Shares
    Mutant(f"{MIGRATIONS}0011_terms.sql", "IF taken > 1.001 THEN", "IF taken > 1.01 THEN", BUNDLES),
    Mutant(f"{SQL}bundles.sql", "SELECT coalesce(max(total.share), 0) AS shares", "SELECT coalesce(min(total.share), 0) AS shares", BUNDLES),
    Mutant(f"{SQL}bundles.sql", "AND total.instant < own.ends_at;", ";", BUNDLES),
    # Documents
    Mutant(f"{RULES}invoices/tax.py", "int(abs(exact) + Fraction(1, 2))", "round(abs(exact))", "tests/invoices/test_tax.py"),
    Mutant(f"{RULES}invoices/compose.py", "    if buyer.vat_id:\n", "    if True:\n", "tests/invoices/test_documents.py"),
    Mutant(f"{RULES}invoices/lines.py", "if earlier or already != NOTHING:", "if earlier:", "tests/invoices/test_lines.py"),
    Mutant(f"{RULES}invoices/lines.py", "quantity\": Decimal(1 if amount > 0 else -1)", "quantity\": Decimal(1)", "tests/invoices/test_lines.py"),
    Mutant(f"{RULES}invoices/chain.py", 'NOT_HASHED = {"sha256", "creditedBy"}', 'NOT_HASHED = {"sha256", "creditedBy", "previousSha256"}', "tests/invoices/test_documents.py"),
    Mutant(f"{RULES}invoices/numbers.py", "return instant.astimezone(ZoneInfo(zone)).date()", "return instant.date()", f"{RULES}invoices/numbers.py"),
    Mutant(f"{RULES}database/documents.py", "chain.last_sequence + 1 if same_year else 1", "chain.last_sequence + 1", "tests/operations/test_new_year.py"),
    Mutant(f"{RULES}database/documents.py", "max(day_of_issue(now, chain.time_zone), chain.last_issued_on or date.min)", "day_of_issue(now, chain.time_zone)", "tests/operations/test_new_year.py"),
    Mutant(f"{RULES}invoices/audit.py", "sequence + 1 if next_year == year else 1", "sequence + 1 if next_year == year else next_sequence", "tests/invoices/test_audit.py"),
    Mutant(f"{SQL}invoices.sql", ") THEN 'infinity' ELSE used.instant END AS until", ") THEN used.instant ELSE used.instant END AS until", INVOICING),
    Mutant(f"{SQL}invoices.sql", "WHERE r.company_id = :company_id AND r.created_at >= :since\n", "WHERE false AND r.company_id = :company_id AND r.created_at >= :since\n", INVOICING),
    Mutant(f"{SQL}invoices.sql", "WHERE i.company_id = :company_id AND i.corrects IS NOT NULL AND i.issued_at >= :since", "WHERE false AND i.company_id = :company_id AND i.issued_at >= :since", INVOICING),
    Mutant(f"{SQL}invoices.sql", "GROUP BY i.currency HAVING bool_and(credit.number IS NOT NULL);", "GROUP BY i.currency HAVING bool_or(credit.number IS NOT NULL);", INVOICING),
    # The books
    Mutant(f"{SQL}reconciliation.sql", "AND NOT EXISTS (SELECT FROM campaign_activities WHERE usage_record_id = r.id)", "AND false", "tests/operations/test_reconciliation.py"),
    Mutant(f"{SQL}reconciliation.sql", "AND (id > :last_record OR id % 30 = :day)", "AND id > :last_record", "tests/operations/test_reconciliation.py"),
    Mutant(f"{SQL}reconciliation.sql", "FROM compared WHERE is_foreign OR is_cycle OR times > 1 ORDER", "FROM compared WHERE is_foreign OR times > 1 ORDER", "tests/operations/test_reconciliation.py"),
    Mutant(f"{SQL}reconciliation.sql", "FROM compared WHERE found > 1.001 ORDER BY subscription_id", "FROM compared WHERE found > 1.01 ORDER BY subscription_id", "tests/operations/test_reconciliation.py"),
    Mutant(f"{SQL}invoices.sql", "AND asked.month < stored.invoice_from AND asked.done_at IS NULL", "AND false", "tests/operations/test_issue_invoices.py"),
    Mutant(f"{RULES}jobs/run.py", 'if run.completes_hour and result["success"]:', "if run.completes_hour:", "tests/operations/test_track_seat_usage.py"),
    # Signals
    Mutant(f"{SQL}signals.sql", "greatest(v.starts_at, s.current_period_start) AS since", "s.current_period_start AS since", "tests/operations/test_signals.py"),
    Mutant(f"{SQL}signals.sql", "least(v.ends_at, s.current_period_end, :now::timestamptz) AS until", "least(s.current_period_end, :now::timestamptz) AS until", "tests/operations/test_signals.py"),
    Mutant(f"{RULES}signals/opportunities.py", "midnight(day, facts.campaign.zone),", "facts.now,", "tests/signals"),
    Mutant(f"{RULES}signals/opportunities.py", "facts.campaign.start_date > earlier[-1]:", "facts.campaign.start_date > day:", "tests/signals"),
    Mutant(f"{RULES}signals/capacity.py", "used=granted - remaining + overage,", "used=granted - remaining,", "tests/signals"),
    Mutant(f"{RULES}signals/forecast.py", "earliest=run_out(now, left, quotient(max(weeks), WEEK_DAYS)),", "earliest=run_out(now, left, burn),", "tests/signals"),
    Mutant(f"{RULES}database/opportunities.py", "if not any(fitting(bundles, currency, served, last) for currency in {each.currency for each in apart}):", "if True:", "tests/operations/test_signals.py"),
    Mutant(f"{RULES}database/opportunities.py", "of_day[day] >= SPIKE_UNITS", "of_day[day] > SPIKE_UNITS", "tests/operations/test_signals.py"),
    # Who may
    Mutant(f"{RULES}api/caller.py", "if scope not in _scopes(event):", "if not _scopes(event):", "tests/usage/test_promises.py"),
    Mutant(f"{RULES}api/caller.py", 'if company in ("", ALL_COMPANIES)', 'if company in ("",)', "tests/api"),
    Mutant(f"{MIGRATIONS}0004_row_level_security.sql", "RETURN current_setting('billing.company_id', true) IN (company, '*');", "RETURN true;", "tests/usage/test_promises.py"),
    Mutant(f"{MIGRATIONS}0015_sums.sql", " AND is_visible(c.company_id)", "", "tests/database/test_row_level_security.py"),
    Mutant(f"{MIGRATIONS}0018_looked_at_again.sql", "max(changed.occurred_at)", "min(date_trunc('hour', changed.occurred_at, 'UTC'))", INVOICING),
    Mutant(f"{MIGRATIONS}0019_sums_by_kind.sql", " AND is_visible(c.company_id)", "", "tests/database/test_row_level_security.py"),
    Mutant(f"{SQL}ledger.sql", "AND :company IN (c.company_id, '*')", "AND :company IS NOT NULL", "tests/api/test_routes.py"),
    Mutant(f"{SQL}corrections.sql", "AND :company IN (r.company_id, '*')", "AND :company IS NOT NULL", "tests/api/test_routes.py"),
    Mutant(f"{SQL}terms.sql", "WHERE c.id = :campaign_id AND :company IN (c.company_id, '*') FOR NO KEY UPDATE OF c;", "WHERE c.id = :campaign_id AND :company IS NOT NULL FOR NO KEY UPDATE OF c;", "tests/api/test_routes.py"),
    Mutant(f"{MIGRATIONS}0002_ledger.sql", "RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';", "RETURN NULL;", "tests/usage/test_promises.py"),
]  # fmt: skip

ACCEPTED: dict[tuple[str, str], str] = {
    (
        f"{MIGRATIONS}0012_credits.sql",
        "NEW.credits_remaining = 0)",
    ): "The trigger fires only where the balance changes, so it was above zero.",
    **dict.fromkeys(
        [(f"{SQL}ledger.sql", "AND :company IS NOT NULL"), (f"{SQL}corrections.sql", "AND :company IS NOT NULL")],
        "Row-level security, the second wall, hides the rows of other companies by itself; its own mutants are found.",
    ),
}
"""Mutants that survive, by path and new text, and why they may."""
