"""Reconciles a company's books in one snapshot and bounded memory (design §14): every figure that is kept is recomputed from
the ledger, the terms and the movements. What differs is listed with ids and both values; nothing is mended."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from billing.contract.shapes import Shape
from billing.contract.types import CompanyRef, Instant, plain_number
from billing.database.bundles import load_split
from billing.database.drafts import Account, load_account, load_causes, load_charges, this_month
from billing.database.session import Session, load_json
from billing.errors import NotFound
from billing.invoices.audit import Difference, charge_differences, document_differences, gap_differences
from billing.invoices.chain import breaks
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
    lines: str


class _Link(NamedTuple):
    year: int
    sequence: int
    number: str
    document: str


def load_company(db: Session, company: str, company_id: str) -> Company:
    """The company. Raises `NotFound`, also for another one."""
    row = db.one(Company, _SQL["company"], company_id=company_id, company=company, many=RECORDS_MAX)
    if row is None:
        raise NotFound(f"There is no company {company_id}.")
    return row


def reconcile_company(db: Session, company: Company, *, whole_chain: Check | None = None) -> tuple[Reconciliation, int]:
    """What the checks find now, and the last record whose key was checked; `whole_chain` is what a run found of all companies'
    documents together."""
    checks = [_check(db, name, company_id=company.id) for name in ("balances", "coverage", "activities")]
    keys, last_record = _keys(db, company)
    invoices, pending = _invoices(db, company)
    if whole_chain is not None:
        invoices = invoices.model_copy(update={"differences": [*invoices.differences, *whole_chain.differences]})
    checks += [keys, _check(db, "corrections", company_id=company.id), _bundles(db, company.id), invoices]
    checks += [_check(db, "outbox", company_id=company.id), _check(db, "protection")]
    result = Reconciliation(
        company_id=company.id,
        checked_at=company.now,
        ok=not any(check.differences for check in checks),
        checks=checks,
        pending=pending,
    )
    return result, last_record


def check_chain(db: Session) -> Check:
    """The numbers without a gap, and the chain of hashes, over all companies' documents."""
    differences: list[Difference] = []
    compared, last, previous = 0, (0, 0, ""), None
    while links := db.all(_Link, _SQL["chain"], year=last[0], sequence=last[1], size=DOCUMENTS):
        documents = [load_json(link.document) for link in links]
        found = breaks(documents, previous)
        differences += [
            Difference({"invoiceId": each.number}, each.field, str(each.expected), str(each.stored)) for each in found
        ]
        numbers = [(link.year, link.sequence, link.number) for link in links]
        differences += gap_differences([last, *numbers])
        compared, last, previous = compared + len(links), numbers[-1], documents[-1]["sha256"]
    return Check(check="invoices", compared=compared, differences=_shown(differences))


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
    differences: list[Difference] = []
    compared, new, after = 0, 0, 0
    where = {"company_id": company.id, "last_record": company.last_record, "day": company.now.toordinal() % 30, "size": CHUNK}
    while new < NEW_KEYS_MAX and (records := load_json(db.value(_SQL["records"], after=after, **where))):
        for record in records:
            expected = _expected_keys(record)
            if record["deduplication_key"] not in expected:
                ids = {"usageRecordId": str(record["id"]), "campaignId": record["campaign_id"]}
                differences.append(Difference(ids, "deduplicationKey", expected[0], record["deduplication_key"]))
        compared, after = compared + len(records), records[-1]["id"]
        new += sum(record["id"] > company.last_record for record in records)
    return Check(check="keys", compared=compared, differences=_shown(differences)), max(after, company.last_record)


def _expected_keys(record: dict[str, Any]) -> list[str]:
    """The key of the content, and those that the jobs give."""
    instant = datetime.fromisoformat(record["event_timestamp"]).isoformat()
    quantity, metadata = plain_number(Decimal(record["quantity"])), canonical_json(record["metadata"])
    campaign, event_type = record["campaign_id"], record["event_type"]
    content = "\0".join((event_type, campaign, instant, quantity, metadata))
    named = [content, "\0", *(["\0" + record["first_activity"]] if record["first_activity"] else [])]
    return [usage_key(campaign, event_type, instant, each) for each in named]


def _invoices(db: Session, company: Company) -> tuple[Check, list[ShownDifference]]:
    differences: list[Difference] = []
    compared, place = 0, (0, 0)
    where = {"company_id": company.id, "size": DOCUMENTS}
    while documents := db.all(_Document, _SQL["documents"], year=place[0], sequence=place[1], **where):
        for each in documents:
            document = load_json(each.document)
            differences += document_differences(document, load_json(each.lines))
        compared, place = compared + len(documents), (documents[-1].year, documents[-1].sequence)
    pending: list[Difference] = []
    if company.is_invoiced:
        account = load_account(db, company.id, company.id)
        for difference, has_cause in _charges(db, account):
            (pending if has_cause else differences).append(difference)
    return Check(check="invoices", compared=compared, differences=_shown(differences)), _shown(pending)


def _charges(db: Session, account: Account) -> Iterator[tuple[Difference, bool]]:
    """Of each closed month what is invoiced otherwise than charged, and whether a cause was recorded since."""
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


def _shown(differences: Iterable[Difference]) -> list[ShownDifference]:
    return [ShownDifference(**each._asdict()) for each, _ in zip(differences, range(MOST), strict=False)]
