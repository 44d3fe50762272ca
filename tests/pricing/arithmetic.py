"""Reads the derivation of a line as a pocket calculator would: numbers and signs; words are units and remarks (design §5)."""

import re
from fractions import Fraction

REMARK = re.compile(r"^[^:]*:|\([^()]* left of the cap of [^()]*\)|above [\d,.]+")
SIGN = re.compile(r"[\d.]+|[×÷+−()]|\bof(?= \d)")


def evaluate(derivation: str) -> Fraction:
    """The value of `25 seats × 527 of 743 hours × 59.90`: `a of b` is a ÷ b, and a remark about a cap or a limit is none.

    What stands before a colon says where the number after it comes from: `15 learners, 12 left of the cap of 12: 12 × 95.00`.
    """
    signs = SIGN.findall(REMARK.sub("", derivation).replace(",", ""))
    value = _sum(signs)
    assert not signs, f"{signs} is left of {derivation!r}"
    return value


def _sum(signs: list[str]) -> Fraction:
    value = _product(signs)
    while signs and signs[0] in "+−":
        value = value + _product(signs) if signs.pop(0) == "+" else value - _product(signs)
    return value


def _product(signs: list[str]) -> Fraction:
    value = _factor(signs)
    while signs and signs[0] in ("×", "÷", "of"):
        value = value * _factor(signs) if signs.pop(0) == "×" else value / _factor(signs)
    return value


def _factor(signs: list[str]) -> Fraction:
    sign = signs.pop(0)
    if sign != "(":
        return Fraction(sign)
    value = _sum(signs)
    assert signs.pop(0) == ")"
    return value
