"""The credits model (design §5): credits bought in advance, and what is used beyond them.

Credits used within the allocation, counted from the campaign's first record, are covered by the prepaid credits; those
beyond it are an overage, due. A credit costs `credit_price`, or `budget_allocated / credit_allocation` where that is null.
An activity uses its quantity × `credit_consumption_rate` credits; the balance and its alerts are kept by the database, in
the migration `0002_ledger`.

Example: 10,000 credits for a budget of 5,000.00 EUR, 12,000 used in the first month. A credit costs 0.50 EUR; 10,000 credits
are covered, 5,000.00 EUR, and 2,000 are due, 1,000.00 EUR.
"""

from fractions import Fraction

from billing.periods import Period
from billing.pricing.statement import CoveredBy, Line, Statement
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption


def charge(campaign: Campaign, period: Period, consumption: Consumption) -> Statement:
    """The statement of a credits campaign."""
    price, currency = credit_price(campaign), campaign.currency or ""
    before, used = Fraction(consumption.credits.before), Fraction(consumption.credits.within)
    allocation = Fraction(campaign.credit_allocation or 0)
    covered = min(allocation, before + used) - min(allocation, before)
    lines = (
        Line("Credits within the allocation", covered, "credit", price, currency, CoveredBy.PREPAID_CREDITS),
        Line("Credits beyond the allocation", used - covered, "credit", price, currency),
    )
    return Statement(lines, currency, unit_price=price, quantity=used)


def credit_price(campaign: Campaign) -> Fraction:
    """What one credit costs; nothing where no price is agreed and no credits were bought."""
    if campaign.credit_price is not None:
        return Fraction(campaign.credit_price)
    if not campaign.credit_allocation:
        return Fraction(0)
    return Fraction(campaign.budget_allocated or 0) / Fraction(campaign.credit_allocation)
