"""What is done fast for a batch is what the rules say of each event, whose slow way is written out here (design §4, §8)."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billing.contract.parsing import parse_json
from billing.contract.types import parse_quantity
from billing.errors import BillingError
from billing.usage.event import UsageEvent, canonical_json, read_events

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
NUMBER = st.integers(-(10**18), 10**18) | st.decimals(-(10**6), 10**6, places=4)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=4),
    max_leaves=8,
)
SPELLED = ["1.50", "1e3", "-0", "0.1234567", "1e999"]
NO_NUMBERS = ["", "١", "12 ", True, None, [], 10**200]
QUANTITIES: st.SearchStrategy[Any] = (
    st.integers(-2, 10**12 + 2)
    | st.decimals(-1, 10**13, places=7)
    | st.decimals(0, 10**3, places=2)
    | st.sampled_from([*SPELLED, *NO_NUMBERS, Decimal("1E+2")])
)
TIMESTAMPS = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | st.sampled_from(
    ["2025-03-01T12:00:00+01:00", "2025-03-01t12:00:00.50z", "2025-03-01", "2026-01-02T00:00:00Z", "2026-01-02T00:00:01Z", 5]
)
EVENTS = st.fixed_dictionaries(
    {
        "campaignId": st.just("a") | st.sampled_from(["b", "", "\0", "\ud800", "x" * 129, 7]),
        "eventType": st.sampled_from(["seat_usage", "credit_usage", "seats"]),
        "quantity": QUANTITIES,
        "timestamp": TIMESTAMPS | st.just("2025-03-01T12:00:00Z"),
    },
    optional={"metadata": st.dictionaries(TEXT, JSON, max_size=3) | st.none(), "id": TEXT | st.none(), "other": st.just(1)},
)


def canonical(value: Any) -> str:
    """Sorted keys, numbers without exponent or zeros at their ends, no white space."""
    match value:
        case dict():
            return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ",".join(map(canonical, value)) + "]"
        case Decimal():
            text = f"{value:f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return "0" if text == "-0" else text
        case _:
            return json.dumps(value, ensure_ascii=False)


@given(JSON)
def test_canonical_json_is_the_one_spelling(value: Any) -> None:
    assert canonical_json(value) == canonical(value)


@given(st.lists(EVENTS, max_size=6))
def test_a_batch_is_read_as_its_events_are_one_by_one(events: list[Any]) -> None:
    good, bad = read_events(events, NOW)

    assert sorted([*good, *bad]) == list(range(len(events)))
    for number, event in enumerate(events):
        if number in good:
            assert good[number] == UsageEvent.model_validate(event, context={"now": NOW})
        else:
            with pytest.raises(ValidationError) as alone:
                UsageEvent.model_validate(event, context={"now": NOW})
            assert bad[number].errors(include_context=False) == alone.value.errors(include_context=False)


@given(st.integers(0, 10**12 - 1) | st.decimals(0, 10**6, places=3), JSON, st.none() | TEXT.filter(bool))
def test_a_key_is_the_hash_of_the_whole_event_or_of_its_id(quantity: Any, value: Any, name: str | None) -> None:
    at = NOW - timedelta(days=1, microseconds=7)
    event = {"campaignId": "a", "eventType": "seat_usage", "quantity": quantity, "timestamp": at.isoformat()}

    row = UsageEvent.model_validate(event | {"metadata": {"m": value}, "id": name}, context={"now": NOW}).row()

    parts = ("seat_usage", "a", "2025-12-30T23:59:59.999993+00:00", canonical(Decimal(quantity)), canonical({"m": value}))
    named = "\0".join(parts) if name is None else name
    digest = hashlib.sha256(named.encode()).hexdigest()[:32]
    assert row["deduplication_key"] == f"a-seat_usage-{at:%Y%m%d%H%M%S}-{digest}"
    assert row["metadata"] == canonical({"m": value})


@given(QUANTITIES)
def test_a_quantity_is_the_number_that_was_spelled_or_none(value: Any) -> None:
    is_number = value in SPELLED or (type(value) in (int, Decimal) and value != 10**200)
    number = Decimal(str(value)) if is_number else Decimal(-1)

    if 0 <= number < 10**12 and number * 10**6 % 1 == 0:
        assert str(parse_quantity(value)) == canonical(number)
    else:
        with pytest.raises(ValueError, match="must"):
            parse_quantity(value)


@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_a_body_is_read_exactly(body: dict[str, Any]) -> None:
    assert canonical_json(parse_json(canonical(body))) == canonical(body)


@pytest.mark.parametrize(
    "body", ['{"b": {"x": 1, "y": 2, "x": 3}}', '{"a": 1, "a": 1}', '{"a": NaN}', "{", '{"a": ' + "1" * 1001]
)
def test_a_body_that_is_not_one_object_in_one_reading_is_refused(body: str) -> None:
    with pytest.raises(BillingError):
        parse_json(body)
