"""What an audit of documents finds by itself (design §14); damage to stored ones is in test_reconciliation."""

import pytest

from billing.invoices.audit import gap_differences

NUMBERS = {
    "the first": ([(0, 0), (2025, 1), (2025, 2)], []),
    "the first is missing": ([(0, 0), (2025, 2)], [("2025-1", "2025-2")]),
    "New Year": ([(2025, 41), (2026, 1), (2026, 2)], []),
    "New Year after a year without documents": ([(2024, 41), (2026, 1)], []),
    "one is missing": ([(2025, 41), (2025, 43), (2025, 44)], [("2025-42", "2025-43")]),
    "the first of a year is missing": ([(2025, 41), (2026, 2)], [("2026-1", "2026-2")]),
    "the last year's numbers go on": ([(2025, 41), (2026, 42)], [("2026-1", "2026-42")]),
    "one on each side of New Year": (
        [(2025, 41), (2025, 43), (2026, 1), (2026, 3)],
        [("2025-42", "2025-43"), ("2026-2", "2026-3")],
    ),
}


@pytest.mark.parametrize(("numbers", "gaps"), NUMBERS.values(), ids=NUMBERS.keys())
def test_a_gap_is_named_by_the_number_after_it(numbers: list[tuple[int, int]], gaps: list[tuple[str, str]]) -> None:
    found = list(gap_differences([(year, sequence, f"CB-{year}-{sequence:06}") for year, sequence in numbers]))

    assert [(each.expected, each.found) for each in found] == gaps
    for each in found:
        year, sequence = map(int, each.found.split("-"))
        assert (each.ids, each.field) == ({"invoiceId": f"CB-{year}-{sequence:06}"}, "sequence")
