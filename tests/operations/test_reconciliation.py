"""Reconciliation finds every kind of damage, and nothing in clean books (design §14)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billing.database import reconciliation
from billing.database.session import disconnect
from billing.errors import JobFailed
from billing.operations import migrate as migrations
from billing.operations.migrate import migrate
from local.aws_events import Context, scheduled_event
from local.databases import connect, scratch
from tests.operations.invoicing import adjust, correct, credit, invoiced_company, plant, post_invoices, record
from tests.test_template import RESOURCES
from tests.world import World, invoke, request


def reconciled(company: str) -> dict[str, Any]:
    answer = request("get_reconciliation", "GET", f"/v1/companies/{company}/reconciliation")
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def reconciled_daily(world: World, company: str) -> dict[str, Any]:
    """What a run keeps of a company; it also looks at the documents of others between which the company's stand."""
    invoke("reconcile", scheduled_event(datetime(2025, 3, 1, tzinfo=UTC)))
    kept: dict[str, Any] = world.value("SELECT result FROM reconciliations WHERE company_id = :company", company=company)
    return kept


def differences(result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {check["check"]: check["differences"] for check in result["checks"] if check["differences"]}


@pytest.fixture
def books(world: World) -> str:
    """A company with records of every kind, a correction, activities, and an invoiced month with a manual adjustment."""
    company = invoiced_company(world)
    iaas, credits_ = world.campaign(company, "iaas", id="c-iaas"), world.campaign(company, "credits", id="c-credits")
    first = record(iaas, 10, "2025-01-15T10:00:00Z", metadata={"room": 1.50})
    record(iaas, 5, "2025-01-16T10:00:00Z")
    record(credits_, 20, "2025-01-16T10:00:00Z", "credit_usage")
    world.insert(
        "campaign_activities", campaign_id=credits_, kind="volunteer_hours", quantity=3, occurred_at="2025-01-17T10:00Z"
    )
    invoke("track_credit_usage", scheduled_event(datetime.fromisoformat("2025-01-18T00:00:00Z")))
    body = {"corrections": [{"usageRecordId": first, "id": "fix", "reason": "Wrong", "quantity": 8}]}
    request("correct_usage", "POST", "/v1/usage-corrections", body)
    subscription = world.subscription(company, id="s-1")
    for name, share in (("c-bundle", "0.25"), ("c-other", "0.75")):
        world.campaign(company, "bundle", id=name, l2i_subscription_id=subscription, bundle_allocation_percentage=share)
    plant(
        world,
        "UPDATE campaign_terms SET effective_from = effective_from - interval '1 day' WHERE effective_from > '2025-01-01'",
    )
    assert adjust(company, "40.00", campaignId=iaas).status == 201
    assert post_invoices(company, "2025-01").status == 201
    world.connection.run("UPDATE billing_events SET published_at = now()")
    return company


@pytest.fixture
def own_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A migrated database of the test's own."""
    with scratch(database_url) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        migrate()
        world = World(connect(url))
        yield world
        world.connection.close()
        disconnect()


def test_clean_books_give_nothing(books: str) -> None:
    result = reconciled(books)

    assert (result["ok"], differences(result), result["pending"]) == (True, {}, [])
    assert [check["check"] for check in result["checks"]] == [
        *("balances", "coverage", "activities", "keys", "corrections", "bundles", "invoices", "outbox", "protection")
    ]
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert [name for name, count in compared.items() if not count] == ["outbox"]


SHARE = """'{"bundle_allocation_percentage": 0.752}'"""
NET = """'{"netAmount": "1.00"}'"""
TAX = """'[{"taxCategory": "S", "taxRate": "25", "taxReason": null, "netAmount": "1.00", "taxAmount": "0.25"}]'"""
LONG_AGO = "'2025-01-01T00:00Z'"
WAITS = f"UPDATE billing_events SET published_at = NULL, created_at = {LONG_AGO} WHERE type = 'invoice.issued'"
KEY, FIVE, SIX = "c-iaas-learner_served-20250116100000-", "04e47bc52eeef0a22b4b26ce22d0a440", "f98d38728d51b67114a5fd013e9777eb"
DAMAGE: list[tuple[str, str, str, str, str]] = [
    (
        *("balances", "UPDATE campaigns SET credits_remaining = credits_remaining + 1 WHERE id = 'c-credits'"),
        *("creditsRemaining", "9977", "9978"),
    ),
    ("balances", "UPDATE credit_grants SET moved = moved - 2", "remaining", "9977", "9979"),
    ("coverage", "UPDATE credit_movements SET credits = credits + 1 WHERE credits = 20", "credits", "20", "21"),
    ("activities", "UPDATE campaign_activities SET quantity = 4", "quantity", "4", "3"),
    ("activities", "UPDATE campaign_activities SET usage_record_id = NULL", "quantity", "0", "3"),
    ("activities", "DELETE FROM campaign_activities", "quantity", "0", "3"),
    ("keys", "UPDATE billing_usage_records SET quantity = 6 WHERE quantity = 5", "deduplicationKey", KEY + SIX, KEY + FIVE),
    (
        *("corrections", "UPDATE billing_usage_records SET campaign_id = 'c-credits' WHERE corrects IS NOT NULL"),
        *("campaignAndType", "c-iaas learner_served", "c-credits learner_served"),
    ),
    (
        *("bundles", "UPDATE campaigns SET bundle_allocation_percentage = 0.5 WHERE id = 'c-bundle'"),
        *("allocationPercentage", "0.25", "0.5"),
    ),
    (
        *("bundles", "UPDATE campaigns SET l2i_subscription_id = NULL WHERE id = 'c-other'"),
        *("subscriptionId", "s-1", "none"),
    ),
    (
        *("bundles", f"UPDATE campaign_terms SET terms = terms || {SHARE} WHERE campaign_id = 'c-other'"),
        *("shares at -infinity", "at most 1.001", "1.002"),
    ),
    ("invoices", f"UPDATE invoices SET document = document || {NET}", "netAmount", "202.50", "1.00"),
    (
        "invoices",
        f"UPDATE invoices SET document = jsonb_set(document, '{{taxes}}', {TAX})",
        "taxAmount of S 25",
        "50.63",
        "0.25",
    ),
    (
        "invoices",
        f"UPDATE invoices SET document = jsonb_set(document, '{{taxes}}', {TAX})",
        "netAmount of S 25",
        "202.50",
        "1.00",
    ),
    (
        *("invoices", "UPDATE invoices SET document = document - 'lines'"),
        *("document", "as it was issued", "unreadable: KeyError('lines')"),
    ),
    ("invoices", "UPDATE invoices SET currency = 'SEK'", "currency", "EUR", "SEK"),
    ("invoices", "UPDATE invoices SET month = '2025-02-01'", "month", "2025-01", "2025-02"),
    ("invoices", "UPDATE invoices SET recorded_by = 'nobody'", "recordedBy", "unknown", "nobody"),
    ("invoices", "UPDATE invoices SET sha256 = 'other'", "sha256", "SHA256", "other"),
    ("invoices", "UPDATE invoices SET line_count = 0", "lineCount", "5", "0"),
    ("invoices", "UPDATE invoices SET sequence = 7", "sequence", "1", "7"),
    ("invoices", "DELETE FROM billing_months", "monthIsClosed", "True", "False"),
    ("invoices", "DELETE FROM invoices", "companyId", "COMPANY", "none"),
    ("invoices", "DELETE FROM invoices; DELETE FROM invoice_lines", "companyId", "COMPANY", "none"),
    ("invoices", "UPDATE adjustments SET amount = 50", "invoiced", "50.00", "40.00"),
    ("invoices", "UPDATE adjustments SET currency = 'SEK'", "invoiced", "0.00", "40.00"),
    ("invoices", "DELETE FROM adjustments", "invoiced", "0.00", "40.00"),
    ("outbox", WAITS, "createdAt", "published within an hour", "2025-01-01 00:00:00+00"),
]


@pytest.mark.parametrize(
    ("check", "damage", "field", "expected", "found"), DAMAGE, ids=[f"{d[0]}-{n}" for n, d in enumerate(DAMAGE)]
)
def test_damage_is_found_by_its_check_and_named(
    world: World, books: str, check: str, damage: str, field: str, expected: str, found: str
) -> None:
    names = {"COMPANY": books, "SHA256": world.value("SELECT sha256 FROM invoices")}
    plant(world, damage)

    listed = differences(reconciled(books))[check]

    assert (field, names.get(expected, expected), found) in [
        (each["field"], each["expected"], each["found"]) for each in listed
    ]
    assert all(each["ids"] for each in listed)


def test_a_balance_below_zero_is_found_though_all_figures_agree(own_database: World) -> None:
    company = own_database.company()
    record(own_database.campaign(company, "credits", id="c-credits"), 20, "2025-01-16T10:00:00Z", "credit_usage")
    for table, check in (("credit_grants", "a_grant_burns_no_more_than_its_credits"), ("campaigns", "balance_is_not_negative")):
        own_database.connection.run(f"ALTER TABLE {table} DROP CONSTRAINT {check}")
    plant(own_database, "UPDATE credit_grants SET credits = 5; UPDATE campaigns SET credits_remaining = -15")

    listed = differences(reconciled(company))["balances"]

    said = [(each["field"], each["expected"], each["found"]) for each in listed]
    assert said == [("remaining", "-15", "-15"), ("creditsRemaining", "-15", "-15")]


def test_a_superseded_record_that_still_takes_credits_is_found(world: World, books: str) -> None:
    used = world.value("SELECT id FROM billing_usage_records WHERE quantity = 20")
    assert correct(str(used), "fewer", quantity=15).status == 200
    plant(world, f"DELETE FROM credit_movements WHERE record_id = {used} AND credits < 0")

    (difference,) = differences(reconciled(books))["coverage"]

    ids = {"usageRecordId": str(used), "campaignId": "c-credits"}
    assert difference == {"ids": ids, "field": "credits", "expected": "0", "found": "20"}


def test_a_record_that_corrects_itself_is_found(world: World, books: str) -> None:
    correction = str(world.value("SELECT id FROM billing_usage_records WHERE corrects IS NOT NULL"))
    plant(world, "UPDATE billing_usage_records SET corrects = id WHERE corrects IS NOT NULL")

    (difference,) = differences(reconciled(books))["corrections"]

    ids = {"usageRecordId": correction, "corrects": correction}
    assert difference == {"ids": ids, "field": "order", "expected": "a later record", "found": correction}


def test_a_record_that_is_superseded_twice_is_found(own_database: World) -> None:
    company = own_database.company()
    first = record(own_database.campaign(company, "iaas"), 10, "2025-01-15T10:00:00Z")
    assert correct(first, "fewer", quantity=8).status == 200
    own_database.connection.run("DROP INDEX billing_usage_records_corrects")
    plant(
        own_database,
        "INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_id,"
        " event_timestamp, corrects, reason, recorded_by)"
        " SELECT company_id, campaign_id, event_type, 7, 'again', 'again', event_timestamp, corrects, reason, recorded_by"
        " FROM billing_usage_records WHERE corrects IS NOT NULL",
    )

    listed = differences(reconciled(company))["corrections"]

    ids = [{"usageRecordId": str(id), "corrects": first} for (id,) in own_database.connection.run(CORRECTIONS) or []]
    assert listed == [{"ids": each, "field": "supersededTimes", "expected": "1", "found": "2"} for each in ids]
    assert len(listed) == 2


CORRECTIONS = "SELECT id FROM billing_usage_records WHERE corrects IS NOT NULL ORDER BY id"

LINE_DAMAGE = {
    "company_id = 'other'": (0, "other"),
    "campaign_id = 'c-credits'": (1, "c-credits"),
    "key = 'manual:other'": (2, "manual:other"),
    "kind = 'adjustment'": (3, "adjustment"),
    "month = '2025-02-01'": (4, "2025-02"),
    "currency = 'SEK'": (5, "SEK"),
    "amount = amount + 1": (6, "41.00"),
    "tax_category = 'Z'": (7, "Z"),
    "tax_rate = 12": (8, "12"),
}


@pytest.mark.parametrize(("change", "place", "value"), [(change, *found) for change, found in LINE_DAMAGE.items()])
def test_each_column_of_a_line_is_compared_with_the_document(
    world: World, books: str, change: str, place: int, value: str
) -> None:
    said = [books, "c-iaas", "manual:a-1", "manual", "2025-01", "EUR", "40.00", "S", "25"]
    (number, position), *_ = world.connection.run("SELECT number, position FROM invoice_lines WHERE kind = 'manual'") or []
    plant(world, f"UPDATE invoice_lines SET {change} WHERE kind = 'manual'")

    listed = differences(reconciled(books))["invoices"]

    kept = [*said[:place], value, *said[place + 1 :]]
    ids = {"invoiceId": number, "position": str(position)}
    assert {"ids": ids, "field": "line", "expected": str(said), "found": str(kept)} in listed


def test_a_document_that_was_moved_to_another_company_is_told_to_both(world: World, books: str) -> None:
    other, number = world.company(), world.value("SELECT number FROM invoices")
    plant(world, f"UPDATE invoices SET company_id = '{other}'")

    told = [differences(reconciled(company))["invoices"] for company in (books, other)]

    moved = {"ids": {"invoiceId": number}, "field": "companyId", "expected": books, "found": other}
    assert all(moved in listed for listed in told)


CHAIN_DAMAGE = {
    "the newest document deleted": (
        "DELETE FROM invoices WHERE corrects IS NOT NULL",
        {("lastSequence", "1", "2"), ("lastSha256", "first", "second"), ("companyId", "company", "none")},
    ),
    "all documents deleted": (
        "DELETE FROM invoices; DELETE FROM invoice_lines; DELETE FROM billing_events",
        {("lastSequence", "0", "2"), ("lastSha256", "none", "second")},
    ),
    "the sequence of the seller": ("UPDATE seller SET last_sequence = 9", {("lastSequence", "2", "9")}),
    "the day of the seller": ("UPDATE seller SET last_issued_on = '2025-01-01'", {("lastIssuedOn", "today", "2025-01-01")}),
    "the hash of the seller": ("UPDATE seller SET last_sha256 = NULL", {("lastSha256", "second", "none")}),
    "a gap": (
        "UPDATE invoices SET sequence = 3 WHERE corrects IS NOT NULL; UPDATE seller SET last_sequence = 3",
        {("sequence", "year-2", "year-3"), ("sequence", "2", "3")},
    ),
    "a broken chain": (
        "UPDATE invoices SET previous_sha256 = NULL,"
        """ document = document || '{"previousSha256": null}' WHERE corrects IS NOT NULL""",
        {("previousSha256", "first", "none"), ("sha256", "computed", "second")},
    ),
    "what it corrects": (
        "UPDATE invoices SET corrects = NULL, credit_id = NULL, reason = NULL WHERE corrects IS NOT NULL",
        {("corrects", "number", "none")},
    ),
}


@pytest.mark.parametrize(("damage", "expected"), CHAIN_DAMAGE.values(), ids=CHAIN_DAMAGE)
def test_a_damaged_chain_of_documents_is_found_by_the_daily_run(
    world: World, books: str, damage: str, expected: set[tuple[str, str, str]]
) -> None:
    number = world.value("SELECT number FROM invoices")
    assert credit(number).status == 201
    rows = world.rows("SELECT sha256, issued_on::text, year::text FROM invoices ORDER BY sequence")
    names = {"first": rows[0]["sha256"], "second": rows[1]["sha256"], "company": books, "number": number}
    names |= {"today": rows[1]["issued_on"]} | {f"year-{n}": f"{rows[0]['year']}-{n}" for n in (2, 3)}
    assert differences(reconciled_daily(world, books)) == {}
    plant(world, f"{damage}; DELETE FROM reconciliations")

    listed = differences(reconciled_daily(world, books))["invoices"]

    found = {(each["field"], each["expected"], each["found"]) for each in listed}
    wanted = {tuple(names.get(value, value) for value in difference) for difference in expected}
    computed = {(field, "computed" if field == "sha256" else value, kept) for field, value, kept in found}
    assert found | computed >= wanted
    assert {each["ids"].get("invoiceId", "") for each in listed} <= {number, f"{number[:-1]}2", None, ""}


def test_a_break_of_the_chain_is_told_to_the_company_whose_document_it_is(world: World, books: str) -> None:
    other = invoiced_company(world)
    record(world.campaign(other, "iaas"), 10, "2025-01-15T10:00:00Z")
    assert post_invoices(other, "2025-01").status == 201
    plant(world, "UPDATE invoices SET previous_sha256 = 'other' WHERE previous_sha256 IS NOT NULL")

    kept = {company: reconciled_daily(world, company) for company in (books, other)}

    assert [(kept[company]["ok"], [*differences(kept[company])]) for company in (books, other)] == [
        (True, []),
        (False, ["invoices"]),
    ]


def test_more_differences_than_are_listed_leave_each_company_its_own(world: World, books: str) -> None:
    other = world.company()
    copies = "SELECT 'X-' || n, :other, year, sequence + n, kind, currency, month, issued_on, issued_at"
    copies = copies.replace(":other", f"'{other}'")
    plant(
        world,
        "UPDATE invoices SET sequence = 500, document = jsonb_set(document, '{taxAmount}', '\"9.99\"');"
        "INSERT INTO invoices (number, company_id, year, sequence, kind, currency, month, issued_on, issued_at, document,"
        f" line_count, sha256, recorded_by) {copies.replace('sequence + n', 'n')}, document, line_count, 'x-' || n, recorded_by"
        " FROM invoices, generate_series(1, 120) n",
    )

    own, others = (differences(reconciled_daily(world, company))["invoices"] for company in (books, other))

    assert ("taxAmount", "50.63", "9.99") in [(each["field"], each["expected"], each["found"]) for each in own]
    assert len(others) == 100


@pytest.mark.parametrize(("hours", "found"), [(1, []), (3, [("0.2", "0.25")])])
def test_terms_that_came_into_force_may_take_two_hours_to_reach_the_campaigns_row(
    world: World, books: str, hours: int, found: list[tuple[str, str]]
) -> None:
    values = (
        f"company_id, id, now() - interval '{hours} hours', '{{\"bundle_allocation_percentage\": 0.2}}', 'link', 'platform'"
    )
    columns = "company_id, campaign_id, effective_from, terms, source, recorded_by"
    plant(world, f"INSERT INTO campaign_terms ({columns}) SELECT {values} FROM campaigns WHERE id = 'c-bundle'")

    listed = differences(reconciled(books)).get("bundles", [])

    assert [(each["expected"], each["found"]) for each in listed] == found


WEAKER = {
    "ALTER TABLE billing_usage_records DISABLE TRIGGER append_only": {
        "trigger billing_usage_records.append_only": ("always on: CREATE TRIGGER", "off: CREATE TRIGGER")
    },
    "DROP TRIGGER note_changed_activity ON campaign_activities": {
        "trigger campaign_activities.note_changed_activity": ("on: CREATE TRIGGER", "missing")
    },
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": {
        "function refuse_change()": ("", "")
    },
    "ALTER TABLE adjustments DROP CONSTRAINT adjustments_amount_check": {
        "constraint adjustments.adjustments_amount_check": ("CHECK (((amount <> ", "missing")
    },
    "ALTER TABLE invoices DROP CONSTRAINT invoices_sequence_check, ADD CONSTRAINT invoices_sequence_check CHECK (true)": {
        "constraint invoices.invoices_sequence_check": ("CHECK ((sequence > 0))", "CHECK (true)")
    },
    "ALTER DOMAIN currency_code DROP CONSTRAINT currency_code_check": {
        "constraint currency_code.currency_code_check": ("CHECK ((VALUE ~ ", "missing")
    },
    "ALTER TABLE invoices DROP CONSTRAINT invoices_corrects_fkey": {
        "constraint invoices.invoices_corrects_fkey": ("FOREIGN KEY (corrects) REFERENCES invoices", "missing")
    },
    "ALTER TABLE reconciliations DISABLE TRIGGER ALL": {
        "constraint reconciliations.reconciliations_company_id_fkey": ("FOREIGN KEY", "FOREIGN KEY"),
        "trigger reconciliations.announce_reconciliation": ("on: CREATE TRIGGER", "off: CREATE TRIGGER"),
    },
    "DROP INDEX billing_usage_records_event_id": {
        "index billing_usage_records_event_id": ("CREATE UNIQUE INDEX", "missing"),
    },
    "ALTER TABLE invoices ALTER sha256 DROP NOT NULL": {"column invoices.sha256": ("not null", "missing")},
    "ALTER TABLE adjustments DISABLE ROW LEVEL SECURITY": {"row-level security adjustments": ("on", "off")},
    "CREATE POLICY everything ON invoices USING (true)": {
        "policy invoices.everything": ("none", "PERMISSIVE FOR ALL TO public USING (true)")
    },
    "ALTER POLICY company ON invoice_lines USING (true)": {
        "policy invoice_lines.company": (
            "PERMISSIVE FOR ALL TO billing_app, billing_reader USING (is_visible(",
            "PERMISSIVE FOR ALL TO billing_app, billing_reader USING (true)",
        )
    },
}


