"""Which lines of capacity are crossed, each once (design §15): `near` from 80 %, `at` from 100 %, `over` above
that. A line that was crossed is armed again once the load is more than 5 points below it.

>>> cross(Fraction(83, 100), set()), cross(Fraction(76, 100), {"near"}), cross(Fraction(74, 100), {"near"})
(['near'], [], [])
>>> cross(Fraction(76, 100), still_crossed(Fraction(74, 100), {"near"}))
[]
>>> cross(Fraction(81, 100), still_crossed(Fraction(74, 100), {"near"}))
['near']
"""

from collections.abc import Set as AbstractSet
from fractions import Fraction

from billing.contract.types import CapacityState
from billing.signals.capacity import FULL, NEAR

LINES: dict[CapacityState, Fraction] = {"near": NEAR, "at": FULL, "over": FULL}
ARMED_BELOW = Fraction(5, 100)
"""How far below a line the load has to fall before it can be crossed again."""


def cross(load: Fraction | None, crossed: AbstractSet[str]) -> list[CapacityState]:
    """The lines that a load crosses and that were not crossed before, the lowest first."""
    return [line for line in LINES if line not in crossed and _is_past(load, line)]


def still_crossed(load: Fraction | None, crossed: AbstractSet[str]) -> set[str]:
    """The lines that stay crossed: those that the load is at most 5 points below."""
    return {line for line in LINES if line in crossed and load is not None and load >= LINES[line] - ARMED_BELOW}


def _is_past(load: Fraction | None, line: CapacityState) -> bool:
    return load is not None and (load > LINES[line] if line == "over" else load >= LINES[line])
