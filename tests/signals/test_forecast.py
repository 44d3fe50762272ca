"""When what is left runs out (design §15)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.signals.forecast import forecast, run_out

NOW = datetime(2025, 4, 1, tzinfo=UTC)


def figures(*values: Any) -> tuple[Any, ...]:
    return values


def used(*days: str) -> list[Decimal]:
    return [Decimal(day) for day in days]


def test_63_5_left_at_7_6290_a_day_last_8_32_days() -> None:
    burn = Fraction("236.5") / 31

    at = run_out(NOW, Fraction("63.5"), burn)

    assert at is not None
    assert (round(burn, 4), round((at - NOW) / timedelta(days=1), 2)) == (Fraction("7.6290"), 8.32)


@pytest.mark.parametrize(("days", "known"), [(6, False), (7, True), (28, True), (40, True)])
def test_seven_whole_days_are_needed(days: int, known: bool) -> None:
    ahead = forecast(NOW, Fraction(10), used("1") * days)

    assert (ahead is not None) == known
    assert ahead is None or figures(ahead.days, ahead.burn_per_day) == (min(days, 28), 1)


def test_the_burn_is_that_of_the_last_28_days() -> None:
    ahead = forecast(NOW, Fraction(28), used("1000") * 10 + used("1") * 28)

    assert ahead is not None
    assert ahead.runs_out_at == ahead.earliest == ahead.latest == NOW + timedelta(days=28)


def test_the_highest_and_the_lowest_week_give_the_earliest_and_the_latest() -> None:
    ahead = forecast(NOW, Fraction(12), used("1") * 7 + used("4") * 7 + used("2") * 7 + used("3") * 7)

    assert ahead is not None
    days = [(at - NOW) / timedelta(days=1) for at in (ahead.earliest, ahead.runs_out_at, ahead.latest) if at]
    assert days == [3, pytest.approx(4.8), 12]


def test_of_eight_days_the_last_seven_are_the_only_week() -> None:
    ahead = forecast(NOW, Fraction(7), used("9") + used("1") * 7)

    assert ahead is not None
    assert ahead.burn_per_day == 2
    assert ahead.earliest == ahead.latest == NOW + timedelta(days=7)


def test_what_does_not_burn_never_runs_out() -> None:
    idle = forecast(NOW, Fraction(7), used("0") * 7 + used("7") * 7)
    none = forecast(NOW, Fraction(7), used("0") * 28)

    assert idle is not None
    assert none is not None
    assert (idle.latest, idle.earliest) == (None, NOW + timedelta(days=1))
    assert figures(none.burn_per_day, none.runs_out_at) == (0, None)


def test_nothing_left_has_run_out_now_and_the_far_future_is_never() -> None:
    assert run_out(NOW, Fraction(0), Fraction(1)) == NOW
    assert run_out(NOW, Fraction(10**12), Fraction(1, 10**6)) is None
