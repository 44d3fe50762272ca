"""A document as CSV (design §13): RFC 4180, and no cell that a spreadsheet takes for a formula."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.contract.tables import safe_cell
from billing.invoices.csv import csv_document
from billing.invoices.lines import Campaign
from tests.invoices import samples


def test_every_line_is_a_row_with_the_names_of_the_json() -> None:
    document = samples.fjellbris()

    rows = list(csv.DictReader(io.StringIO(csv_document(document), newline="")))

    assert [row["amount"] for row in rows] == [str(line.amount) for line in document.lines]
    assert rows[0]["campaignName"] == "Fjord beach clean-up"
    assert {row["number"] for row in rows} == {"CB-2025-000001"}
    assert (rows[-1]["kind"], rows[-1]["taxRate"]) == ("covered", "")


def test_rows_end_in_crlf_and_quotes_are_doubled() -> None:
    named = Campaign("quoted", 'The "big" one, second\nline')
    document = samples.issued(samples.document_of(samples.lines_of([(named, samples.MARCH_OF_CLEAN_UP)])))

    text = csv_document(document)

    assert '"The ""big"" one, second\nline"' in text
    assert text.count("\r\n") == 3
    assert text.endswith("\r\n")


def test_the_amounts_of_a_credit_note_are_numbers_below_zero() -> None:
    text = csv_document(samples.credited(samples.fjellbris()))

    assert [row["amount"] for row in csv.DictReader(io.StringIO(text, newline=""))] == [
        "-1400.00",
        "-161.06",
        "-1062.16",
        "-20.32",
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1+A1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1+1", "=HYPERLINK(1)", "\n=1", "-"]
)
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@given(st.text(max_size=40))
def test_a_cell_is_the_text_or_the_text_behind_an_apostrophe(text: str) -> None:
    cell = safe_cell(text)

    assert cell in (text, f"'{text}")
    assert not re.match(r"\s*[=+@]", cell)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_a_number_is_left_as_it_is(number: object) -> None:
    assert safe_cell(f"{number:f}") == f"{number:f}"
