"""A seller, its customers, and documents to try the renderings on; Fjellbris' are those of design §13."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.contract.types import CoveredBy
from billing.invoices.compose import compose, credit_note, issue
from billing.invoices.document import Document, IssuedDocument, Line
from billing.invoices.lines import (
    Campaign,
    Invoiced,
    ManualAdjustment,
    StatementLine,
    covered_lines,
    due_lines,
    manual_line,
)
from billing.invoices.parties import BillingProfile, Seller
from billing.invoices.tax import Tax, tax_of, tax_reason

SELLER_JSON: dict[str, Any] = {
    "legalName": "Samspill Programs AS",
    "address": {"lines": ["Storgata 12"], "postcode": "0155", "city": "Oslo", "country": "NO"},
    "vatId": "NO987654325MVA",
    "email": "billing@samspill.example",
    "iban": "NO9386011117947",
    "bic": "DNBANOKK",
    "numberPrefix": "CB",
    "timeZone": "Europe/Oslo",
}
PROFILE_JSON: dict[str, Any] = {
    "legalName": "Fjellbris Energi AS",
    "address": {"lines": ["Kaigaten 4"], "postcode": "5016", "city": "Bergen", "country": "NO"},
    "vatId": "NO912345674MVA",
    "email": "faktura@fjellbris.example",
    "buyerReference": "PO-4471",
    "taxCategory": "S",
    "taxRate": "25",
}
SELLER = Seller.model_validate(SELLER_JSON)
PROFILE = BillingProfile.model_validate(PROFILE_JSON)
TAX = tax_of(PROFILE)

CLEAN_UP = Campaign("demo-fjord-clean-up", "Fjord beach clean-up")
MENTORING = Campaign("demo-first-job-mentoring", "First-job mentoring")
SENIORS = Campaign("demo-digital-seniors", "Digital literacy for seniors")
BUDDIES = Campaign("demo-reading-buddies", "Reading buddies")
CLUBS = Campaign("demo-code-clubs", "Code clubs in rural schools")


def profile(**changes: Any) -> BillingProfile:
    return BillingProfile.model_validate({**PROFILE_JSON, **changes})


def due(key: str, description: str, quantity: str, unit: str, price: str, amount: str) -> StatementLine:
    return StatementLine(key, description, Decimal(quantity), unit, Decimal(price), Decimal(amount), CoveredBy.NONE)


def share(quantity: str, amount: str) -> StatementLine:
    price = Decimal("24990.00")
    return StatementLine(
        "bundle.share", "Share of the bundle", Decimal(quantity), "bundle", price, Decimal(amount), CoveredBy.SUBSCRIPTION
    )


MARCH_OF_CLEAN_UP = [
    due("seats.committed", "Committed seats", "40.000000", "seat-month", "35.00", "1400.00"),
    due("seats.additional", "Additional seats", "4.601615", "seat-month", "35.00", "161.06"),
]
MARCH = [
    (CLEAN_UP, MARCH_OF_CLEAN_UP),
    (
        MENTORING,
        [
            due("seats.committed", "Committed seats", "17.732167", "seat-month", "59.90", "1062.16"),
            due("seats.additional", "Additional seats", "0.339166", "seat-month", "59.90", "20.32"),
        ],
    ),
    (SENIORS, [share("0.028270", "706.46")]),
    (BUDDIES, [share("0.028270", "706.46")]),
    (CLUBS, [share("0.028278", "706.67")]),
]


def lines_of(
    statements: Sequence[tuple[Campaign, Sequence[StatementLine]]],
    month: str = "2025-03",
    *,
    invoiced: Mapping[str, Invoiced] | None = None,
    currency: str = "EUR",
    tax: Tax = TAX,
    earlier: bool = False,
) -> list[Line]:
    return [
        line
        for campaign, statement in statements
        for line in [
            *due_lines(campaign, month, statement, invoiced or {}, currency=currency, tax=tax, earlier=earlier),
            *covered_lines(campaign, month, statement),
        ]
    ]


def document_of(
    lines: Sequence[Line], month: str = "2025-03", *, currency: str = "EUR", buyer: BillingProfile = PROFILE, **before: Any
) -> Document:
    document = compose("demo-fjellbris", currency, month, seller=SELLER, buyer=buyer, lines=lines, **before)
    assert document is not None
    return document


def issued(document: Document, sequence: int = 1, day: str = "2025-04-03", previous: str | None = None) -> IssuedDocument:
    number = f"CB-2025-{sequence:06}"
    return issue(
        document,
        invoice_id=number,
        number=number,
        issued_on=date.fromisoformat(day),
        recorded_by="issue_invoices",
        previous_sha256=previous,
    )


def fjellbris() -> IssuedDocument:
    return issued(document_of(lines_of(MARCH)))


def fjellbris_in_april() -> IssuedDocument:
    """April's document, with the adjustment of March."""
    late = [
        MARCH_OF_CLEAN_UP[0],
        due("seats.additional", "Additional seats", "4.608345", "seat-month", "35.00", "161.29"),
    ]
    said = {
        "seats.committed": Invoiced(Decimal("1400.00"), ("CB-2025-000001",)),
        "seats.additional": Invoiced(Decimal("161.06"), ("CB-2025-000001",)),
    }
    april = [(CLEAN_UP, [due("seats.committed", "Committed seats", "40.000000", "seat-month", "35.00", "1400.00")])]
    return issued(
        document_of([*lines_of([(CLEAN_UP, late)], invoiced=said, earlier=True), *lines_of(april, "2025-04")], "2025-04"),
        2,
        "2025-05-04",
        fjellbris().sha256,
    )


