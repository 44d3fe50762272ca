"""How the benchmarks measure: ours and the limit in turn, so that whatever else the machine does falls on both."""

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Literal

Kind = Literal["times", "share"]
"""`times`: ours takes at most `target` times the limit; `share`: ours reaches at least that share of the limit's rate."""


@dataclass(frozen=True)
class Row:
    """One row of the table: seconds of each run, ours and the limit's, in pairs; `units` are done in a run."""

    name: str
    limit_name: str
    ours: list[float]
    limit: list[float]
    target: float
    kind: Kind = "times"
    units: int = 1
    limit_units: int = 0
    """The units of a run of the limit, where they differ from `units`; 0 where they do not."""
    allowance: float = 0.0
    """Seconds that ours may take in addition to `target` times the limit."""

    @property
    def ratios(self) -> list[float]:
        scale = (self.limit_units or self.units) / self.units
        times = [(ours - self.allowance) / limit * scale for ours, limit in zip(self.ours, self.limit, strict=True)]
        return [1 / each for each in times] if self.kind == "share" else times

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the ratios."""
        first, _, third = quantiles(self.ratios, n=4, method="inclusive") if len(self.ratios) > 1 else self.ratios * 3
        return first, third

    @property
    def met(self) -> bool:
        return self.ratio >= self.target if self.kind == "share" else self.ratio <= self.target

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "limitName": self.limit_name,
            "ours": figure(median(self.ours), self.units),
            "limit": figure(median(self.limit), self.limit_units or self.units),
            "ratio": round(self.ratio, 3),
            "spread": [round(each, 3) for each in self.spread],
            "target": self.target,
            "kind": self.kind,
            "targetText": self.target_text,
            "met": self.met,
            "runs": len(self.ours),
        }

    @property
    def target_text(self) -> str:
        if self.kind == "share":
            return f"≥ {self.target:.0%}"
        return f"≤ {self.target:g} ×" + (f" + {self.allowance * 1000:g} ms" if self.allowance else "")


def figure(seconds: float, units: int) -> str:
    """Units a second where a run has many, otherwise the time of a run."""
    if units > 1:
        return f"{units / seconds:,.0f}/s"
    return f"{seconds * 1000:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def in_turn(runs: int, ours: Callable[[int], Any], limit: Callable[[int], Any]) -> tuple[list[float], list[float]]:
    """Seconds of each of the runs, which are told their number; each first in every other run."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(runs):
        for is_ours in (True, False) if number % 2 else (False, True):
            work = ours if is_ours else limit
            times[is_ours].append(seconds(lambda: work(number)))  # noqa: B023
    return times[True], times[False]


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    quietly(work)
    return time.perf_counter() - started


def quietly(work: Callable[[], Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        work()
