"""JSON as callers send it: every number exact, every key once (design §8)."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from billing.errors import FieldError, Invalid, Malformed, shorten

INTEGER_DIGITS_MAX = 1000
"""Every value that may be stored has far fewer."""


def parse_json(text: str) -> Any:
    """A JSON object with every number exact.

    Raises `Malformed` for what is not JSON, such as NaN or a key that appears twice; `Invalid` for JSON that is not an object.
    """
    if text.startswith("\ufeff"):
        raise Malformed("The body is not JSON: it begins with a byte order mark.")
    try:
        body = json.loads(text, parse_int=_integer, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_object)
    except RecursionError:
        raise Malformed("The body is not JSON: it is nested too deeply.") from None
    except InvalidOperation:
        raise Malformed("The body is not JSON: a number has too large an exponent.") from None
    except ValueError as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.", [FieldError("", "must be an object")])
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the key {shorten(name)!r} appears twice in one object")
            seen.add(name)
    return members


def _integer(text: str) -> int:
    if len(text) > INTEGER_DIGITS_MAX:
        raise ValueError(f"a number has more than {INTEGER_DIGITS_MAX:,} digits")
    return int(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
