"""Lines, how they are merged, and their totals (design §5)."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from billing.contract.types import CoveredBy
from billing.pricing.statement import Line, Statement, merged

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def line(price: str, covered_by: CoveredBy = CoveredBy.NONE, **given: Any) -> Line:
    values: dict[str, Any] = {
        "key": "custom.component:Work",
        "description": "Work",
        "quantity": Fraction(1),
        "unit": "hour",
        "unit_price": Fraction(price),
        "currency": "EUR",
        "start": START,
        "end": START + DAY,
        "derivation": (f"1 hours × {price}",),
    }
    return Line(**(values | given), covered_by=covered_by)


def test_a_total_is_the_sum_of_its_rounded_lines() -> None:
    statement = Statement((line("0.004"), line("0.004"), line("0.004")), "EUR")

    assert str(statement.total_amount) == "0.00"
    assert sum(each.exact_amount for each in statement.lines) == Fraction("0.012")


def test_what_is_covered_is_not_due() -> None:
    lines = (line("1"), line("20", CoveredBy.PREPAID_CREDITS), line("300", CoveredBy.SUBSCRIPTION))

    statement = Statement(lines, "EUR")

    assert str(statement.totals.covered_amount) == "320.00"
    assert str(statement.totals.amount_due) == "1.00"
    assert str(statement.total_amount) == "321.00"


def test_a_total_has_the_decimals_of_its_currency_even_without_lines() -> None:
    assert [str(Statement((), currency).total_amount) for currency in ("JPY", "EUR", "KWD", None)] == [
        "0",
        "0.00",
        "0.000",
        "0.00",
    ]


def test_no_total_is_too_long_to_be_exact() -> None:
    large = "12345678901234567890123456789012.34"

    statement = Statement((line(large), line("0.01", CoveredBy.SUBSCRIPTION)), "EUR")

    assert str(statement.total_amount) == "12345678901234567890123456789012.35"


def test_lines_of_one_price_are_merged_by_quantity_before_rounding() -> None:
    third = Fraction(1, 3)
    later = line("0.01", quantity=third, start=START + DAY, end=START + 2 * DAY, derivation=("2nd",), estimated=third)

    (one,) = merged([line("0.01", quantity=third, derivation=("1st",)), later])

    assert (one.quantity, str(one.amount)) == (Fraction(2, 3), "0.01")
    assert (one.start, one.end, one.derivation, one.estimated) == (START, START + 2 * DAY, ("1st", "2nd"), third)


@pytest.mark.parametrize(
    "given",
    [
        {"description": "Other work"},
        {"unit": "session"},
        {"unit_price": Fraction(2)},
        {"covered_by": CoveredBy.SUBSCRIPTION},
        {"currency": "NOK"},
    ],
    ids=str,
)
def test_lines_that_differ_in_what_they_say_stay_apart(given: dict[str, Any]) -> None:
    assert len(merged([line("1"), line("1")._replace(**given)])) == 2


def test_a_summand_that_comes_to_nothing_is_left_out_of_the_derivation() -> None:
    nothing = line("1", quantity=Fraction(0), derivation=("0 hours × 1",))

    assert [each.derivation for each in merged([nothing, line("1"), nothing])] == [("1 hours × 1",)]
    assert [each.derivation for each in merged([nothing, nothing])] == [("0 hours × 1",)]
