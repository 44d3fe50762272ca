"""Capacity and its lines: the formulas at their thresholds, from both sides, and without data (design §15)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.periods import Period, calendar_month, months
from billing.pricing.statement import Part
from billing.signals.capacity import Balance, Beside, Capacity, capacity, of_credits, of_learners, of_share, state
from billing.signals.crossings import cross, still_crossed
from billing.terms.campaign import BEGINNING, END, Campaign, Version
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms
from billing.usage.consumption import Consumption, SeatMonth

OSLO = ZoneInfo("Europe/Oslo")


def part(model: str, terms: Any, period: Period, zone: ZoneInfo = OSLO, **used: Any) -> Part:
    return Part(Version(BEGINNING, END, model, terms), period, months(period, zone), Consumption(**used))


def figures(*values: Any) -> tuple[Any, ...]:
    return values


def campaign(model: str, terms: Any, zone: ZoneInfo = OSLO, **values: Any) -> Campaign:
    return Campaign("c", "company", "Clean-up", zone, [Version(BEGINNING, END, model, terms)], "EUR", **values)


def seats_in(day: date, committed: str, zone: ZoneInfo = OSLO, *, used: str = "0", above: str = "0", **dates: Any) -> Capacity:
    terms, month = SeatTerms(Decimal(35), Decimal(committed)), calendar_month(day, zone)
    used_seats = SeatMonth(month.hours, Decimal(used), Decimal(above))
    loaded = part("seats", terms, month, zone, seat_months=(used_seats,))
    return capacity(campaign("seats", terms, zone, **dates), [loaded], Beside())


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        ("0", None),
        ("0.7999999", None),
        ("0.8", "near"),
        ("0.9999999", "near"),
        ("1", "at"),
        ("1.0000001", "over"),
        (None, None),
    ],
)
def test_the_state_changes_at_80_and_100_percent_and_above(load: str | None, expected: str | None) -> None:
    assert state(None if load is None else Fraction(load)) == expected


def test_march_of_fjord_beach_clean_up_uses_107_63_percent_of_its_commitment() -> None:
    march = seats_in(date(2025, 3, 1), "40", used="31987", above="3419")

    assert march.inputs == {
        "hours": 743,
        "seatHours": 31987,
        "committedSeatHours": 40 * 743,
        "usedCommittedSeatHours": 31987 - 3419,
    }
    assert (round(march.load or 0, 4), round(march.commitment_used or 0, 4)) == (Fraction("1.0763"), Fraction("0.9612"))
    assert figures(march.committed, march.available, state(march.load)) == (40, 0, "over")


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2025, 3, 1), OSLO, 743),
        (date(2025, 10, 1), OSLO, 745),
        (date(2025, 4, 1), ZoneInfo("Australia/Lord_Howe"), 721),
        (date(2025, 2, 1), ZoneInfo("UTC"), 672),
    ],
)
def test_the_hours_of_a_month_are_those_that_pass_there(day: date, zone: ZoneInfo, hours: int) -> None:
    half = seats_in(day, "10", zone, used=str(5 * hours))

    assert figures(half.inputs["hours"], half.committed, half.used, half.available, half.load) == (
        hours,
        10,
        5,
        5,
        Fraction(1, 2),
    )


def test_only_the_hours_of_the_date_range_count() -> None:
    begun = seats_in(date(2025, 3, 1), "25", used="0", start_date=date(2025, 3, 10))

    assert figures(begun.inputs["hours"], begun.committed, begun.load) == (527, 25, 0)


def test_without_a_commitment_there_is_no_load() -> None:
    open_ended = seats_in(date(2025, 3, 1), "0", used="743")

    assert figures(open_ended.used, open_ended.load, open_ended.commitment_used, state(open_ended.load)) == (
        1,
        None,
        None,
        None,
    )


def test_a_month_before_the_campaign_begins_has_no_capacity_yet() -> None:
    ahead = seats_in(date(2025, 3, 1), "25", start_date=date(2025, 4, 1))

    assert figures(ahead.committed, ahead.used, ahead.load, state(ahead.load)) == (None, None, None, None)


def test_credits_are_over_only_with_overage() -> None:
    month = calendar_month(date(2025, 3, 1), OSLO)
    depleted = part("credits", CreditTerms(Decimal("6.5")), month)
    beyond = part("credits", CreditTerms(Decimal("6.5")), month, overage=Decimal("36.5"))

    empty, over = (of_credits(Balance(Decimal(200), Decimal(0)), [each]) for each in (depleted, beyond))

    part_used = of_credits(Balance(Decimal(200), Decimal(150)), [depleted])

    assert figures(part_used.unit, part_used.committed, part_used.used, part_used.available) == ("credit", 200, 50, 150)
    assert part_used.inputs == {"granted": 200, "remaining": 150, "overage": 0}
    assert figures(empty.used, empty.available, state(empty.load)) == (200, 0, "at")
    assert figures(over.used, over.available, state(over.load)) == (Fraction("236.5"), 0, "over")


def test_a_campaign_without_credits_has_no_load() -> None:
    assert of_credits(Balance(Decimal(0), Decimal(0)), []).load is None


def test_learners_are_measured_by_what_was_agreed() -> None:
    near, over = of_learners(Decimal(300), Decimal(240)), of_learners(Decimal(300), Decimal(301))

    assert figures(near.unit, near.committed, near.used, near.available, state(near.load)) == ("learner", 300, 240, 60, "near")
    assert figures(over.used, over.available, state(over.load)) == (301, 0, "over")
    assert near.inputs == {"learnersServed": 240}
    assert of_learners(None, Decimal(240)).load is None
    assert of_learners(Decimal(0), Decimal(240)).load is None


def test_a_share_is_used_by_its_learners_pro_rata() -> None:
    month = calendar_month(date(2025, 3, 1), OSLO)
    loaded = part("bundle", BundleTerms("s", Decimal("0.3333")), month, learners=Decimal(65))

    share, roomy = (of_share(Decimal("0.3333"), Decimal(supported), [loaded]) for supported in (500, 5000))

    assert share.used == Fraction(65) / (500 * Fraction(743, 8760))
    assert figures(share.unit, share.committed, share.available, state(share.load)) == ("share", Fraction("0.3333"), 0, "over")
    assert roomy.available == Fraction("0.3333") - Fraction(65) / (5000 * Fraction(743, 8760))
    assert share.inputs == {"learnersServed": 65, "hours": 743, "learnersSupported": 500}
    assert of_share(Decimal("0.3333"), None, [loaded]).load is None
    assert of_share(Decimal("0.3333"), Decimal(0), [loaded]).load is None


def test_an_unlinked_campaign_has_no_capacity() -> None:
    month = calendar_month(date(2025, 3, 1), OSLO)
    terms = BundleTerms()

    assert capacity(campaign("bundle", terms), [part("bundle", terms, month)], Beside()) == Capacity(None)


def test_a_jump_crosses_every_line_on_its_way() -> None:
    assert cross(Fraction(11, 10), set()) == ["near", "at", "over"]
    assert cross(Fraction(1), set()) == ["near", "at"]
    assert cross(None, set()) == []


@pytest.mark.parametrize(
    ("low", "announced"),
    [("0.75", []), ("0.7499", ["near"]), ("0.79", [])],
    ids=["5 points below exactly", "just further", "just below the line"],
)
def test_a_line_is_armed_again_5_points_below_it(low: str, announced: list[str]) -> None:
    crossed = still_crossed(Fraction(low), {"near"})

    assert cross(Fraction("0.8"), crossed) == announced


def test_the_lines_at_and_above_100_percent_are_armed_again_below_95() -> None:
    everything = {"near", "at", "over"}

    assert still_crossed(Fraction("0.95"), everything) == everything
    assert still_crossed(Fraction("0.9499"), everything) == {"near"}
    assert still_crossed(None, everything) == set()
