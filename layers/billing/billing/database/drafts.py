"""What the documents of a company's month would say now (design §13), read in one snapshot.

Campaigns are read in chunks, so that what is held is the lines of the documents, however much was used.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing import pricing
from billing.database.campaigns import load_campaigns
from billing.database.consumption import load_consumption
from billing.database.session import Session, load_json
from billing.errors import Conflict, NotFound
from billing.invoices.compose import compose
from billing.invoices.document import Document, Line
from billing.invoices.lines import (
    Campaign,
    Invoiced,
    ManualAdjustment,
    StatementLine,
    covered_lines,
    due_lines,
    manual_line,
)
from billing.invoices.parties import BillingProfile, Seller, TaxCategory
from billing.invoices.tax import Tax, tax_of
from billing.money import show_price, show_quantity
from billing.periods import Period, calendar_month, months_later
from billing.pricing.statement import Statement
from billing.sql import queries

CAMPAIGNS_MAX = 1000
"""Of a company whose months are previewed and issued at once; of more, the job's next run does it (design §13)."""

CHUNK = 500
"""Campaigns and months that are read at a time."""

_SQL = queries("invoices")


class Account(NamedTuple):
    """A company as it is invoiced: the month after the last closed one is the next to close. `looked_until` is until when the
    last closing has seen everything; the revisions tell whether anything is newer."""

    id: str
    zone: ZoneInfo
    now: datetime
    buyer: BillingProfile
    seller: Seller
    invoice_from: date
    last_closed: date | None
    looked_until: datetime | None
    revision: int
    seller_revision: int
    is_large: bool

    @property
    def next_month(self) -> date:
        """The only month that can be closed."""
        return max(self.invoice_from, months_later(self.last_closed, 1)) if self.last_closed else self.invoice_from

    def is_closed(self, month: date) -> bool:
        return self.last_closed is not None and month <= self.last_closed

    def period(self, month: date) -> Period:
        """The calendar month in the company's time zone."""
        return calendar_month(month, self.zone)

    def check_invoiced(self, month: date) -> None:
        """Raises `Conflict` for a month before `invoiceFrom`."""
        if month < self.invoice_from:
            raise Conflict(f"The company is invoiced from {self.invoice_from:%Y-%m} on.")


class Charge(NamedTuple):
    """A campaign's statement of a month, recomputed now."""

    campaign: Campaign
    month: date
    statement: Statement

    def lines(self, currency: str) -> list[StatementLine]:
        """The lines in a currency, as documents show them."""
        return [
            StatementLine(
                key=line.key,
                description=line.description,
                quantity=show_quantity(line.quantity),
                unit=line.unit,
                unit_price=show_price(line.unit_price, currency),
                amount=line.amount,
                covered_by=line.covered_by,
            )
            for line in self.statement.lines
            if line.currency == currency
        ]


Said = dict[tuple[str, date], dict[str, dict[str, Invoiced]]]
"""What documents say of campaigns and months: by currency, then key."""


class _Account(NamedTuple):
    id: str
    time_zone: str
    revision: int | None
    invoice_from: date | None
    seller_revision: int | None
    seller: str | None
    profile: str | None
    last_closed: date | None
    looked_until: datetime | None
    now: datetime
    is_large: bool


class _Said(NamedTuple):
    campaign_id: str
    month: str
    key: str
    currency: str
    amount: Decimal | int
    numbers: list[str] | None


class _Cause(NamedTuple):
    month: date
    campaign_id: str


class _FirstTax(NamedTuple):
    month: date
    currency: str
    tax_category: TaxCategory
    tax_rate: Decimal
    tax_reason: str | None
    vat_id: str | None


class _Adjustment(NamedTuple):
    adjustment_id: str
    campaign_id: str | None
    campaign_name: str | None
    currency: str
    amount: Decimal
    description: str
    invoiced: Decimal


def load_account(db: Session, company: str, company_id: str) -> Account:
    """The company. Raises `NotFound`, also for another company, and `Conflict` where nobody can be invoiced, or by nobody."""
    row = db.one(_Account, _SQL["account"], company_id=company_id, company=company, many=CAMPAIGNS_MAX)
    if row is None:
        raise NotFound(f"There is no company {company_id}.")
    if row.profile is None or row.invoice_from is None or row.revision is None:
        raise Conflict(f"The company has no billing profile; PUT /v1/companies/{company_id}/billing-profile sets it.")
    if row.seller is None or row.seller_revision is None:
        raise Conflict("There is no seller yet; PUT /v1/seller sets it.")
    return Account(
        id=row.id,
        zone=ZoneInfo(row.time_zone),
        now=row.now,
        buyer=BillingProfile.model_validate(load_json(row.profile)),
        seller=Seller.model_validate(load_json(row.seller)),
        invoice_from=row.invoice_from,
        last_closed=row.last_closed,
        looked_until=row.looked_until,
        revision=row.revision,
        seller_revision=row.seller_revision,
        is_large=row.is_large,
    )


def load_drafts(db: Session, account: Account, month: date, *, every_cause: bool = False) -> list[Document]:
    """The documents of a month as they would be issued now; of a closed month those in currencies whose documents are all
    credited. `every_cause` looks at every earlier month, whether a cause was recorded or not."""
    currencies = None
    if account.is_closed(month):
        currencies = set(db.values(_SQL["credited_currencies"], company_id=account.id, month=month))
        if not currencies:
            return []
    earlier = _all_pairs(db, account, month) if every_cause else load_causes(db, account, month)
    lines: dict[str, list[Line]] = {}
    taxes = _first_taxes(db, account, {month, *(of for of, _ in earlier)})
    for charge, said in load_charges(db, account, [*this_month(db, account, month), *earlier]):
        for currency, new in _lines(account, month, charge, said, taxes).items():
            lines.setdefault(currency, []).extend(new)
    for currency, line in _manual_lines(db, account, month):
        lines.setdefault(currency, []).append(line)
    return [
        document
        for currency in sorted(lines)
        if currencies is None or currency in currencies
        if (document := _compose(account, currency, month, lines[currency], taxes))
    ]


