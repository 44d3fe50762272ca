"""Calls a function's handler in this process, as the Lambda runtime would: its environment, one request at a time."""

import importlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from billing.errors import MigrationChanged
from local import postgres, template
from local.aws_events import Context
from local.template import Function

_one_at_a_time = threading.Lock()
functions = cache(template.functions)


def invoke(name: str, event: dict[str, Any]) -> Any:
    """The response of a function's handler to an event, as JSON carries it.

    Raises what the handler raises, and `TypeError` for a response that JSON cannot carry.
    """
    function = functions()[name]
    with _one_at_a_time, _environment(function):
        handler = getattr(importlib.import_module(function.module), function.handler)
        answer = handler(event, Context(function.name, function.timeout, function.memory))
    return json.loads(json.dumps(answer))


def migrate() -> None:
    """Bring the tables up to date. Raises `ServerFailed` for a database that other migrations made."""
    try:
        invoke("migrate", {})
    except MigrationChanged as error:
        raise postgres.ServerFailed(
            f"Another version of the code made this database: {error}. `make demo-reset` empties the embedded one."
        ) from None


@contextmanager
def _environment(function: Function) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({name: value for name, value in function.environment.items() if name not in before})
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
