"""The errors of campaign billing: one root, and for each class what happened and what to do about it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

# Where pydantic speaks of Python, or does not say what to do.
_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this request",
    "model_type": "must be an object",
    "list_type": "must be an array",
    "string_type": "must be a string",
}

MOST_ERRORS = 20
"""Field errors of a request, or of one event, that are listed: a batch of bad events has to fit in Lambda's 6 MB."""

NAME_CHARACTERS = 40
"""Of a field's name in an answer; those of the contract are shorter."""


class FieldError(NamedTuple):
    """One bad field: a JSON pointer into the body (`/events/0/quantity`) or a parameter's name, and what is wrong with it."""

    pointer: str
    detail: str


def shorten(name: str) -> str:
    """A caller's own name as an answer repeats it: a long one is cut, to 40 characters of its form in ASCII."""
    spelled = ascii(name)[1:-1]
    return name if len(spelled) <= NAME_CHARACTERS else spelled[:NAME_CHARACTERS] + "…"


def first_errors(errors: Sequence[FieldError]) -> list[FieldError]:
    """As many as an answer has room for, and how many more there are."""
    more = len(errors) - MOST_ERRORS
    return [*errors[:MOST_ERRORS], *([FieldError("", f"has further errors: {more:,}")] if more > 0 else [])]


def field_error(item: Mapping[str, Any]) -> FieldError:
    """A pydantic error as a JSON pointer (RFC 6901) into the body, or to the parameter, and what is wrong."""
    location = item["loc"][1:] if item["loc"][:1] in (("body",), ("query",), ("path",)) else item["loc"]
    pointer = "".join("/" + shorten(str(part)).replace("~", "~0").replace("/", "~1") for part in location)
    repeated = item["loc"][:1] == ("query",) and isinstance(item.get("input"), list)
    words = "is given more than once" if repeated else _WORDS.get(item["type"])
    detail = words or re.sub(r"^\w+ should ", "must ", str(item["msg"])).removeprefix("Value error, ")
    return FieldError(pointer, detail)


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
    """The request is over a limit that the detail states. Send less at a time."""

    status = 413
    title = "Content too large"


class Invalid(BillingError):
    """A value breaks a rule; `errors` points at each. Mend the values."""

    status = 422
    title = "Invalid value"


class DatabaseUnavailable(BillingError):
    """The database is away or refused to work right now. Nothing is known to be stored; send the same request again."""

    status = 503
    title = "Service unavailable"


class JobFailed(Exception):
    """A run that could not charge everything. Its execution row says why; the schedule runs it again."""
