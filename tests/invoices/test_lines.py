"""The one rule (design §13): a document carries, for each campaign, key and month, what is charged less what is invoiced."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.contract.types import CoveredBy
from billing.invoices.document import Line
from billing.invoices.lines import (
    NOTHING,
    Invoiced,
    ManualAdjustment,
    component_name,
    covered_lines,
    due_lines,
    manual_line,
)
from tests.invoices.samples import CLEAN_UP, MARCH, MARCH_OF_CLEAN_UP, SENIORS, TAX, due, lines_of, share

LATE = due("seats.additional", "Additional seats", "4.608345", "seat-month", "35.00", "161.29")
FIRST = "CB-2025-000001"
CENTS = st.integers(-10_000, 10_000).map(lambda cents: Decimal(cents) / 100)
KEYS = st.sampled_from(["seats.committed", "seats.additional", "custom.component:Workshops", "custom.milestone:Signs"])


def test_where_nothing_is_invoiced_the_statement_is_shown_as_it_is() -> None:
    lines = due_lines(CLEAN_UP, "2025-03", MARCH_OF_CLEAN_UP, {}, currency="EUR", tax=TAX)

    assert [(line.kind, line.description, str(line.quantity), str(line.amount)) for line in lines] == [
        ("charge", "Committed seats", "40.000000", "1400.00"),
        ("charge", "Additional seats", "4.601615", "161.06"),
    ]
    assert {(line.tax_category, line.tax_rate) for line in lines} == {("S", Decimal(25))}
    assert {line.recomputed_amount for line in lines} == {None}


def test_late_usage_is_one_adjustment_of_the_difference() -> None:
    said = {
        "seats.committed": Invoiced(Decimal("1400.00"), (FIRST,)),
        "seats.additional": Invoiced(Decimal("161.06"), (FIRST,)),
    }

    (line,) = due_lines(CLEAN_UP, "2025-03", [MARCH_OF_CLEAN_UP[0], LATE], said, currency="EUR", tax=TAX, earlier=True)

    assert (line.kind, line.month, line.unit) == ("adjustment", "2025-03", "adjustment")
    assert (str(line.quantity), str(line.unit_price), str(line.amount)) == ("1", "0.23", "0.23")
    assert (str(line.recomputed_amount), str(line.invoiced_amount)) == ("161.29", "161.06")
    assert line.description == f"Additional seats, March 2025: 161.29 recomputed, 161.06 invoiced, 0.23 (see {FIRST})"


def test_a_charge_that_went_down_is_an_adjustment_of_quantity_minus_one() -> None:
    said = {"seats.additional": Invoiced(Decimal("161.29"), (FIRST, "CB-2025-000002"))}

    (line,) = due_lines(CLEAN_UP, "2025-03", MARCH_OF_CLEAN_UP[1:], said, currency="EUR", tax=TAX, earlier=True)

    assert (str(line.quantity), str(line.unit_price), str(line.amount)) == ("-1", "0.23", "-0.23")
    assert line.description.endswith("-0.23 (see CB-2025-000001, CB-2025-000002)")


def test_a_line_that_is_gone_from_the_statement_is_taken_back() -> None:
    said = {"custom.component:Workshops": Invoiced(Decimal("560.00"), (FIRST,))}

    (line,) = due_lines(CLEAN_UP, "2025-03", [], said, currency="EUR", tax=TAX, earlier=True)

    assert (line.key, str(line.amount), str(line.recomputed_amount)) == ("custom.component:Workshops", "-560.00", "0.00")
    assert line.description.startswith("Workshops, March 2025")


def test_an_earlier_month_that_was_never_invoiced_is_an_adjustment_too() -> None:
    lines = due_lines(CLEAN_UP, "2025-03", [LATE], {}, currency="EUR", tax=TAX, earlier=True)

    assert [(line.kind, str(line.amount), str(line.invoiced_amount)) for line in lines] == [("adjustment", "161.29", "0.00")]
    assert lines[0].description == "Additional seats, March 2025: 161.29 recomputed, 0.00 invoiced, 161.29"


def test_a_month_whose_document_was_credited_is_shown_again_as_it_is() -> None:
    credited = {line.key: Invoiced(Decimal("0.00"), ()) for line in MARCH_OF_CLEAN_UP}

    lines = due_lines(CLEAN_UP, "2025-03", MARCH_OF_CLEAN_UP, credited, currency="EUR", tax=TAX)

    assert [line.kind for line in lines] == ["charge", "charge"]


def test_what_another_document_says_of_a_credited_month_stays_invoiced() -> None:
    said = {"seats.additional": Invoiced(Decimal("0.23"), ("CB-2025-000002",))}

    (line,) = due_lines(CLEAN_UP, "2025-03", [LATE], said, currency="EUR", tax=TAX)

    assert (line.kind, str(line.amount)) == ("adjustment", "161.06")


def test_a_key_that_documents_took_back_to_nothing_is_an_adjustment() -> None:
    said = {"seats.additional": Invoiced(Decimal("0.00"), (FIRST, "CB-2025-000002"))}

    (line,) = due_lines(CLEAN_UP, "2025-03", [LATE], said, currency="EUR", tax=TAX)

    assert (line.kind, str(line.amount), str(line.invoiced_amount)) == ("adjustment", "161.29", "0.00")


def test_lines_of_one_key_at_two_prices_are_compared_as_one_sum() -> None:
    cut = [
        due("seats.committed", "Committed seats", "18.088829", "seat-month", "35.00", "633.11"),
        due("seats.committed", "Committed seats", "30.127860", "seat-month", "33.50", "1009.28"),
    ]
    said = {"seats.committed": Invoiced(Decimal("1642.39"), (FIRST,))}

    assert len(due_lines(CLEAN_UP, "2025-03", cut, {}, currency="EUR", tax=TAX)) == 2
    assert due_lines(CLEAN_UP, "2025-03", cut, said, currency="EUR", tax=TAX) == []


def test_a_key_that_costs_nothing_has_no_line() -> None:
    nothing = [due("seats.additional", "Additional seats", "0.000000", "seat-month", "35.00", "0.00")]

    assert due_lines(CLEAN_UP, "2025-03", nothing, {}, currency="EUR", tax=TAX) == []


def test_covered_lines_are_neither_due_nor_taxed() -> None:
    statement = dict(MARCH)[SENIORS]

    (line,) = covered_lines(SENIORS, "2025-03", statement)

    assert due_lines(SENIORS, "2025-03", statement, {}, currency="EUR", tax=TAX) == []
    assert (line.kind, line.covered_by, line.tax_category, line.tax_rate) == ("covered", CoveredBy.SUBSCRIPTION, None, None)


def test_a_covered_line_of_nothing_is_not_shown() -> None:
    assert covered_lines(SENIORS, "2025-03", [share("0.000000", "0.00")]) == []


def test_a_manual_adjustment_is_invoiced_once_and_again_after_a_credit() -> None:
    goodwill = ManualAdjustment("7", None, "Goodwill", Decimal("-300.00"))

    line = manual_line(goodwill, "2025-03", Decimal(0), currency="EUR", tax=TAX)

    assert line is not None
    assert (line.key, line.kind, line.campaign_id, str(line.quantity), str(line.unit_price), str(line.amount)) == (
        ("manual:7", "manual", None, "-1", "300.00", "-300.00")
    )
    assert manual_line(goodwill, "2025-04", Decimal("-300.00"), currency="EUR", tax=TAX) is None
    assert manual_line(goodwill, "2025-04", Decimal("0.00"), currency="EUR", tax=TAX) == line.model_copy(
        update={"month": "2025-04"}
    )


def test_a_manual_adjustment_of_a_campaign_is_no_line_of_its_statement() -> None:
    assert due_lines(CLEAN_UP, "2025-03", [], {"manual:7": Invoiced(Decimal(5), (FIRST,))}, currency="EUR", tax=TAX) == []


def test_a_component_is_called_by_its_own_name() -> None:
    assert component_name("custom.component:seats: 2 + 2") == "seats: 2 + 2"
    assert component_name("custom.milestone:2025-03-01") == "2025-03-01"


@given(
    st.lists(st.lists(st.tuples(KEYS, st.integers(0, 10_000)), max_size=5), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_after_each_document_what_is_invoiced_is_what_is_charged(
    recomputed: list[list[tuple[str, int]]], credit: list[bool]
) -> None:
    documents: list[tuple[str, list[Line]]] = []
    uncredited: list[str] = []
    for position, statement in enumerate(recomputed):
        charges = [due(key, "Line", "1", "unit", "1", f"{cents / 100:.2f}") for key, cents in statement]
        lines = lines_of([(CLEAN_UP, charges)], invoiced=said_by(documents, uncredited), earlier=position > 0)
        documents.append((f"CB-{position}", lines))
        uncredited.append(f"CB-{position}")

        said = {key: one.amount for key, one in said_by(documents, uncredited).items() if one.amount}
        assert said == {key: amount for key, amount in charged(statement).items() if amount}
        assert lines_of([(CLEAN_UP, charges)], invoiced=said_by(documents, uncredited), earlier=True) == []

        if credit[position]:
            taken_back = [line.model_copy(update={"amount": -line.amount}) for line in lines]
            documents.append((f"credit-{position}", taken_back))
            uncredited.remove(f"CB-{position}")


def said_by(documents: list[tuple[str, list[Line]]], uncredited: list[str]) -> dict[str, Invoiced]:
    said: dict[str, Invoiced] = {}
    for number, lines in documents:
        for line in lines:
            before = said.get(line.key, NOTHING)
            numbers = (*before.numbers, number) if number in uncredited and number not in before.numbers else before.numbers
            said[line.key] = Invoiced(before.amount + line.amount, numbers)
    return said


def charged(statement: list[tuple[str, int]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for key, cents in statement:
        sums[key] = sums.get(key, Decimal(0)) + Decimal(cents) / 100
    return sums


@given(st.lists(st.tuples(KEYS, CENTS), max_size=6), st.dictionaries(KEYS, CENTS, max_size=4))
def test_no_price_is_below_zero_and_quantity_times_price_is_the_amount(
    statement: list[tuple[str, Decimal]], invoiced: dict[str, Decimal]
) -> None:
    said = {key: Invoiced(amount, (FIRST,)) for key, amount in invoiced.items()}
    charges = [due(key, "Line", "1", "unit", str(abs(amount)), str(abs(amount))) for key, amount in statement]

    lines = due_lines(CLEAN_UP, "2025-03", charges, said, currency="EUR", tax=TAX, earlier=True)

    assert all(line.unit_price > 0 and line.quantity * line.unit_price == line.amount for line in lines)
