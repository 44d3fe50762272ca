"""What a person reads on a document: the words and figures that the HTML page and the PDF share.

Figures of a column stand under one another: each has as many decimals as the longest, those beyond its own kept as a `pad`
that takes room and is not seen.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.invoices.document import MONTHS, IssuedDocument, Line, add, month_name, negate
from billing.invoices.parties import Address, BillingProfile, Seller
from billing.money import minor_digits

WITHOUT_CAMPAIGN = "Other"
COVERED_BY = {"prepaid_credits": "prepaid credits", "subscription": "subscription", "none": ""}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Figure:
    """A number as text, and what stands in for the decimals that it does not have."""

    shown: str
    pad: str


@dataclass(frozen=True)
class Row:
    """A line of the document."""

    description: str
    quantity: Figure
    unit: str
    unit_price: Figure
    amount: str


@dataclass(frozen=True)
class Group:
    """The lines of one campaign; the subtotal is empty where there is one line only."""

    campaign: str
    rows: list[Row]
    subtotal: str


@dataclass(frozen=True)
class Party:
    """The seller or the buyer: a name, and what stands below it."""

    name: str
    lines: list[str]


@dataclass(frozen=True)
class TaxRow:
    """One category and rate."""

    label: str
    amount: str


@dataclass(frozen=True)
class Page:
    """A document in words; `facts` and `payment` are pairs of a label and a value."""

    title: str
    number: str
    issued_on: str
    currency: str
    seller: Party
    buyer: Party
    facts: list[tuple[str, str]]
    due: list[Group]
    covered: list[Group]
    net: str
    taxes: list[TaxRow]
    total_label: str
    total: str
    covered_total: str
    payment: list[tuple[str, str]]
    notes: list[str]
    sha256: str


def page(document: IssuedDocument, *, turned: bool = False) -> Page:
    """The words of a document; `turned` shows its amounts with the opposite sign, as a credit note's PDF does."""
    sign = negate if turned else _same
    is_invoice = document.kind == "invoice"
    return Page(
        title="Invoice" if is_invoice else "Credit note",
        number=document.number,
        issued_on=day_in_words(document.issued_on),
        currency=document.currency,
        seller=_party(document.seller),
        buyer=_party(document.buyer),
        facts=_facts(document),
        due=_groups(document.due_lines, document.currency, turned),
        covered=_groups(document.covered_lines, document.currency, False),
        net=money(sign(document.net_amount)),
        taxes=[
            TaxRow(_tax_label(group.tax_category, group.tax_rate, money(sign(group.net_amount))), money(sign(group.tax_amount)))
            for group in document.taxes
        ],
        total_label=f"Total to pay in {document.currency}" if is_invoice else f"Total credited in {document.currency}",
        total=money(sign(document.total_amount)),
        covered_total=money(document.covered_amount),
        payment=_payment(document) if is_invoice else [],
        notes=_notes(document),
        sha256=document.sha256,
    )


def money(amount: Decimal) -> str:
    """An amount with the decimals that it has.

    >>> money(Decimal("-1234.50"))
    '−1,234.50'
    """
    return f"{amount:,f}".replace("-", "−")


def day_in_words(day: date) -> str:
    """A date that nobody reads the other way round.

    >>> day_in_words(date(2025, 4, 3))
    '3 April 2025'
    """
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def printable(text: str) -> str:
    """The text as XML 1.0 and a page can hold it: control characters, which neither can, become U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", text)


def figures(numbers: Sequence[Decimal], least: int) -> list[Figure]:
    """The numbers of a column without needless zeros, but with at least so many decimals.

    >>> figures([Decimal("40.000000"), Decimal("4.601615")], 0)
    [Figure(shown='40', pad='.000000'), Figure(shown='4.601615', pad='')]
    """
    shown = [_shortened(number, least) for number in numbers]
    longest = max((len(text.partition(".")[2]) for text in shown), default=0)
    return [Figure(text, _pad(len(text.partition(".")[2]), longest)) for text in shown]


def _same(amount: Decimal) -> Decimal:
    return amount


def _shortened(number: Decimal, least: int) -> str:
    whole, _, decimals = money(number).partition(".")
    kept = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{kept}" if kept else whole


def _pad(decimals: int, longest: int) -> str:
    zeros = "0" * (longest - decimals)
    return f".{zeros}" if zeros and not decimals else zeros


def _party(party: Seller | BillingProfile) -> Party:
    vat_id = [f"VAT {party.vat_id}"] if party.vat_id else []
    lines = [*_address(party.address), *vat_id, *([party.email] if party.email else [])]
    return Party(printable(party.legal_name), [printable(line) for line in lines])


def _address(address: Address) -> list[str]:
    return [*address.lines, f"{address.postcode} {address.city}, {address.country}".lstrip()]


def _facts(document: IssuedDocument) -> list[tuple[str, str]]:
    facts = [
        ("Number", document.number),
        ("Date of issue", day_in_words(document.issued_on)),
        ("Due date", day_in_words(document.due_on) if document.kind == "invoice" else ""),
        ("Charges for", month_name(document.month)),
        ("Corrects", document.corrects or ""),
        ("Your reference", printable(document.buyer.buyer_reference or "")),
    ]
    return [(label, value) for label, value in facts if value]


def _payment(document: IssuedDocument) -> list[tuple[str, str]]:
    iban = document.seller.iban
    facts = [
        ("Pay by", day_in_words(document.due_on)),
        ("IBAN", " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))),
        ("BIC", document.seller.bic or ""),
        ("Reference", document.number),
    ]
    return [(label, value) for label, value in facts if value]


def _groups(lines: Sequence[Line], currency: str, turned: bool) -> list[Group]:
    sign = negate if turned else _same
    quantities = figures([sign(line.quantity) for line in lines], 0)
    prices = figures([line.unit_price for line in lines], minor_digits(currency))
    campaigns: dict[tuple[str | None, str], list[tuple[Line, Row]]] = {}
    for line, quantity, price in zip(lines, quantities, prices, strict=True):
        row = Row(_description(line), quantity, printable(line.unit), price, money(sign(line.amount)))
        campaigns.setdefault((line.campaign_id, line.campaign_name or WITHOUT_CAMPAIGN), []).append((line, row))
    return [_group(name, members, currency, turned) for (_, name), members in campaigns.items()]


def _group(name: str, members: Sequence[tuple[Line, Row]], currency: str, turned: bool) -> Group:
    total = add((line.amount for line, _ in members), currency)
    subtotal = money(negate(total) if turned else total) if len(members) > 1 else ""
    return Group(printable(name), [row for _, row in members], subtotal)


def _description(line: Line) -> str:
    covered_by = COVERED_BY[line.covered_by]
    return printable(f"{line.description}, paid by {covered_by}" if covered_by else line.description)


def _tax_label(category: str, rate: Decimal, net: str) -> str:
    percent = f"{rate:f}".rstrip("0").rstrip(".") if "." in f"{rate:f}" else f"{rate:f}"
    kinds = {"S": f"VAT {percent} %", "AE": "VAT, reverse charge", "E": "VAT, exempt", "Z": "VAT 0 %"}
    return f"{kinds[category]} of {net}"


def _notes(document: IssuedDocument) -> list[str]:
    reasons: Iterable[str] = dict.fromkeys(group.tax_reason for group in document.taxes if group.tax_reason)
    return [f"No tax is charged: {printable(reason)}." for reason in reasons]
