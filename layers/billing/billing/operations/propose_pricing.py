"""What a usage would cost by each of the five models, and by each bundle on offer (design §15)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from billing.contract.shapes import PeriodShape, Request, Shape
from billing.contract.statements import Billing
from billing.contract.types import Amount, Currency, CurrencyIn, PricingModel, Quantity, parse_integer
from billing.database.session import transaction
from billing.pricing.shown import billing
from billing.signals.proposals import Bundle, Proposal, Terms, Usage, proposals, proposed_period
from billing.sql import queries
from billing.terms.json_terms import CustomTerms, IaasTerms, check_members
from billing.terms.models import CreditTerms, SeatTerms

MONTHS_MAX = 60
_SQL = queries("signals")


class AssumedUsage(Request):
    """What would be used in all the months together."""

    seat_months: Quantity = Decimal(0)
    volunteer_hours: Quantity = Decimal(0)
    learners: Quantity = Decimal(0)
    sessions: Quantity = Decimal(0)
    months: Annotated[int, Field(ge=1, le=MONTHS_MAX), BeforeValidator(parse_integer)]


class Prices(Request):
    """The prices of the models; a model without its price is not proposed."""

    seat_price_per_month: Amount | None = None
    committed_seats: Amount = Decimal(0)
    credit_price: Amount | None = None
    credit_consumption_rate: Amount = Decimal(1)
    price_per_learner: Amount | None = None
    custom_pricing_terms: CustomTerms | None = None

    @field_validator("custom_pricing_terms", mode="before")
    @classmethod
    def _known_members(cls, value: Any) -> Any:
        check_members(value)
        return value

    def terms(self) -> Terms:
        """As the rating code takes them."""
        return Terms(
            seats=None if self.seat_price_per_month is None else SeatTerms(self.seat_price_per_month, self.committed_seats),
            credits=None if self.credit_price is None else CreditTerms(self.credit_price),
            credit_rate=self.credit_consumption_rate,
            iaas=None if self.price_per_learner is None else IaasTerms(price_per_learner=self.price_per_learner),
            custom=self.custom_pricing_terms,
        )


class ProposalRequest(Request):
    """A usage, and the prices that it is rated by; the bundles are those on offer in the currency."""

    usage: AssumedUsage
    currency: CurrencyIn
    prices: Prices = Prices()


class PricingProposal(Shape):
    """What the rating code charges; `bundleId` and the `bundles` bought are of the bundle model."""

    pricing_model: PricingModel
    bundle_id: str | None
    bundle_name: str | None
    bundles: int | None
    billing: Billing


class PricingProposals(Shape):
    """The cheapest first, over the calendar months of `period`, in UTC."""

    currency: Currency
    period: PeriodShape
    proposals: list[PricingProposal]


def propose_pricing(company: str, request: ProposalRequest) -> PricingProposals:
    """The proposals; nothing is stored."""
    usage = Usage(**{name: getattr(request.usage, name) for name in Usage._fields})
    period = proposed_period(datetime.now(UTC), usage.months)
    with transaction(company) as db:
        bundles = db.all(Bundle, _SQL["bundles"], currency=request.currency)
    found = proposals(usage, request.currency, request.prices.terms(), bundles, period)
    return PricingProposals(
        currency=request.currency,
        period=PeriodShape(start=period.start, end=period.end),
        proposals=[_shown(each) for each in found],
    )


def _shown(proposal: Proposal) -> PricingProposal:
    return PricingProposal(
        pricing_model=proposal.pricing_model,
        bundle_id=proposal.bundle and proposal.bundle.id,
        bundle_name=proposal.bundle and proposal.bundle.name,
        bundles=proposal.quantity,
        billing=billing(proposal.statement),
    )
