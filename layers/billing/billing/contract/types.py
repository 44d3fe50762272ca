"""The types of the contract: one for an id, an instant, a number, a share, a currency (design §8).

Requests hold numbers exactly as they were written, and text that Postgres stores as it was sent; responses hold decimals as
strings.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from billing.instants import format_instant, parse_instant

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


def parse_integer(value: object) -> int:
    """A JSON number without a fraction, for JSON has one kind of number: 3.0 is 3. Raises `ValueError` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and abs(value) < 10**18 and value == int(value):
        return int(value)
    raise ValueError("must be an integer")


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


def parse_quantity(value: object) -> Decimal:
    """At least 0 and below 10^12, with at most six decimals; returned without trailing zeros."""
    if type(value) is int and 0 <= value < QUANTITY_LIMIT:
        return Decimal(value)
    number = parse_decimal(value)
    if not 0 <= number < QUANTITY_LIMIT:
        raise ValueError("must be at least 0 and below 10^12")
    plain = Decimal(plain_number(number))
    if int(plain.as_tuple().exponent) < -6:
        raise ValueError("must have at most six decimals")
    return plain


def is_storable(text: str) -> bool:
    """Whether Postgres stores the text as it was sent."""
    return not _UNSTORABLE.search(text)


def check_text(value: str) -> str:
    """Text that Postgres stores as it was sent."""
    if not is_storable(value):
        raise ValueError("must not contain NUL or lone surrogates")
    return value


def of_form(pattern: str, reason: str) -> Callable[[str], str]:
    """A validator of texts that match the pattern as a whole."""
    form = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(reason)
        return value

    return check


def number_or_string(pattern: str, **bounds: Any) -> WithJsonSchema:
    """The JSON schema of a number that `parse_decimal` takes: the bounds are those of a number, the pattern a string's."""
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number", **bounds}]})


Quantity = Annotated[
    Decimal,
    PlainValidator(parse_quantity),
    number_or_string(r"^[0-9]{1,12}(\.[0-9]{1,6})?$", minimum=0, exclusiveMaximum=10**12, multipleOf=0.000001),
]
Text = Annotated[
    str,
    Field(min_length=1, max_length=128, json_schema_extra={"pattern": r"^[^\x00]*$"}),
    AfterValidator(check_text),
]

INSTANT_SCHEMA = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$",
}
"""An instant in a request: RFC 3339 with an offset, to the microsecond."""

InstantIn = Annotated[datetime, BeforeValidator(parse_instant), WithJsonSchema(INSTANT_SCHEMA)]
_DECIMAL_SCHEMA = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["15725.81"]}
_INSTANT_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2025-01-31T23:00:00Z"]}

DecimalString = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json"),
    WithJsonSchema(_DECIMAL_SCHEMA),
]
Instant = Annotated[
    datetime,
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema(_INSTANT_SCHEMA),
]

# Of rows that are many: what Postgres says of them is returned as it stands, and costs no call of Python for each.
DecimalText = Annotated[str, WithJsonSchema(_DECIMAL_SCHEMA)]
UtcInstant = Annotated[datetime, WithJsonSchema(_INSTANT_SCHEMA)]
"""An instant in UTC, which pydantic writes as `format_instant` does."""

CampaignRef = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "examples": ["demo-first-job-mentoring"]})]
SubscriptionRef = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "examples": ["demo-fjellbris-2025"]})]
CompanyRef = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "examples": ["demo-fjellbris"]})]
CampaignName = Annotated[str, WithJsonSchema({"type": "string", "examples": ["First-job mentoring"]})]
RecordId = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]+$", "examples": ["4711"]})]
DeduplicationKey = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "-[0-9]{14}-[0-9a-f]{32}$",
            "examples": ["demo-first-job-mentoring-session_completed-20250506123000-2d711642b726b04401627ca9fbac32f5"],
        }
    ),
]
Currency = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]})]
Share = Annotated[DecimalString, WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]{4}$", "examples": ["0.2500"]})]
CurrencyIn = Annotated[Currency, Field(pattern="^[A-Z]{3}$")]
PricingModel = Literal["seats", "credits", "bundle", "iaas", "custom"]
CapacityUnit = Literal["seat", "credit", "learner", "share"]
CapacityState = Literal["near", "at", "over"]


class CoveredBy(StrEnum):
    """What has paid for a line already."""

    NONE = "none"
    PREPAID_CREDITS = "prepaid_credits"
    SUBSCRIPTION = "subscription"


def check_amount(value: Decimal) -> Decimal:
    """An amount of money, a price or a rate: at least 0, with at most 20 digits before the point and 20 after it."""
    if not 0 <= value < 10**20:
        raise ValueError("must be at least 0 and below 10^20")
    number = Decimal(plain_number(value))
    if int(number.as_tuple().exponent) < -20:
        raise ValueError("must have at most 20 decimals")
    return number


Amount = Annotated[
    Decimal,
    BeforeValidator(parse_decimal),
    AfterValidator(check_amount),
    number_or_string(r"^[0-9]{1,20}(\.[0-9]{1,20})?$", minimum=0, exclusiveMaximum=10**20),
]
GrantSource = Literal["allocation", "purchase", "promotion"]
CampaignStatus = Literal["draft", "planned", "recruiting", "active", "paused", "completed", "closed"]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=1000, json_schema_extra={"pattern": r"^[^\x00]*$"}, examples=["Agreed on the phone"]),
    AfterValidator(check_text),
]
Month = Annotated[
    str,
    AfterValidator(of_form(r"2[01][0-9]{2}-(0[1-9]|1[0-2])", 'must be a month such as "2025-03", from 2000 to 2199')),
    WithJsonSchema({"type": "string", "pattern": "^2[01][0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2025-03"]}),
]
MonthText = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}$", "examples": ["2025-03"]})]
EffectiveFrom = Annotated[
    str,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, INSTANT_SCHEMA], "examples": ["2025-03-15"]}),
    Field(
        description="A whole UTC hour with an offset, or a date: midnight there. From 2000 to 2199. Absent: the current hour."
    ),
]