def load_causes(db: Session, account: Account, month: date) -> list[tuple[date, str]]:
    """The closed months before one, and the campaigns that have a cause recorded in them since the last closing."""
    if account.looked_until is None:
        return []
    rows = db.all(
        _Cause,
        _SQL["causes"],
        company_id=account.id,
        zone=account.zone.key,
        first=account.invoice_from,
        month=month,
        since=account.looked_until,
    )
    return [(row.month, row.campaign_id) for row in rows]


def load_charges(
    db: Session, account: Account, pairs: Sequence[tuple[date, str]] | Iterator[tuple[date, str]]
) -> Iterator[tuple[Charge, dict[str, dict[str, Invoiced]]]]:
    """Of each month and campaign what it is charged now, and what documents say of it, by currency and key."""
    chunk: list[tuple[date, str]] = []
    for pair in pairs:
        chunk.append(pair)
        if len(chunk) == CHUNK:
            yield from _charges(db, account, chunk)
            chunk = []
    if chunk:
        yield from _charges(db, account, chunk)


def _charges(
    db: Session, account: Account, pairs: list[tuple[date, str]]
) -> Iterator[tuple[Charge, dict[str, dict[str, Invoiced]]]]:
    campaigns = {each.id: each for each in load_campaigns(db, account.id, sorted({campaign for _, campaign in pairs}))}
    used = load_consumption(db, [(campaigns[campaign], account.period(month)) for month, campaign in pairs])
    said = _said(db, pairs)
    for (month, _), (campaign, parts, earlier) in zip(pairs, used, strict=True):
        charge = Charge(Campaign(campaign.id, campaign.name), month, pricing.statement(campaign, parts, earlier))
        yield charge, said.get((campaign.id, month), {})


def _said(db: Session, pairs: list[tuple[date, str]]) -> Said:
    said: Said = {}
    asked = {"campaign_ids": [campaign for _, campaign in pairs], "months": [month.isoformat() for month, _ in pairs]}
    for row in db.table(_Said, _SQL["invoiced"], **asked):
        keys = said.setdefault((row.campaign_id, date.fromisoformat(row.month)), {}).setdefault(row.currency, {})
        keys[row.key] = Invoiced(Decimal(row.amount), tuple(row.numbers or ()))
    return said


def this_month(db: Session, account: Account, month: date) -> Iterator[tuple[date, str]]:
    """A month with each campaign of the company, in the order of their ids."""
    after = ""
    while True:
        ids = db.values(_SQL["campaigns"], company_id=account.id, after=after, size=CHUNK)
        yield from ((month, campaign_id) for campaign_id in ids)
        if len(ids) < CHUNK:
            return
        after = ids[-1]


def _all_pairs(db: Session, account: Account, month: date) -> list[tuple[date, str]]:
    months, of = [], account.invoice_from
    while of < month:
        months.append(of)
        of = months_later(of, 1)
    return [pair for of in months for pair in this_month(db, account, of)]


def _first_taxes(db: Session, account: Account, months: Collection[date]) -> dict[tuple[date, str], _FirstTax]:
    rows = db.all(_FirstTax, _SQL["first_taxes"], company_id=account.id, months=[month.isoformat() for month in sorted(months)])
    return {(row.month, row.currency): row for row in rows}


def _lines(
    account: Account,
    month: date,
    charge: Charge,
    said: dict[str, dict[str, Invoiced]],
    taxes: dict[tuple[date, str], _FirstTax],
) -> dict[str, list[Line]]:
    """The lines of one campaign and month on the documents of another, by currency."""
    lines = {}
    for currency in sorted({line.currency for line in charge.statement.lines} | set(said)):
        statement, first = charge.lines(currency), taxes.get((charge.month, currency))
        lines[currency] = due_lines(
            charge.campaign,
            f"{charge.month:%Y-%m}",
            statement,
            said.get(currency, {}),
            currency=currency,
            tax=tax_of(account.buyer),
            adjustment_tax=first and Tax(first.tax_category, first.tax_rate),
            earlier=charge.month < month,
        )
        if charge.month == month:
            lines[currency] += covered_lines(charge.campaign, f"{month:%Y-%m}", statement)
    return lines


def _manual_lines(db: Session, account: Account, month: date) -> Iterator[tuple[str, Line]]:
    for row in db.all(_Adjustment, _SQL["open_adjustments"], company_id=account.id):
        campaign = Campaign(row.campaign_id, row.campaign_name or "") if row.campaign_id else None
        adjustment = ManualAdjustment(row.adjustment_id, campaign, row.description, row.amount)
        line = manual_line(adjustment, f"{month:%Y-%m}", row.invoiced, currency=row.currency, tax=tax_of(account.buyer))
        if line:
            yield row.currency, line


def _compose(
    account: Account,
    currency: str,
    month: date,
    lines: list[Line],
    taxes: dict[tuple[date, str], _FirstTax],
) -> Document | None:
    first = [tax for tax in taxes.values() if tax.currency == currency]
    return compose(
        account.id,
        currency,
        f"{month:%Y-%m}",
        seller=account.seller,
        buyer=account.buyer,
        lines=lines,
        reasons={tax.tax_category: tax.tax_reason for tax in first},
        vat_ids={f"{tax.month:%Y-%m}": tax.vat_id for tax in first},
    )
