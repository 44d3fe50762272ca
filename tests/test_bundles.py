"""Link, split and capacity of a bundle (design §6), without a database."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import bundles


def split(*shares: str | None, budget: str = "50000.00", currency: str = "EUR") -> bundles.Allocation:
    given = [None if share is None else Decimal(share) for share in shares]
    return bundles.split_budget(Decimal(budget), given, currency)


def capacity_errors(
    status: str = "active", model: str = "bundle", share: str | None = "0.25", linked: bool = True
) -> list[str]:
    return bundles.capacity_errors(model, None if share is None else Decimal(share), status if linked else None)


@pytest.mark.parametrize("shares", [["0.34", "0.56", "0.1"], ["0.9991"], ["0.5", "0.499"], ["0.5", "0.501"], ["0.3333"] * 3])
def test_shares_that_add_up_to_the_whole_give_it_away_to_the_cent(shares: list[str]) -> None:
    result = split(*shares, budget="49999.99")

    assert result.errors == []
    assert sum(result.amounts) == Decimal("49999.99")


@given(cuts=st.lists(st.integers(1, 9999), unique=True, max_size=30), budget=st.decimals(0, 10**9, places=2))
def test_a_whole_that_is_cut_anyhow_is_given_away_to_the_cent(cuts: list[int], budget: Decimal) -> None:
    edges = [0, *sorted(cuts), 10000]
    shares = [Decimal(end - start) / 10000 for start, end in pairwise(edges)]

    result = bundles.split_budget(budget, shares, "EUR")

    assert result.errors == []
    assert [result.total_share, sum(result.amounts)] == [1, budget]


@pytest.mark.parametrize(
    ("shares", "errors"),
    [
        (["0.5", "0.43"], ["add up to 93.00 %, not 100 %"]),
        (["0.5", "0.4989"], ["add up to 99.89 %, not 100 %"]),
        (["0.5", "0.5011"], ["add up to 100.11 %, not 100 %"]),
        (["0.6", "0.5"], ["add up to 110.00 %, not 100 %"]),
        (["0.6", "0.5001"], ["add up to 110.01 %, not 100 %", "over-allocated"]),
        (["0.5"], ["add up to 50.00 %, not 100 %"]),
        (["0.4999"], ["add up to 49.99 %, not 100 %", "under-allocated"]),
        ([], ["add up to 0.00 %, not 100 %", "under-allocated"]),
        (["0", "1"], ["above 0 % and at most 100 %"]),
        ([None, "1"], ["above 0 % and at most 100 %"]),
        (["1.0001"], ["above 0 % and at most 100 %"]),
    ],
    ids=str,
)
def test_a_split_says_all_that_is_wrong_with_the_shares(shares: list[str | None], errors: list[str]) -> None:
    found = split(*shares).errors

    assert len(found) == len(errors)
    assert all(part in error for part, error in zip(errors, found, strict=True))


def test_the_amounts_of_an_invalid_split_are_each_the_shares_own() -> None:
    assert list(map(str, split("0.5", None, "0.4333", budget="100.01").amounts)) == ["50.00", "0.00", "43.33"]


@pytest.mark.parametrize(
    ("share", "valid"), [(None, False), ("0", False), ("0.0001", True), ("1", True), ("1.0001", False), ("-0.1", False)]
)
def test_a_share_lies_above_nothing_and_up_to_all(share: str | None, valid: bool) -> None:
    assert bundles.is_share(None if share is None else Decimal(share)) is valid


@pytest.mark.parametrize(
    ("others", "share", "fits", "left"),
    [
        ("0", "1", True, "1"),
        ("0.75", "0.25", True, "0.25"),
        ("0.75", "0.251", True, "0.25"),
        ("0.75", "0.2511", False, "0.25"),
        ("1.001", "0.0001", False, "0"),
    ],
)
def test_shares_may_pass_the_whole_by_a_thousandth(others: str, share: str, fits: bool, left: str) -> None:
    assert bundles.has_room(Decimal(others), Decimal(share)) is fits
    assert bundles.remaining_share(Decimal(others)) == Decimal(left)


@pytest.mark.parametrize("model", ["seats", "credits", "iaas", "custom"])
def test_only_a_bundle_campaign_needs_a_subscription(model: str) -> None:
    assert capacity_errors(model=model, linked=False, share=None) == []


def test_a_linked_campaign_with_a_share_has_capacity() -> None:
    assert capacity_errors() == []


@pytest.mark.parametrize("status", ["trialing", "past_due", "canceled", "unpaid"])
def test_a_subscription_that_is_not_active_gives_no_capacity(status: str) -> None:
    assert capacity_errors(status) == [f"The subscription is {status}, not active."]


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"linked": False}, ["not linked"]),
        ({"share": None}, ["share"]),
        ({"share": "1.5"}, ["share"]),
        ({"status": "canceled", "share": "0"}, ["canceled", "share"]),
        ({"linked": False, "share": None}, ["not linked", "share"]),
    ],
    ids=str,
)
def test_all_that_keeps_a_campaign_from_its_subscription_is_listed(wrong: dict[str, Any], errors: list[str]) -> None:
    found = capacity_errors(**wrong)

    assert len(found) == len(errors)
    assert all(part in error for part, error in zip(errors, found, strict=True))
