"""The tax of a document (design §13): for each category and rate, on the sum of the document's due lines.

It is rounded half away from zero to the currency's minor unit, as ERPs and XPath round, and unlike charges, which are
rounded half to even. Example: 1,400.00 + 161.06 + 1,062.16 + 20.32 = 2,643.54 net; 25 % of it is 660.885.

>>> tax_on(Decimal("2643.54"), Decimal("25"), "EUR"), tax_on(Decimal("-2643.54"), Decimal("25"), "EUR")
(Decimal('660.89'), Decimal('-660.89'))
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.invoices.document import Line, TaxGroup, add
from billing.invoices.parties import BillingProfile, TaxCategory
from billing.money import minor_digits

REVERSE_CHARGE = "Reverse charge"


class Tax(NamedTuple):
    """How a line is taxed; the rate is in percent."""

    category: TaxCategory
    rate: Decimal


def tax_of(profile: BillingProfile) -> Tax:
    """How the company's lines are taxed from now on."""
    return Tax(profile.tax_category, profile.tax_rate)


def tax_reason(profile: BillingProfile) -> str | None:
    """Why no tax is due, as a document says it; only for the categories that need a reason."""
    reasons = {"E": profile.tax_reason, "AE": profile.tax_reason or REVERSE_CHARGE}
    return reasons.get(profile.tax_category)


def tax_on(net: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The rate of a net amount, half away from zero to the minor unit."""
    digits = minor_digits(currency)
    exact = Fraction(net) * Fraction(rate) / 100 * 10**digits
    units = int(abs(exact) + Fraction(1, 2))
    return Decimal(f"{units if exact > 0 else -units}E-{digits}")


def tax_groups(lines: Sequence[Line], currency: str, reasons: Mapping[TaxCategory, str | None]) -> list[TaxGroup]:
    """The taxes of a document's due lines, in the order of category and rate."""
    groups: dict[Tax, list[Decimal]] = {}
    for line in lines:
        if line.tax_category is not None and line.tax_rate is not None:
            groups.setdefault(Tax(line.tax_category, line.tax_rate), []).append(line.amount)
    return [_group(tax, add(groups[tax], currency), currency, reasons) for tax in sorted(groups)]


def _group(tax: Tax, net: Decimal, currency: str, reasons: Mapping[TaxCategory, str | None]) -> TaxGroup:
    return TaxGroup(
        tax_category=tax.category,
        tax_rate=tax.rate,
        tax_reason=reasons.get(tax.category),
        net_amount=net,
        tax_amount=tax_on(net, tax.rate, currency),
    )
