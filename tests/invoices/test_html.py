"""A document as one self-contained page (design §13): every value escaped, nothing loaded, figures under one another."""

import re
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.html import html_document
from billing.invoices.lines import Campaign, ManualAdjustment, manual_line
from billing.invoices.page import page
from tests.invoices import samples

PLAIN = {"html", "head", "meta", "title", "style", "body", "main", "header", "h1", "h2", "span", "section", "address"} | {
    *(
        "strong",
        "br",
        "dl",
        "div",
        "dt",
        "dd",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "i",
        "p",
        "footer",
    ),
}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_says_what_is_due_what_is_covered_and_how_to_pay() -> None:
    words = Tags(html_document(samples.fjellbris())).words

    for word in ("CB-2025-000001", "Fjellbris Energi AS", "1,400.00", "2,643.54", "660.89", "3,304.43", "2,119.59"):
        assert word in words
    assert "NO93 8601 1117 947" in words
    assert "3 May 2025" in words


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    text = html_document(samples.long_document())
    tags = Tags(text)

    assert tags.seen <= PLAIN
    assert tags.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class", "colspan", "scope", "aria-hidden"}
    assert not re.search(r"url\(|@import|https?:", text)
    assert "default-src 'none'" in unescape(text)


def test_a_credit_note_is_signed_as_its_json_and_asks_for_no_payment() -> None:
    words = Tags(html_document(samples.credited(samples.fjellbris()))).words

    assert "−3,304.43" in words
    assert "Credit note" in " ".join(words)
    assert "Payment" not in words


@given(st.text(min_size=1, max_size=60))
def test_no_name_makes_a_tag(name: str) -> None:
    hostile = f'{name}<script src="//x">"\'&amp;'
    line = samples.due("custom.component:odd", hostile, "1.5", "<u>", "140.00", "210.00")
    lines = samples.lines_of([(Campaign("odd", hostile), [line])])
    buyer = samples.profile(buyerReference="<img onerror=x>", legalName="<b>", vatId=None)
    document = samples.issued(samples.document_of(lines, buyer=buyer))

    tags = Tags(html_document(document))

    assert tags.seen <= PLAIN
    assert page(document).due[0].campaign.endswith('<script src="//x">"\'&amp;')
    assert any("<script src=" in word for word in tags.words)


def test_the_figures_of_a_column_have_one_width() -> None:
    shown = page(samples.fjellbris())

    rows = [row for group in shown.due for row in group.rows]
    assert [row.quantity.shown for row in rows] == ["40", "4.601615", "17.732167", "0.339166"]
    assert {len(f"{row.quantity.shown}{row.quantity.pad}".partition(".")[2]) for row in rows} == {6}
    assert {row.unit_price.pad for row in rows} == {""}


def test_lines_of_a_campaign_stand_together_with_their_sum() -> None:
    due = page(samples.fjellbris()).due

    assert [(group.campaign, group.subtotal) for group in due] == [
        ("Fjord beach clean-up", "1,561.06"),
        ("First-job mentoring", "1,082.48"),
    ]


def test_a_line_alone_has_no_sum() -> None:
    assert [group.subtotal for group in page(samples.bare()).due] == [""]


def test_a_credit_note_has_no_due_date_and_says_what_it_corrects() -> None:
    assert [label for label, _ in page(samples.fjellbris()).facts] == [
        *("Number", "Date of issue", "Due date", "Charges for", "Your reference"),
    ]
    assert dict(page(samples.credited(samples.fjellbris())).facts) == {
        "Number": "CB-2025-000002",
        "Date of issue": "10 April 2025",
        "Charges for": "March 2025",
        "Corrects": "CB-2025-000001",
        "Your reference": "PO-4471",
    }


def test_turned_signs_are_those_of_what_is_due_and_not_of_what_is_covered() -> None:
    goodwill = ManualAdjustment("goodwill", None, "Goodwill", Decimal("-3000.00"))
    line = manual_line(goodwill, "2025-03", Decimal(0), currency="EUR", tax=samples.TAX)
    assert line is not None
    document = samples.issued(samples.document_of([*samples.lines_of(samples.MARCH), line]))

    shown = page(document, turned=True)

    assert (document.kind, shown.net, shown.total, shown.taxes[0].amount) == ("credit_note", "356.46", "445.58", "89.12")
    assert [row.amount for row in shown.due[-1].rows] == ["3,000.00"]
    assert [row.quantity.shown for row in shown.due[-1].rows] == ["1"]
    assert [row.amount for group in shown.covered for row in group.rows] == ["706.46", "706.46", "706.67"]
    assert shown.covered_total == "2,119.59"


def test_why_no_tax_is_charged_is_said() -> None:
    assert page(samples.taxed("AE")).notes == ["No tax is charged: Reverse charge."]
    assert page(samples.taxed("E")).notes == ["No tax is charged: Exempt under section 6-5 of the VAT act."]
    assert page(samples.taxed("Z")).notes == []