def test_protection_that_is_not_as_the_migrations_left_it_is_found(own_database: World) -> None:
    company = own_database.company()
    assert reconciled(company)["ok"]
    for weaker in WEAKER:
        own_database.connection.run(weaker)

    listed = {each["ids"]["object"]: each for each in differences(reconciled(company))["protection"]}

    named = {name: values for objects in WEAKER.values() for name, values in objects.items()}
    assert set(listed) == set(named)
    for name, (expected, found) in named.items():
        assert listed[name]["expected"].startswith(expected) and listed[name]["found"].startswith(found)
        assert listed[name]["expected"] != listed[name]["found"]


def test_a_later_migration_leaves_what_others_altered_a_difference(
    own_database: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = own_database.company()
    own_database.connection.run("CREATE POLICY everything ON invoices USING (true)")
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path)
    change = "DROP TRIGGER keep_currency ON campaigns; ALTER TABLE seller ADD CONSTRAINT one CHECK (id)"
    (tmp_path / "9999_added.sql").write_text(change)
    assert migrate() == ["9999_added"]

    listed = differences(reconciled(company))["protection"]

    assert [each["ids"]["object"] for each in listed] == ["policy invoices.everything"]


def test_a_difference_without_a_cause_is_a_fault_and_never_a_line(world: World, books: str) -> None:
    plant(world, "UPDATE billing_months SET settled = now() + interval '1 minute'")
    plant(world, "UPDATE billing_usage_records SET quantity = 6, created_at = '2025-01-17T00:00Z' WHERE quantity = 5")

    result = reconciled(books)

    fault = {"ids": {"campaignId": "c-iaas", "key": "iaas.learners", "month": "2025-01", "currency": "EUR"}}
    assert fault | {"field": "invoiced", "expected": "175.00", "found": "162.50"} in differences(result)["invoices"]
    assert post_invoices(books, "2025-02").body["invoices"] == []