def credited(document: IssuedDocument) -> IssuedDocument:
    return issued(credit_note(document), 2, "2025-04-10", document.sha256)


def taxpayer(category: str) -> BillingProfile:
    """A buyer of one tax category, with what that needs."""
    needs = {
        "S": {"taxRate": "25"},
        "AE": {"taxRate": "0", "vatId": "DE136695976"},
        "E": {"taxRate": "0", "taxReason": "Exempt under section 6-5 of the VAT act"},
        "Z": {"taxRate": "0"},
    }
    return profile(taxCategory=category, **needs[category])


def taxed(category: str) -> IssuedDocument:
    buyer = taxpayer(category)
    return issued(document_of(lines_of(MARCH, tax=tax_of(buyer)), buyer=buyer))


def adjusted(before: BillingProfile, buyer: BillingProfile) -> IssuedDocument:
    """March's document, with an adjustment of February, which was invoiced when the buyer's profile was another."""
    said = {"seats.additional": Invoiced(Decimal("161.06"), ("CB-2025-000001",))}
    february = lines_of([(CLEAN_UP, [])], "2025-02", invoiced=said, tax=tax_of(before), earlier=True)
    return issued(
        document_of(
            [*february, *lines_of(MARCH, tax=tax_of(buyer))],
            buyer=buyer,
            reasons={before.tax_category: tax_reason(before)},
            vat_ids={"2025-02": before.vat_id},
        )
    )


def two_categories() -> IssuedDocument:
    """An exempt customer's document, with an adjustment of a month that was invoiced at the standard rate."""
    return adjusted(PROFILE, taxpayer("E"))


def reverse_charged_before() -> IssuedDocument:
    """A document at the standard rate whose buyer has no VAT id any more, with an adjustment of a reverse-charged month."""
    return adjusted(taxpayer("AE"), profile(vatId=None))


def bare() -> IssuedDocument:
    """Nothing but what is required, and one line."""
    buyer = BillingProfile.model_validate(
        {
            "legalName": "Ø",
            "address": {"lines": ["1", "2", "3"], "postcode": "", "city": "Dublin", "country": "IE"},
            "taxCategory": "Z",
            "taxRate": 0,
        }
    )
    statement = [due("iaas.learners", "Learners served", "1.000000", "learner", "0.333333", "0.33")]
    return issued(document_of(lines_of([(BUDDIES, statement)], tax=tax_of(buyer)), buyer=buyer))


def in_currency(currency: str, price: str, amount: str) -> IssuedDocument:
    statement = [due("iaas.learners", "Learners served", "124.000000", "learner", price, amount)]
    return issued(document_of(lines_of([(BUDDIES, statement)], currency=currency), currency=currency))


def below_zero() -> IssuedDocument:
    """A document of its own whose total is below zero, so of the kind `credit_note`: it corrects none."""
    goodwill = ManualAdjustment("goodwill-7", BUDDIES, "Goodwill for the days without service", Decimal("-300.00"))
    overage = [due("credits.overage", "Credits beyond the allocation", "36.500000", "credit", "6.50", "237.25")]
    manual = manual_line(goodwill, "2025-03", Decimal(0), currency="EUR", tax=TAX)
    assert manual is not None
    return issued(document_of([*lines_of([(BUDDIES, overage)]), manual]))


def long_document(count: int = 200) -> IssuedDocument:
    """Many lines of campaigns with long names."""
    names = [
        "Volunteering in the coastal municipalities of Nordland, Troms and Finnmark, second cohort of spring 2025",
        "A" * 90,
        "Short",
    ]
    statements = [
        (
            Campaign(f"campaign-{number}", f"{names[number % 3]} {number}"),
            [
                due(
                    f"custom.component:{part}",
                    f"Component {part} of the programme",
                    f"{part + 1}.{number:06}",
                    "session",
                    "140.00",
                    f"{140 * (part + 1)}.00",
                )
                for part in range(8)
            ],
        )
        for number in range(count // 8)
    ]
    return issued(document_of(lines_of(statements)))
