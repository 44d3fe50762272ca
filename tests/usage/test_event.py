"""The key of a usage event (design §4.2): it ignores spelling, and nothing else."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.usage.event import UsageEvent
from billing.usage.keys import job_key_suffix

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.decimals(-100, 100, places=3) | TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=6,
)
EVENTS = st.fixed_dictionaries(
    {
        "campaignId": st.sampled_from(["a", "b", "a-seat_usage"]),
        "eventType": st.sampled_from(["seat_usage", "learner_served"]),
        "quantity": st.decimals(0, 1000, places=3),
        "timestamp": st.datetimes(datetime(2025, 1, 1), datetime(2025, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001
        "metadata": st.dictionaries(TEXT, JSON, max_size=3),
    }
)


def key(event: dict[str, Any]) -> str:
    given = event | {"timestamp": event["timestamp"].isoformat()}
    return UsageEvent.model_validate(given, context={"now": NOW}).key


def respelled(value: Any) -> Any:
    """The same JSON value with its keys in the other order, and numbers with zeros at their ends."""
    match value:
        case dict():
            return {name: respelled(value[name]) for name in reversed(value)}
        case list():
            return [respelled(item) for item in value]
        case bool():
            return value
        case int() | Decimal():
            return Decimal(f"{Decimal(value):f}" + ("000" if "." in f"{Decimal(value):f}" else ".000"))
        case _:
            return value


def value_of(event: dict[str, Any]) -> Any:
    """What makes two events the same."""

    def plain(value: Any) -> Any:
        match value:
            case dict():
                return {name: plain(item) for name, item in value.items()}
            case list():
                return [plain(item) for item in value]
            case bool() | str() | None:
                return (type(value).__name__, value)
            case _:
                return ("number", Decimal(value))

    return {name: plain(item) if name != "timestamp" else item for name, item in event.items()}


@given(EVENTS, st.integers(-14, 14))
def test_another_spelling_has_the_same_key(event: dict[str, Any], offset: int) -> None:
    other = respelled(event) | {"timestamp": event["timestamp"].astimezone(timezone(timedelta(hours=offset)))}

    assert key(other) == key(event)


@given(EVENTS, EVENTS)
def test_events_have_the_same_key_only_if_they_are_the_same(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert (key(one) == key(two)) == (value_of(one) == value_of(two))


@given(EVENTS, st.sampled_from(["quantity", "timestamp", "metadata", "campaignId", "eventType"]), EVENTS)
def test_a_difference_in_one_field_is_a_difference_of_the_key(one: dict[str, Any], name: str, two: dict[str, Any]) -> None:
    changed = one | {name: two[name]}

    assert (key(one) == key(changed)) == (value_of(one) == value_of(changed))


def test_metadata_is_kept_as_canonical_json() -> None:
    event = {"campaignId": "a", "eventType": "seat_usage", "quantity": 1, "timestamp": "2025-01-01T00:00:00Z"}

    parsed = UsageEvent.model_validate(event | {"metadata": {"b": [Decimal("1.50"), True], "a": "é"}}, context={"now": NOW})

    assert json.loads(parsed.metadata) == {"a": "é", "b": [1.5, True]}
    assert parsed.metadata == '{"a":"é","b":[1.5,true]}'


def test_no_callers_event_has_the_key_of_a_jobs_record() -> None:
    hour = datetime(2025, 1, 1, tzinfo=UTC)
    event = {"campaignId": "a", "eventType": "seat_usage", "quantity": 1, "timestamp": hour.isoformat()}
    names = ["", "track_seat_usage", "\x01", "0"]

    keys = {UsageEvent.model_validate(event | {"id": name}, context={"now": NOW}).key for name in names if name}

    assert "a" + job_key_suffix("seat_usage", hour) not in keys
