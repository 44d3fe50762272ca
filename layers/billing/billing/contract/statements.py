"""A statement as responses show it (design §5, §8); the summary, the preview and the invoice have it in common."""

from typing import Annotated

from pydantic import Field

from billing.contract.shapes import Shape
from billing.contract.types import CoveredBy, Currency, DecimalString, Instant


class BillingLine(Shape):
    """One charge, which holds from `from` until just before `to`; `coveredBy` says what has paid for it already.

    `derivation` is the arithmetic with its numbers: × ÷ + − mean what they say, `743 of 8,760 hours` is 743 ÷ 8,760, and it
    gives the amount to the cent. `estimatedAmount` is what of the amount rests on hours that no run saw when they were.
    """

    key: Annotated[str, Field(examples=["seats.committed"])]
    description: Annotated[str, Field(examples=["Committed seats"])]
    quantity: DecimalString
    unit: Annotated[str, Field(examples=["seat-month"])]
    unit_price: DecimalString
    amount: DecimalString
    covered_by: CoveredBy
    start: Annotated[Instant, Field(alias="from")]
    end: Annotated[Instant, Field(alias="to")]
    derivation: Annotated[str, Field(examples=["25 seats × 527 of 743 hours × 59.90"])]
    estimated_amount: DecimalString


class Billing(Shape):
    """`unitPrice` and `quantity` are of the model's own unit: null where its lines have units or prices of their own."""

    unit_price: DecimalString | None
    quantity: DecimalString | None
    currency: Currency | None
    lines: list[BillingLine]
    total_amount: DecimalString
    covered_amount: DecimalString
    amount_due: DecimalString
