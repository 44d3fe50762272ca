"""Reconciliation finds every kind of damage, and nothing in clean books (design §14)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.database import reconciliation
from local.aws_events import scheduled_event
from tests.operations.invoicing import invoiced_company, plant, post_invoices, record
from tests.world import World, invoke, request


def reconciled(company: str) -> dict[str, Any]:
    answer = request("get_reconciliation", "GET", f"/v1/companies/{company}/reconciliation")
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def differences(result: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {check["check"]: check["differences"] for check in result["checks"] if check["differences"]}


@pytest.fixture
def books(world: World) -> str:
    """A company with records of every kind, a correction, activities and an invoiced month."""
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
    assert post_invoices(company, "2025-01").status == 201
    world.connection.run("UPDATE billing_events SET published_at = now()")
    return company


def test_clean_books_give_nothing(books: str) -> None:
    result = reconciled(books)

    assert (result["ok"], differences(result), result["pending"]) == (True, {}, [])
    assert [check["check"] for check in result["checks"]] == [
        *("balances", "coverage", "activities", "keys", "corrections", "bundles", "invoices", "outbox", "protection")
    ]
    compared = {check["check"]: check["compared"] for check in result["checks"]}
    assert [name for name, count in compared.items() if not count] == ["outbox"]


SHARE = """'{"bundle_allocation_percentage": 0.85}'"""
DAMAGE: list[tuple[str, str, str, str]] = [
    ("balances", "UPDATE campaigns SET credits_remaining = credits_remaining + 1 WHERE id = 'c-credits'", "9977", "9978"),
    ("balances", "UPDATE credit_grants SET moved = moved - 2", "9977", "9979"),
    ("coverage", "UPDATE credit_movements SET credits = credits + 1 WHERE credits = 20", "20", "21"),
    ("activities", "UPDATE campaign_activities SET quantity = 4", "4", "3"),
    ("keys", "UPDATE billing_usage_records SET quantity = 6 WHERE quantity = 5", "", ""),
    ("corrections", "UPDATE billing_usage_records SET campaign_id = 'c-credits' WHERE corrects IS NOT NULL", "", ""),
    ("bundles", "UPDATE campaigns SET bundle_allocation_percentage = 0.5 WHERE id = 'c-bundle'", "0.25", "0.5"),
    ("bundles", "UPDATE campaigns SET l2i_subscription_id = NULL WHERE id = 'c-other'", "s-1", "none"),
    ("bundles", f"UPDATE campaign_terms SET terms = terms || {SHARE} WHERE campaign_id = 'c-other'", "at most 1.001", "1.1"),
    ("invoices", "UPDATE invoice_lines SET amount = amount + 1", "", ""),
    ("invoices", """UPDATE invoices SET document = document || '{"netAmount": "1.00"}'""", "", ""),
    ("outbox", "UPDATE billing_events SET published_at = NULL, created_at = now() - interval '2 hours'", "", ""),
]


@pytest.mark.parametrize(("check", "damage", "expected", "found"), DAMAGE, ids=[f"{d[0]}-{n}" for n, d in enumerate(DAMAGE)])
def test_damage_is_found_by_its_check_and_named(
    world: World, books: str, check: str, damage: str, expected: str, found: str
) -> None:
    plant(world, damage)

    listed = differences(reconciled(books))[check]

    assert listed and all(listed[0]["ids"].values())
    if expected:
        assert (expected, found) in [(each["expected"], each["found"]) for each in listed]


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


def test_a_trigger_that_is_off_is_found(world: World, books: str) -> None:
    world.connection.run("ALTER TABLE billing_usage_records DISABLE TRIGGER append_only")
    try:
        (difference,) = differences(reconciled(books))["protection"]
    finally:
        world.connection.run("ALTER TABLE billing_usage_records ENABLE ALWAYS TRIGGER append_only")

    assert (difference["ids"]["object"], difference["found"]) == ("billing_usage_records.append_only", "off")


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


def test_the_daily_run_checks_everybody_and_tells_of_differences(world: World, books: str) -> None:
    plant(world, "UPDATE invoices SET sequence = 7")

    result = invoke("reconcile", scheduled_event(datetime.fromisoformat("2025-03-01T00:00:00Z")))

    assert (result["companiesChecked"], result["differences"]) == (1, 1)
    (event,) = world.rows("SELECT subject, data FROM billing_events WHERE type = 'reconciliation.failed'")
    assert (event["subject"], event["data"]["differences"]) == (books, {"invoices": 1})


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
