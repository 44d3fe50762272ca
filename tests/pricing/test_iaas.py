"""The IAAS model (design §5): a price for each learner served."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from billing.pricing import iaas
from billing.terms.json_terms import IaasTerms
from tests.pricing.agreed import campaign, period, version
from tests.pricing.reference import History, stated

JANUARY = period("2025-01-01", "2025-02-01")
SERVED = History(events=[(datetime(2024, 12, 31, tzinfo=UTC), 900), (datetime(2025, 1, 31, tzinfo=UTC), 120)])


def test_learners_of_the_period_are_charged_however_many_were_agreed_on() -> None:
    one = campaign("iaas", pricePerLearner="12.50", learnersCommitted=100)

    statement = stated(one, JANUARY, SERVED)

    (line,) = statement.lines
    assert (line.key, line.description, line.unit) == ("iaas.learners", "Learners served", "learner")
    assert (line.currency, str(line.amount), line.derivation) == ("EUR", "1500.00", ("120 learners × 12.50",))
    assert [statement.unit_price, statement.quantity, line.quantity] == [Fraction(25, 2), 120, 120]
    assert statement.totals.amount_due == 1500


def test_only_a_version_of_the_iaas_model_has_its_terms() -> None:
    agreed = iaas.iaas_terms(version("iaas", pricePerLearner=1))

    assert agreed is not None
    assert agreed.price_per_learner == 1
    assert iaas.iaas_terms(version("custom")) is None


@pytest.mark.parametrize(("measured", "met"), [(None, None), ("0.79", False), ("0.8", True)])
def test_an_outcome_is_met_once_what_was_measured_reaches_the_threshold(measured: str | None, met: bool | None) -> None:
    outcome = {"name": "passed", "threshold": "0.8", "measured": measured}

    terms = IaasTerms.model_validate({"pricePerLearner": 1, "outcomeThresholds": [outcome]})

    assert [each.met for each in terms.outcome_thresholds] == [met]
