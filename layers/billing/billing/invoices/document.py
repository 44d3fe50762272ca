"""A document: an invoice or a credit note of one company, currency and calendar month, and its lines (design §13).

Amounts are in major units of the document's currency and signed from the seller's view: those of a credit note are below
zero. Only the UBL and the PDF of a credit note turn the signs.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from billing.contract.shapes import Shape
from billing.contract.types import CampaignRef, CompanyRef, CoveredBy, Currency, DecimalString
from billing.invoices.parties import BillingProfile, Seller, TaxCategory
from billing.money import round_money

LineKind = Literal["charge", "adjustment", "manual", "credit", "covered"]
DocumentKind = Literal["invoice", "credit_note"]

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Line(Shape):
    """One line; `month` is the month that it charges, such as `2025-03`.

    An adjustment says what was recomputed and what had been invoiced. A covered line is shown for information: it has no
    tax category, since nothing of it is due. A manual adjustment may have no campaign.
    """

    campaign_id: CampaignRef | None
    campaign_name: str | None
    key: str
    kind: LineKind
    month: str
    description: str
    quantity: DecimalString
    unit: str
    unit_price: DecimalString
    amount: DecimalString
    covered_by: CoveredBy
    recomputed_amount: DecimalString | None = None
    invoiced_amount: DecimalString | None = None
    tax_category: TaxCategory | None
    tax_rate: DecimalString | None

    @property
    def is_due(self) -> bool:
        return self.kind != "covered"


class TaxGroup(Shape):
    """The tax of the due lines of one category and rate; `taxReason` says why none is due, for E and AE."""

    tax_category: TaxCategory
    tax_rate: DecimalString
    tax_reason: str | None
    net_amount: DecimalString
    tax_amount: DecimalString


class Document(Shape):
    """A document as it would be issued now: without a number, dates or a hash."""

    invoice_id: str | None = None
    number: str | None = None
    kind: DocumentKind
    company_id: CompanyRef
    currency: Currency
    month: str
    issued_on: date | None = None
    due_on: date | None = None
    seller: Seller
    buyer: BillingProfile
    lines: list[Line]
    taxes: list[TaxGroup]
    net_amount: DecimalString
    tax_amount: DecimalString
    total_amount: DecimalString
    covered_amount: DecimalString
    corrects: str | None = None
    credited_by: str | None = None
    recorded_by: str | None = None
    sha256: str | None = None
    previous_sha256: str | None = None

    @property
    def due_lines(self) -> list[Line]:
        return [line for line in self.lines if line.is_due]

    @property
    def covered_lines(self) -> list[Line]:
        return [line for line in self.lines if not line.is_due]


class IssuedDocument(Document):
    """A document that has been issued, which never changes.

    `corrects` and `creditedBy` are numbers of documents; `creditedBy` is looked up when a document is read. `previousSha256`
    is that of the document with the number before; null for the first of all.
    """

    invoice_id: str
    number: str
    issued_on: date
    due_on: date
    recorded_by: str
    sha256: str


def month_name(month: str) -> str:
    """A month in words.

    >>> month_name("2025-03")
    'March 2025'
    """
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


def add(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The sum of rounded amounts, exact at any size: Decimal's own addition keeps 28 digits."""
    return round_money(sum(map(Fraction, amounts), Fraction(0)), currency)


def negate(number: Decimal) -> Decimal:
    """The number with the other sign, exact at any size, and without a minus before zero."""
    return number.copy_negate() if number else number
