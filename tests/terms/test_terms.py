"""Terms as other services write them (design §3, §5)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from billing.terms.json_terms import CustomTerms, IaasTerms


@pytest.mark.parametrize("value", ["0.1", "0.10", Decimal("0.1")], ids=repr)
def test_a_tenth_is_a_tenth_however_it_is_written(value: Any) -> None:
    assert IaasTerms.model_validate({"pricePerLearner": value}).price_per_learner == Decimal("0.1")


@pytest.mark.parametrize(
    "value", [-1, "-0.01", "NaN", "Infinity", float("inf"), float("nan"), True, "", "free", None, [1]], ids=repr
)
def test_an_amount_is_a_finite_number_that_is_not_negative(value: Any) -> None:
    with pytest.raises(ValidationError):
        IaasTerms.model_validate({"pricePerLearner": value})


def test_what_is_not_agreed_is_absent_and_what_is_not_for_billing_is_ignored() -> None:
    iaas = IaasTerms.model_validate({"pricePerLearner": 0, "dashboard": {"colour": "blue"}})
    custom = CustomTerms.model_validate({"salesRegion": "north"})

    assert (iaas.learners_committed, iaas.outcome_thresholds) == (None, ())
    assert (custom.fixed_fee, custom.fixed_fee_interval) == (None, "once")
    assert (custom.variable_components, custom.milestone_payments) == ((), ())


def test_custom_terms_are_read_in_camel_case() -> None:
    terms = CustomTerms.model_validate(
        {
            "fixedFee": "1000.00",
            "fixedFeeInterval": "quarter",
            "variableComponents": [{"name": "Hours", "unit": "hour", "rate": "12.5", "cap": 100}],
            "milestonePayments": [{"name": "Half way", "amount": 5, "dueDate": "2025-06-30"}],
        }
    )

    assert (terms.fixed_fee, terms.fixed_fee_interval) == (Decimal(1000), "quarter")
    assert (terms.variable_components[0].rate, terms.variable_components[0].cap) == (Decimal("12.5"), Decimal(100))
    assert (terms.milestone_payments[0].name, terms.milestone_payments[0].due_date) == ("Half way", date(2025, 6, 30))


@pytest.mark.parametrize(
    ("given", "name"), [({"description": "Kick-off"}, "Kick-off"), ({"milestone": "Half way"}, "Half way"), ({}, "2025-06-30")]
)
def test_a_milestone_is_known_by_its_name_or_without_one_by_its_due_date(given: dict[str, str], name: str) -> None:
    payment = given | {"amount": 5, "dueDate": "2025-06-30"}

    assert CustomTerms.model_validate({"milestonePayments": [payment]}).milestone_payments[0].known_as == name


@pytest.mark.parametrize(
    "terms",
    [
        {"fixedFee": 1, "fixedFeeInterval": "week"},
        {"variableComponents": [{"name": "Hours", "unit": "day", "rate": 1}]},
        {"variableComponents": [{"name": "Hours", "unit": "hour"}]},
        {"variableComponents": [{"name": "Hours", "unit": "hour", "rate": 1, "cap": -1}]},
        {"variableComponents": [{"name": "Hours", "unit": unit, "rate": 1} for unit in ("hour", "session")]},
        {"milestonePayments": [{"amount": 5}]},
        {"milestonePayments": [{"name": "One", "amount": 5, "dueDate": f"2025-06-{day}"} for day in (29, 30)]},
        {"milestonePayments": [{"amount": -5, "dueDate": "2025-06-30"}]},
        *({"milestonePayments": [{"amount": 5, "dueDate": day}]} for day in (0, "0", 1750000000, "30.06.2025", None)),
    ],
    ids=str,
)
def test_terms_that_nothing_can_be_charged_by_are_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CustomTerms.model_validate(terms)
