"""What a request may hold: numbers exactly as they were written, and text that Postgres stores as it was sent (design §8)."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

QUANTITY_LIMIT = Decimal(10) ** 12
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def parse_decimal(value: object) -> Decimal:
    """A JSON number, or a string that spells one, exactly as written. Raises `ValueError` for anything else."""
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > 100 or not _NUMBER.fullmatch(text):
        raise ValueError("must be a number such as 12.5, or a string that spells one")
    return Decimal(text)


def check_digits(text: object) -> object:
    """The text of an integer parameter, where it is digits and nothing else. Raises `ValueError`."""
    if isinstance(text, str) and not _INTEGER.fullmatch(text):
        raise ValueError("must be an integer")
    return text


def plain_number(value: Decimal) -> str:
    """The one spelling of a number: no exponent, no trailing zeros, no minus before zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def check_quantity(value: Decimal) -> Decimal:
    """At least 0 and below 10^12, with at most six decimals; returned without trailing zeros."""
    if not 0 <= value < QUANTITY_LIMIT:
        raise ValueError("must be at least 0 and below 10^12")
    number = Decimal(plain_number(value))
    if int(number.as_tuple().exponent) < -6:
        raise ValueError("must have at most six decimals")
    return number


def is_storable(text: str) -> bool:
    """Whether Postgres stores the text as it was sent."""
    return not _UNSTORABLE.search(text)


def check_text(value: str) -> str:
    """Text that Postgres stores as it was sent."""
    if not is_storable(value):
        raise ValueError("must not contain NUL or lone surrogates")
    return value


def number_or_string(pattern: str, **bounds: float) -> WithJsonSchema:
    """The JSON schema of a number that `parse_decimal` takes: the bounds are those of a number, the pattern a string's."""
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number", **bounds}]})


Quantity = Annotated[
    Decimal,
    BeforeValidator(parse_decimal),
    AfterValidator(check_quantity),
    number_or_string(r"^[0-9]{1,12}(\.[0-9]{1,6})?$", minimum=0, exclusiveMaximum=10**12, multipleOf=0.000001),
]
Text = Annotated[
    str,
    Field(min_length=1, max_length=128, json_schema_extra={"pattern": r"^[^\x00]*$"}),
    AfterValidator(check_text),
]
