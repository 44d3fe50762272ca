"""Reconciles a company's books in one snapshot and bounded memory (design §14): every figure that is kept is recomputed from
the ledger, the terms and the movements. What differs is listed with ids and both values; nothing is mended."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import chain, islice
from typing import Any, NamedTuple

from billing.contract.shapes import Shape
from billing.contract.types import CompanyRef, Instant, plain_number
from billing.database.bundles import load_split
from billing.database.drafts import load_account, load_causes, load_charges, this_month
from billing.database.session import Session, load_json
from billing.errors import NotFound
from billing.invoices.audit import Difference, charge_differences, document_differences, gap_differences
from billing.invoices.document import add
from billing.money import round_money
from billing.sql import queries
from billing.usage.event import canonical_json
from billing.usage.keys import usage_key

MOST = 100
"""Differences that a check lists; where there are more, the first."""

RECORDS_MAX = 1_000_000
"""Of a company that is reconciled at a request; of more, the last run's result is returned."""

NEW_KEYS_MAX = 10_000_000
"""New records of which a run checks the keys, some minutes' work; of more, the next run goes on."""

CHUNK, DOCUMENTS = 5_000, 100

_SQL = queries("reconciliation")
_PROTECTION = queries("protection")


class ShownDifference(Shape):
    """What differs: where, which figure, what it should be, and what it is."""

    ids: dict[str, str | None]
    field: str
    expected: str
    found: str


class Check(Shape):
    """A check, how much it compared, and the first differences."""

    check: str
    compared: int
    differences: list[ShownDifference]


class Reconciliation(Shape):
    """`ok` where no check found a difference. `pending` is what the next document will carry: no fault."""

    company_id: CompanyRef
    checked_at: Instant
    ok: bool
    checks: list[Check]
    pending: list[ShownDifference]


class Company(NamedTuple):
    """A company to reconcile, and the last run's result."""

    id: str
    now: datetime
    result: str | None
    last_record: int
    is_large: bool
    is_invoiced: bool


class _Checked(NamedTuple):
    compared: int
    differences: list[dict[str, Any]]


class _Document(NamedTuple):
    year: int
    sequence: int
    document: str
    row: str
    lines: str
    before_year: int
    before_sequence: int
    before_sha256: str | None


class _Adjustment(NamedTuple):
    campaign_id: str | None
    key: str
    currency: str
    amount: Decimal
    invoiced: Decimal
    is_open: bool


def load_company(db: Session, company: str, company_id: str) -> Company:
    """The company. Raises `NotFound`, also for another one."""
    row = db.one(Company, _SQL["company"], company_id=company_id, company=company, many=RECORDS_MAX)
    if row is None:
        raise NotFound(f"There is no company {company_id}.")
    return row


def reconcile_company(
    db: Session, company: Company, protection: Check, *, whole_chain: bool = False
) -> tuple[Reconciliation, int]:
    """What the checks find now, and the last record whose key was checked. `protection` is what the check of the whole database
    has found; `whole_chain` also looks at the documents of other companies between which the company's stand, which only a job
    may see."""
    checks = [_check(db, name, company_id=company.id) for name in ("balances", "coverage", "activities")]
    keys, last_record = _keys(db, company)
    invoices, pending = _invoices(db, company, whole_chain=whole_chain)
    checks += [keys, _check(db, "corrections", company_id=company.id), _bundles(db, company.id), invoices]
    checks += [_check(db, "outbox", company_id=company.id), protection]
    result = Reconciliation(
        company_id=company.id,
        checked_at=company.now,
        ok=not any(check.differences for check in checks),
        checks=checks,
        pending=pending,
    )
    return result, last_record


def check_protection(db: Session) -> Check:
    """Whether what protects the books is in force as the migrations left it, of all companies at once."""
    left, found = (load_json(db.value(_PROTECTION[name])) for name in ("left", "in_force"))
    objects = sorted({*left, *found})
    differences = (
        Difference({"object": each}, "state", left.get(each, "none"), found.get(each, "missing"))
        for each in objects
        if left.get(each) != found.get(each)
    )
    return Check(check="protection", compared=len(objects), differences=_shown(differences))


def _check(db: Session, name: str, **where: Any) -> Check:
    checked = db.one(_Checked, _SQL[name], most=MOST, **where)
    assert checked is not None
    differences = [ShownDifference.model_validate(each) for each in checked.differences]
    return Check(check=name, compared=checked.compared, differences=differences)


def _bundles(db: Session, company_id: str) -> Check:
    """Shares above the whole at an instant; links and shares of the campaigns' rows, by which a subscription is split, that are
    not those of the terms in force; and the parts of each valid split beside what was bought.

    The parts add up by how `money.split` computes them, whatever the shares are: the last comparison finds a fault of the
    code. Damaged shares are found by the first two."""
    shares, links = (_check(db, name, company_id=company_id) for name in ("shares", "links"))
    subscriptions = db.values(_SQL["subscriptions"], company_id=company_id)
    parts = _shown(_split_differences(db, company_id, subscriptions))
    differences = [*shares.differences, *links.differences, *parts][:MOST]
    return Check(check="bundles", compared=shares.compared + links.compared + len(subscriptions), differences=differences)


