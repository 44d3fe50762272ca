"""How the benchmarks measure, and how they say whether a limit holds."""

import contextlib
import io
import time
from collections.abc import Callable
from typing import Any


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    quietly(work)
    return time.perf_counter() - started


def quietly(work: Callable[[], Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        work()


def verdict(ratio: float, limit: float) -> str:
    return f"{'within' if ratio <= limit else 'OVER'} the limit of {limit}"