def test_late_usage_is_pending_and_no_fault(books: str) -> None:
    record("c-iaas", 2, "2025-01-20T10:00:00Z")

    result = reconciled(books)

    assert (result["ok"], differences(result)) == (True, {})
    (pending,) = result["pending"]
    assert (pending["ids"]["month"], pending["expected"], pending["found"]) == ("2025-01", "187.50", "162.50")


def test_an_adjustment_is_pending_until_it_is_invoiced_and_once_that_is_credited(world: World, books: str) -> None:
    assert adjust(books, "-15.50", id="a-2").status == 201

    (pending,) = reconciled(books)["pending"]

    open_one = {"ids": {"campaignId": None, "key": "manual:a-2", "currency": "EUR"}, "field": "invoiced"}
    assert pending == open_one | {"expected": "-15.50", "found": "0.00"}
    assert credit(world.value("SELECT number FROM invoices")).status == 201
    keys = {each["ids"]["key"]: (each["expected"], each["found"]) for each in reconciled(books)["pending"]}
    assert keys["manual:a-1"] == ("40.00", "0.00")
    assert reconciled(books)["ok"]


def test_the_daily_run_checks_everybody_and_tells_of_differences(world: World, books: str) -> None:
    plant(world, "UPDATE seller SET last_sequence = 7")

    result = invoke("reconcile", scheduled_event(datetime.fromisoformat("2025-03-01T00:00:00Z")))

    assert (result["companiesChecked"], result["differences"]) == (1, 1)
    (event,) = world.rows("SELECT subject, data FROM billing_events WHERE type = 'reconciliation.failed'")
    assert (event["subject"], event["data"]["differences"]) == (books, {"invoices": 1})


