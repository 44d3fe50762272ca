"""What a campaign used in a period, and what that costs (design §5, §8)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing import bundle, iaas, pricing, seats
from billing.campaigns import load_campaign
from billing.consumption import Consumption, Quantity, SeatMonth
from billing.database import Session, transaction
from billing.money import show_price, show_quantity
from billing.periods import Month, Period, first_hour, months, parse_period
from billing.shapes import DecimalString, Instant, Shape
from billing.sql import queries
from billing.statement import Line, Statement
from billing.terms import Campaign
from billing.usage import EARLIEST

_SQL = queries("campaigns")


class PeriodShape(Shape):
    start: Instant
    end: Instant


class Usage(Shape):
    """`seats_used` are those of the peak hour; `average_seats` is over all hours of the period."""

    seats_used: DecimalString
    seat_hours: DecimalString
    average_seats: DecimalString
    credits_consumed: DecimalString
    learners_served: DecimalString
    sessions_completed: DecimalString


class BillingLine(Shape):
    description: str
    quantity: DecimalString
    unit: str
    unit_price: DecimalString
    amount: DecimalString
    covered_by: str


class Billing(Shape):
    """`unit_price` and `quantity` are of the model's own unit; null for a custom model, whose lines have units of their own."""

    unit_price: DecimalString | None
    quantity: DecimalString | None
    currency: str | None
    lines: list[BillingLine]
    total_amount: DecimalString
    covered_amount: DecimalString
    amount_due: DecimalString
