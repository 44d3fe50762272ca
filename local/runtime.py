"""Calls a function's handler in this process, as the Lambda runtime would: its environment, one request at a time."""

import importlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from local import template
from local.aws_events import Context
from local.template import Function

_one_at_a_time = threading.Lock()
functions = cache(template.functions)


def invoke(name: str, event: dict[str, Any]) -> Any:
    """The response of a function's handler to an event, as JSON carries it.

    Raises what the handler raises, and `TypeError` for a response that JSON cannot carry.
    """
    function = functions()[name]
    with _one_at_a_time, environment(function):
        handler = getattr(importlib.import_module(function.module), function.handler)
        answer = handler(event, Context(function.name, function.timeout, function.memory))
    return json.loads(json.dumps(answer))


@contextmanager
def environment(function: Function) -> Iterator[None]:
    """The variables that the template gives a function, but those that are set already."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in function.environment.items() if name not in before})
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