@pytest.mark.parametrize("more", [0, 1])
def test_of_too_many_records_for_a_request_the_last_runs_result_is_returned(
    world: World, books: str, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    kept = reconciled_daily(world, books)
    records = world.value("SELECT count(*) FROM billing_usage_records WHERE company_id = :company", company=books)
    monkeypatch.setattr(reconciliation, "RECORDS_MAX", records - more)

    result = reconciled(books)

    assert (result == kept) == bool(more)
    assert result["ok"]


def test_a_run_goes_on_with_the_new_records_that_the_one_before_left(
    world: World, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "CHUNK", 1)
    monkeypatch.setattr(reconciliation, "NEW_KEYS_MAX", 2)
    ids = [row["id"] for row in world.rows("SELECT id FROM billing_usage_records WHERE event_id IS NULL ORDER BY id")]
    plant(world, f"UPDATE billing_usage_records SET deduplication_key = 'other' WHERE id = {ids[-1]}")

    found, checked = [], []
    for day in (1, 2):
        result = invoke("reconcile", scheduled_event(datetime(2025, 3, day, tzinfo=UTC)))
        found.append(result["differences"])
        checked.append(world.value("SELECT last_record FROM reconciliations"))

    assert (found, checked) == ([0, 1], [ids[1], ids[-1]])


@pytest.mark.parametrize(("days_later", "found"), [(0, 1), (1, 0), (29, 0)])
def test_a_thirtieth_of_the_records_that_were_checked_is_checked_again_each_day(
    world: World, books: str, days_later: int, found: int
) -> None:
    reconciled_daily(world, books)
    its_day = datetime.now(UTC).toordinal() + days_later
    plant(world, "UPDATE reconciliations SET last_record = 100000")
    plant(
        world, f"UPDATE billing_usage_records SET deduplication_key = 'other', id = 30000 + {its_day} % 30 WHERE quantity = 5"
    )

    result = invoke("reconcile", scheduled_event(datetime(2025, 3, 2, tzinfo=UTC)))

    assert result["differences"] == found


@dataclass
class Hurried(Context):
    """The context of a run that has time for one company."""

    milliseconds_left: Iterator[int] = field(default_factory=lambda: iter([600_000, 600_000]))

    def get_remaining_time_in_millis(self) -> int:
        return next(self.milliseconds_left, 1_000)


def test_a_run_whose_time_is_up_raises_the_metric_and_the_same_event_does_the_rest(
    world: World, books: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.company(id="last")
    plant(world, "UPDATE seller SET last_sequence = 7")
    event = scheduled_event(datetime(2025, 3, 1, tzinfo=UTC))

    with pytest.raises(JobFailed, match="The time is nearly up"):
        invoke("reconcile", event, Hurried())

    (metrics,) = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "ReconciliationDifferences" in line]
    assert metrics["ReconciliationDifferences"] == [1]
    alarm = RESOURCES["ReconciliationDiffers"]["Properties"]
    assert {each["Name"] for each in alarm["Dimensions"]} == set(metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0])
    assert [row["company_id"] for row in world.rows("SELECT company_id FROM reconciliations")] == [books]
    rest, again = invoke("reconcile", event, Hurried()), invoke("reconcile", event)
    assert (rest["companiesChecked"], rest["differences"]) == (1, 0)
    assert (again["companiesChecked"], again["differences"]) == (2, 1)


def test_a_run_begins_with_what_was_checked_longest_ago(world: World, books: str) -> None:
    world.company(id="last")
    event = scheduled_event(datetime(2025, 3, 1, tzinfo=UTC))
    assert invoke("reconcile", event)["companiesChecked"] == 2
    plant(
        world,
        "UPDATE reconciliations SET checked_at = CASE company_id WHEN 'last' THEN date '2025-01-01' ELSE '2025-01-02' END",
    )

    with pytest.raises(JobFailed):
        invoke("reconcile", event, Hurried())

    checked = world.rows("SELECT company_id FROM reconciliations WHERE checked_at > '2025-02-01'")
    assert [row["company_id"] for row in checked] == ["last"]
