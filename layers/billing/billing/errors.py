"""The errors of campaign billing: one root, and for each class what happened and what to do about it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_DATE = 'must be a date such as "2025-01-31"'
_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be an array",
    "tuple_type": "must be an array",
    "string_type": "must be a string",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} or fewer characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be an integer",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "int_parsing_size": "is too large",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "date_type": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}
"""What is wrong with a field, by pydantic's type of the error; the names in braces are those of its `ctx`."""

ERRORS_MAX = 20
"""The field errors listed for a request, or for one event: a batch of bad events has to fit in Lambda's 6 MB."""

NAME_CHARACTERS_MAX = 40
"""Longer field names are cut in error messages. No name in the contract is this long."""


class FieldError(NamedTuple):
    """One bad field: a JSON pointer into the body (`/events/0/quantity`) or a parameter's name, and what is wrong with it."""

    pointer: str
    detail: str


def shorten(name: str) -> str:
    """A caller's own name as a response repeats it: a long one is cut, to 40 characters of its form in ASCII."""
    spelled = ascii(name)[1:-1]
    return name if len(spelled) <= NAME_CHARACTERS_MAX else spelled[:NAME_CHARACTERS_MAX] + "…"


def first_errors(errors: Sequence[FieldError]) -> list[FieldError]:
    """The errors that a response has room for, and how many more there are."""
    more = len(errors) - ERRORS_MAX
    return [*errors[:ERRORS_MAX], *([FieldError("", f"has further errors: {more:,}")] if more > 0 else [])]


def field_error(item: Mapping[str, Any]) -> FieldError:
    """A pydantic error as a JSON pointer (RFC 6901) into the body, or to the parameter, and what is wrong."""
    location = item["loc"][1:] if item["loc"][:1] in (("body",), ("query",), ("path",)) else item["loc"]
    pointer = "".join("/" + shorten(str(part)).replace("~", "~0").replace("/", "~1") for part in location)
    repeated = item["loc"][:1] == ("query",) and isinstance(item.get("input"), list)
    words = "is given more than once" if repeated else _WORDS.get(item["type"], "is not valid")
    return FieldError(pointer, words.format_map(item.get("ctx", {})))


class BillingError(Exception):
    """Something the caller can be told; `status` is its HTTP status, the message its `detail` (design §8, RFC 9457)."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = first_errors(errors)


class Malformed(BillingError):
    """The request cannot be parsed. Mend its syntax; sending it again as it is will not help."""

    status = 400
    title = "Malformed request"


class Unauthenticated(BillingError):
    """The request has no claims. Send a token that the API's authorizer accepts."""

    status = 401
    title = "Unauthorized"


class Forbidden(BillingError):
    """The token lacks the operation's scope, or names neither a company nor the platform. Ask for another token."""

    status = 403
    title = "Forbidden"


class NotFound(BillingError):
    """There is no such thing, or it is another company's; the two are not told apart."""

    status = 404
    title = "Not found"


class NotAcceptable(BillingError):
    """No form of the resource is one that the caller accepts. Ask for another."""

    status = 406
    title = "Not acceptable"


class Conflict(BillingError):
    """The request contradicts what is stored. Read the current state, then decide."""

    status = 409
    title = "Conflict"


class TooLarge(BillingError):
    """The request, or what it asks for, is over a limit that the detail states. Send or ask for less at a time."""

    status = 413
    title = "Content too large"


class Invalid(BillingError):
    """A value breaks a rule; `errors` points at each. Mend the values."""

    status = 422
    title = "Invalid value"


class DatabaseUnavailable(BillingError):
    """The database cannot be reached, or cannot do the work now. Retry the same request: nothing is recorded twice."""

    status = 503
    title = "Service unavailable"


class JobFailed(BillingError):
    """A run that could not record everything. Its execution row says why; the schedule runs it again."""


class MigrationChanged(BillingError):
    """A migration that was applied has been edited since. Put the file back and add a new one instead."""
