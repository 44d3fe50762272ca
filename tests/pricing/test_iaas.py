"""The IAAS model (design §5): a price for each learner, and what was delivered beside it."""

from decimal import Decimal
from fractions import Fraction

from billing.pricing import iaas
from billing.terms.models import IaasTerms
from billing.usage.consumption import Consumption, Quantity
from tests.pricing.reference import campaign, period

JANUARY = period("2025-01-01", "2025-02-01")
SERVED = Consumption(learners=Quantity(Decimal(900), Decimal(120)))


def test_learners_of_the_period_are_charged_however_many_were_agreed_on() -> None:
    terms = IaasTerms.model_validate({"pricePerLearner": "12.50", "learnersCommitted": 100})

    statement = iaas.charge(campaign("iaas", iaas_metrics=terms), JANUARY, SERVED)

    (line,) = statement.lines
    assert (line.unit, str(line.amount)) == ("learner", "1500.00")
    assert [statement.unit_price, statement.quantity, line.quantity] == [Fraction(25, 2), 120, 120]
    assert statement.amount_due == 1500


def test_delivered_are_all_learners_up_to_the_periods_end() -> None:
    terms = IaasTerms.model_validate({"pricePerLearner": 1, "learnersCommitted": 1000})

    delivery = iaas.delivery(campaign("iaas", iaas_metrics=terms), SERVED)

    assert delivery == iaas.Delivery(Decimal(1000), Decimal(1020), ())


def test_a_campaign_of_another_model_delivers_no_learners() -> None:
    assert iaas.delivery(campaign("seats"), SERVED) is None
