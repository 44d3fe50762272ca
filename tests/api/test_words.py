"""What a caller reads of a bad field is in our own words, whatever pydantic says (design §8)."""

import importlib
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from billing.contract.types import Quantity, Text
from billing.errors import field_error
from billing.operations.link_campaign import Link
from billing.usage.correction import Correction
from billing.usage.event import UsageEvent
from local.runtime import functions

RAISED: dict[str, set[str]] = {
    "any": set(),
    "default": set(),
    "nullable": set(),
    "definitions": set(),
    "definition-ref": set(),
    # A validator before it has made one.
    "datetime": set(),
    "decimal": set(),
    "model": {"model_type", "model_attributes_type"},
    "model-fields": {"extra_forbidden"},
    "model-field": {"missing"},
    "list": {"list_type"},
    "tuple": {"tuple_type"},
    "str": {"string_type"},
    "bool": {"bool_type", "bool_parsing"},
    "int": {"int_type", "int_parsing", "int_from_float", "int_parsing_size"},
    "date": {"date_type", "date_from_datetime_parsing", "date_from_datetime_inexact"},
    "literal": {"literal_error"},
    "function-before": {"value_error"},
    "function-after": {"value_error"},
    "function-plain": {"value_error"},
    "no-info": set(),
    "with-info": set(),
}
"""The errors of each kind of pydantic's core schema. A kind that no request had before fails here: give it words."""

BOUNDS = {
    ("str", "min_length"): "string_too_short",
    ("str", "max_length"): "string_too_long",
    ("str", "pattern"): "string_pattern_mismatch",
    ("int", "ge"): "greater_than_equal",
    ("int", "le"): "less_than_equal",
}

DATE = 'must be a date such as "2025-01-31"'
EXAMPLES: dict[str, tuple[Any, Any, str]] = {
    "missing": (Link, {"allocationPercentage": 1}, "is required"),
    "extra_forbidden": (Link, {"subscriptionId": "s", "allocationPercentage": 1, "more": 1}, "is not a field of this request"),
    "model_type": (Link, [], "must be an object"),
    "model_attributes_type": (Link, [], "must be an object"),
    "list_type": (list[Any], 7, "must be an array"),
    "tuple_type": (tuple[int, ...], 7, "must be an array"),
    "string_type": (Text, 7, "must be a string"),
    "string_too_short": (Text, "", "must have 1 or more characters"),
    "string_too_long": (Text, "x" * 129, "must have 128 or fewer characters"),
    "string_pattern_mismatch": (Annotated[str, Field(pattern="^[A-Z]{3}$")], "nok", "must match the pattern ^[A-Z]{3}$"),
    "bool_type": (bool, [], "must be true or false"),
    "bool_parsing": (bool, "maybe", "must be true or false"),
    "int_type": (int, [], "must be an integer"),
    "int_parsing": (int, "x", "must be an integer"),
    "int_from_float": (int, 1.5, "must be an integer"),
    "int_parsing_size": (int, "9" * 5000, "is too large"),
    "greater_than_equal": (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
    "less_than_equal": (Annotated[int, Field(le=1000)], 1001, "must be at most 1000"),
    "date_type": (date, [], DATE),
    "date_from_datetime_parsing": (date, "2025-13-01", DATE),
    "date_from_datetime_inexact": (date, "2025-01-01T12:00:00", DATE),
    "literal_error": (Literal["a", "b"], "c", "must be 'a' or 'b'"),
    "value_error": (Quantity, -1, "must be at least 0 and below 10^12"),
}
"""Each type of error with a value that raises it, and our words."""


def schemas() -> Iterator[Any]:
    """The core schemas of all that callers send."""
    for function in functions().values():
        app = importlib.import_module(function.module).app if function.routes else None
        for route in (*app._static_routes, *app._dynamic_routes) if app else ():
            fields = route.dependant
            for field in (*fields.path_params, *fields.query_params, *fields.body_params):
                yield field._type_adapter.core_schema
    for model in (UsageEvent, Correction):
        yield TypeAdapter(model).core_schema


def raised(node: Any) -> set[str]:
    """The types of error that a core schema can raise."""
    if isinstance(node, list | tuple):
        return {error for item in node for error in raised(item)}
    if not isinstance(node, dict):
        return set()
    below = {error for key, value in node.items() if key not in {"metadata", "serialization"} for error in raised(value)}
    if not isinstance(kind := node.get("type"), str):
        return below
    return below | RAISED[kind] | {error for (owner, bound), error in BOUNDS.items() if owner == kind and bound in node}


def test_every_type_of_error_that_a_request_can_raise_has_words() -> None:
    assert {error for schema in schemas() for error in raised(schema)} == EXAMPLES.keys()


@pytest.mark.parametrize("error", EXAMPLES)
def test_an_error_is_told_in_our_words(error: str) -> None:
    kind, value, words = EXAMPLES[error]

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value, from_attributes=error == "model_attributes_type")

    assert [(item["type"], field_error(item).detail) for item in caught.value.errors()] == [(error, words)]


def test_a_type_of_error_that_has_no_words_is_not_told_in_pydantics() -> None:
    assert field_error({"loc": ("body", "a"), "type": "new_in_pydantic", "msg": "Input should be new"}).detail == "is not valid"
