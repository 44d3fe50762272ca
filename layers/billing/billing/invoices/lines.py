"""The lines of a document: one rule, `charge − invoiced`, for each campaign, key and month (design §13).

Let charge be the sum of the rounded due lines of a key on the campaign's statement of a whole calendar month, recomputed
now, and invoiced the signed sum of the lines with that key on all documents. A document carries the difference where it is
not zero: the statement's lines as they are where it is of the document's own month and nothing of the key is invoiced,
otherwise one adjustment.

Example: March's invoice CB-2025-000001 said 161.06 of additional seats. A late count makes them 161.29, so April's invoice
carries an adjustment of quantity 1 at 0.23: "Additional seats, March 2025: 161.29 recomputed, 161.06 invoiced, 0.23 (see
CB-2025-000001)".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from billing.contract.types import CoveredBy
from billing.invoices.document import Line, add, month_name, negate
from billing.invoices.tax import Tax
from billing.money import round_money

MANUAL = "manual:"

_COMPONENTS = {
    "seats.committed": "Committed seats",
    "seats.additional": "Additional seats",
    "credits.overage": "Credits beyond the allocation",
    "iaas.learners": "Learners served",
    "custom.fee": "Fixed fee",
}
ADJUSTMENT_UNIT = "adjustment"


class StatementLine(NamedTuple):
    """A line of a campaign's statement of one calendar month; the amount is rounded, quantity and unit price as shown."""

    key: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    covered_by: CoveredBy


class Campaign(NamedTuple):
    """The campaign that lines charge."""

    id: str
    name: str


class Invoiced(NamedTuple):
    """What documents say of one key and month: the signed sum on all of them, and the numbers of the uncredited ones."""

    amount: Decimal
    numbers: tuple[str, ...]


class ManualAdjustment(NamedTuple):
    """An adjustment that a person made, of either sign, in whole minor units."""

    id: str
    campaign: Campaign | None
    description: str
    amount: Decimal


NOTHING = Invoiced(Decimal(0), ())


def component_name(key: str) -> str:
    """The component that a key names, in words.

    >>> component_name("seats.additional"), component_name("custom.milestone:Signs: first 10 km")
    ('Additional seats', 'Signs: first 10 km')
    """
    return _COMPONENTS.get(key) or key.partition(":")[2] or key


def due_lines(
    campaign: Campaign,
    month: str,
    statement: Sequence[StatementLine],
    invoiced: Mapping[str, Invoiced],
    *,
    currency: str,
    tax: Tax,
    adjustment_tax: Tax | None = None,
    earlier: bool = False,
) -> list[Line]:
    """The due lines of one campaign and month on the next document of a currency.

    `statement` holds the month's statement recomputed now, `invoiced` what documents of the currency say of the campaign's
    keys in that month. `earlier` is true where the month is before that of the document; `tax` is the profile's, and
    `adjustment_tax` that of the first uncredited document that invoiced the month, where there is one.
    """
    charged: dict[str, list[StatementLine]] = {}
    for line in statement:
        if line.covered_by == CoveredBy.NONE:
            charged.setdefault(line.key, []).append(line)
    gone = sorted(key for key in invoiced if key not in charged and not key.startswith(MANUAL))
    lines: list[Line] = []
    for key in [*charged, *gone]:
        already = invoiced.get(key, NOTHING)
        charge = add((line.amount for line in charged.get(key, [])), currency)
        if charge == already.amount:
            continue
        if earlier or already != NOTHING:
            lines.append(_adjustment(campaign, key, month, charge, already, currency, adjustment_tax or tax))
        else:
            lines += [_statement_line(campaign, month, line, "charge", tax) for line in charged[key]]
    return lines


def covered_lines(campaign: Campaign, month: str, statement: Sequence[StatementLine]) -> list[Line]:
    """What prepaid credits and subscriptions have paid for, for information."""
    covered = [line for line in statement if line.covered_by != CoveredBy.NONE]
    return [_statement_line(campaign, month, line, "covered", None) for line in covered if line.amount]


def manual_line(adjustment: ManualAdjustment, month: str, invoiced: Decimal, *, currency: str, tax: Tax) -> Line | None:
    """What is left of a manual adjustment to invoice, on the document of a month; nothing where all of it is invoiced."""
    difference = add((adjustment.amount, negate(invoiced)), currency)
    if not difference:
        return None
    campaign, key = adjustment.campaign, MANUAL + adjustment.id
    return Line(**_single(campaign, key, month, difference, tax), kind="manual", description=adjustment.description)


def _adjustment(campaign: Campaign, key: str, month: str, charge: Decimal, already: Invoiced, currency: str, tax: Tax) -> Line:
    difference = add((charge, negate(already.amount)), currency)
    figures = f"{charge:,f} recomputed, {round_money(Fraction(already.amount), currency):,f} invoiced, {difference:,f}"
    numbers = f" (see {', '.join(already.numbers)})" if already.numbers else ""
    return Line(
        **_single(campaign, key, month, difference, tax),
        kind="adjustment",
        description=f"{component_name(key)}, {month_name(month)}: {figures}{numbers}",
        recomputed_amount=charge,
        invoiced_amount=add((already.amount,), currency),
    )


def _single(campaign: Campaign | None, key: str, month: str, amount: Decimal, tax: Tax) -> dict[str, Any]:
    # The sign is the quantity's: no price is ever below zero (EN 16931, BR-27).
    return {
        "campaign_id": campaign and campaign.id,
        "campaign_name": campaign and campaign.name,
        "key": key,
        "month": month,
        "quantity": Decimal(1 if amount > 0 else -1),
        "unit": ADJUSTMENT_UNIT,
        "unit_price": amount.copy_abs(),
        "amount": amount,
        "covered_by": CoveredBy.NONE,
        "tax_category": tax.category,
        "tax_rate": tax.rate,
    }


def _statement_line(campaign: Campaign, month: str, line: StatementLine, kind: str, tax: Tax | None) -> Line:
    return Line(
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        kind=kind,
        month=month,
        tax_category=tax and tax.category,
        tax_rate=tax and tax.rate,
        **line._asdict(),
    )