def _split_differences(db: Session, company_id: str, subscriptions: Iterable[str]) -> Iterator[Difference]:
    for subscription_id in subscriptions:
        subscription, _, allocation = load_split(db, company_id, subscription_id)
        whole = round_money(Fraction(subscription.budget), subscription.currency)
        together = sum(allocation.amounts, Decimal(0))
        if not allocation.errors and together != whole:
            yield Difference({"subscriptionId": subscription_id}, "parts", f"{whole:f}", f"{together:f}")


def _keys(db: Session, company: Company) -> tuple[Check, int]:
    differences: list[ShownDifference] = []
    compared, new, after = 0, 0, 0
    where = {"company_id": company.id, "last_record": company.last_record, "day": company.now.toordinal() % 30, "size": CHUNK}
    while new < NEW_KEYS_MAX and (records := load_json(db.value(_SQL["records"], after=after, **where))):
        differences += _shown(_key_differences(records), MOST - len(differences))
        compared, after = compared + len(records), records[-1]["id"]
        new += sum(record["id"] > company.last_record for record in records)
    return Check(check="keys", compared=compared, differences=differences), max(after, company.last_record)


def _key_differences(records: Iterable[dict[str, Any]]) -> Iterator[Difference]:
    for record in records:
        expected = _expected_keys(record)
        if record["deduplication_key"] not in expected:
            ids: dict[str, str | None] = {"usageRecordId": str(record["id"]), "campaignId": record["campaign_id"]}
            yield Difference(ids, "deduplicationKey", expected[0], record["deduplication_key"])


def _expected_keys(record: dict[str, Any]) -> list[str]:
    """The key of the content, and those that the jobs give."""
    instant = datetime.fromisoformat(record["event_timestamp"]).isoformat()
    quantity, metadata = plain_number(Decimal(record["quantity"])), canonical_json(record["metadata"])
    campaign, event_type = record["campaign_id"], record["event_type"]
    content = "\0".join((event_type, campaign, instant, quantity, metadata))
    named = [content, "\0", *(["\0" + record["first_activity"]] if record["first_activity"] else [])]
    return [usage_key(campaign, event_type, instant, each) for each in named]


def _invoices(db: Session, company: Company, *, whole_chain: bool) -> tuple[Check, list[ShownDifference]]:
    documents = _documents(db, company, whole_chain=whole_chain)
    differences = documents.differences + _check(db, "missing_documents", company_id=company.id).differences
    if whole_chain:
        differences += _check(db, "last_document", company_id=company.id).differences
    pending: list[ShownDifference] = []
    for difference, is_pending in chain(_adjustments(db, company), _charges(db, company)):
        listed = pending if is_pending else differences
        listed += _shown([difference], MOST - len(listed))
    return documents.model_copy(update={"differences": differences[:MOST]}), pending


def _documents(db: Session, company: Company, *, whole_chain: bool) -> Check:
    differences: list[ShownDifference] = []
    compared, place = 0, (0, 0)
    where = {"company_id": company.id, "whole_chain": whole_chain, "size": DOCUMENTS}
    while documents := db.all(_Document, _SQL["documents"], year=place[0], sequence=place[1], **where):
        for each in documents:
            differences += _shown(_document_differences(each, whole_chain=whole_chain), MOST - len(differences))
        compared, place = compared + len(documents), (documents[-1].year, documents[-1].sequence)
    return Check(check="invoices", compared=compared, differences=differences)


def _document_differences(each: _Document, *, whole_chain: bool) -> Iterator[Difference]:
    row = load_json(each.row)
    previous = each.before_sha256 if whole_chain else row["previousSha256"]
    yield from document_differences(load_json(each.document), row, load_json(each.lines), previous)
    if whole_chain:
        before = (each.before_year, each.before_sequence, "")
        yield from gap_differences([before, (each.year, each.sequence, row["number"])])


def _adjustments(db: Session, company: Company) -> Iterator[tuple[Difference, bool]]:
    """The manual adjustments of which another amount is invoiced than was made, and whether the next document carries it."""
    for row in db.all(_Adjustment, _SQL["adjustments"], company_id=company.id, most=MOST):
        ids = {"campaignId": row.campaign_id, "key": row.key, "currency": row.currency}
        expected, found = (f"{add((amount,), row.currency):f}" for amount in (row.amount, row.invoiced))
        yield Difference(ids, "invoiced", expected, found), row.is_open


def _charges(db: Session, company: Company) -> Iterator[tuple[Difference, bool]]:
    """Of each closed month what is invoiced otherwise than charged, and whether a cause was recorded since."""
    if not company.is_invoiced:
        return
    account = load_account(db, company.id, company.id)
    if account.last_closed is None:
        return
    causes = set(load_causes(db, account, account.next_month))
    months: list[date] = db.values(_SQL["closed_months"], company_id=account.id, first=account.invoice_from)
    for month in months:
        for charge, said in load_charges(db, account, this_month(db, account, month)):
            for currency in sorted({line.currency for line in charge.statement.lines} | set(said)):
                found = charge_differences(
                    charge.campaign.id, f"{month:%Y-%m}", currency, charge.lines(currency), said.get(currency, {})
                )
                yield from ((each, (month, charge.campaign.id) in causes) for each in found)


def _shown(differences: Iterable[Difference], most: int = MOST) -> list[ShownDifference]:
    return [ShownDifference(**each._asdict()) for each in islice(differences, max(most, 0))]
