"""Lines and their totals (design §5)."""

from fractions import Fraction

from billing.pricing.statement import CoveredBy, Line, Statement


def line(amount: str, covered_by: CoveredBy = CoveredBy.NONE, currency: str = "EUR") -> Line:
    return Line("Work", Fraction(1), "hour", Fraction(amount), currency, covered_by)


def test_a_total_is_the_sum_of_its_rounded_lines() -> None:
    statement = Statement((line("0.004"), line("0.004"), line("0.004")), "EUR")

    assert str(statement.total_amount) == "0.00"
    assert sum(line.exact_amount for line in statement.lines) == Fraction("0.012")


def test_what_is_covered_is_not_due() -> None:
    lines = (line("1"), line("20", CoveredBy.PREPAID_CREDITS), line("300", CoveredBy.SUBSCRIPTION))

    statement = Statement(lines, "EUR")

    assert str(statement.covered_amount) == "320.00"
    assert str(statement.amount_due) == "1.00"
    assert str(statement.total_amount) == "321.00"


def test_a_total_has_the_decimals_of_its_currency_even_without_lines() -> None:
    assert [str(Statement((), currency).total_amount) for currency in ("JPY", "EUR", "KWD", None)] == [
        "0",
        "0.00",
        "0.000",
        "0.00",
    ]


def test_no_total_is_too_long_to_be_exact() -> None:
    large = "12345678901234567890123456789012.34"

    statement = Statement((line(large), line("0.01", CoveredBy.SUBSCRIPTION)), "EUR")

    assert str(statement.total_amount) == "12345678901234567890123456789012.35"
