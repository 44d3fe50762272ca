"""A document as PDF (design §13): tagged, archivable, with its UBL inside, and the same bytes each time."""

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from billing.invoices.document import IssuedDocument
from billing.invoices.lines import Campaign
from billing.invoices.pdf import WITHOUT_GLYPHS, pdf_document
from billing.invoices.ubl import ubl_document
from tests.invoices import samples

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS: dict[str, Callable[[], IssuedDocument]] = {
    "invoice": samples.fjellbris,
    "adjustment": samples.fjellbris_in_april,
    "credit note": lambda: samples.credited(samples.fjellbris()),
    "200 lines": samples.long_document,
    "one line": lambda: samples.in_currency("JPY", "900", "111600"),
    "bare parties": samples.bare,
}
HASH = """
import hashlib
from billing.invoices.pdf import pdf_document
from tests.invoices import samples
print(hashlib.sha256(pdf_document(samples.fjellbris())).hexdigest())
"""


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def words(reader: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in reader.pages)


def is_tagged(reader: PdfReader) -> bool:
    root: Any = reader.root_object
    return bool(root["/MarkInfo"]["/Marked"]) and "/K" in root["/StructTreeRoot"]


def named(name: str) -> IssuedDocument:
    return samples.issued(samples.document_of(samples.lines_of([(Campaign("named", name), samples.MARCH_OF_CLEAN_UP)])))


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_pdf_is_tagged_archivable_and_holds_its_ubl(make: Callable[[], IssuedDocument]) -> None:
    document = make()

    reader = read(pdf_document(document))

    root: Any = reader.root_object
    metadata = root["/Metadata"].get_data()
    assert is_tagged(reader)
    assert root["/Lang"] == "en"
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert b"<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.attachments == {f"{document.number}.xml": [ubl_document(document)]}


def test_a_pdf_has_the_same_bytes_each_time_and_in_each_process() -> None:
    here = hashlib.sha256(pdf_document(samples.fjellbris())).hexdigest()

    there = [subprocess.check_output([sys.executable, "-c", HASH], cwd=ROOT, text=True).strip() for _ in range(2)]

    assert [here, here] == there


def test_a_credit_note_has_every_sign_turned() -> None:
    text = words(read(pdf_document(samples.credited(samples.fjellbris()))))

    assert "Credit note" in text
    assert "3,304.43" in text
    assert "−" not in text


def test_long_tables_carry_their_header_to_every_page() -> None:
    reader = read(pdf_document(samples.long_document()))

    assert len(reader.pages) >= 5
    for number, page in enumerate(reader.pages, 1):
        assert "Unit price" in page.extract_text()
        assert f"Page {number} of {len(reader.pages)}" in page.extract_text()
    assert sum(page.extract_text().count("of the programme") for page in reader.pages) == 200


def test_no_word_is_wider_than_the_page() -> None:
    reader = read(pdf_document(named("W" * 128)))

    lines = [line for line in words(reader).splitlines() if "W" in line]
    assert "".join(lines) == "W" * 128
    assert len(lines) > 1


@pytest.mark.parametrize("name", ["#panic() *bold* $x$ \\ @ref", '"quoted" </page>', "//comment /*", "Ærø Łódź Ωμέγα Привет"])
def test_a_name_is_text_and_not_markup(name: str) -> None:
    reader = read(pdf_document(named(name)))

    assert name in words(reader)
    assert "/Metadata" in reader.root_object


def test_a_script_without_a_font_is_a_plain_tagged_pdf_that_says_so_with_its_ubl() -> None:
    document = named("海辺の清掃 🙂 \x07")

    reader = read(pdf_document(document))

    assert is_tagged(reader)
    assert WITHOUT_GLYPHS in " ".join(words(reader).split())
    assert WITHOUT_GLYPHS not in " ".join(words(read(pdf_document(named("Beach clean-up")))).split())
    assert reader.attachments == {f"{document.number}.xml": [ubl_document(document)]}
    assert pdf_document(document) == pdf_document(document)


def test_a_currency_of_three_decimals_has_a_pdf_without_ubl() -> None:
    reader = read(pdf_document(samples.in_currency("KWD", "900.000", "111600.000")))

    assert reader.attachments == {}
    assert "111,600.000" in words(reader)


def test_the_layer_of_typst_pins_what_is_tested_here() -> None:
    pins = (ROOT / "layers" / "typst" / "requirements.txt").read_text().split()

    assert pins == [f"{name}=={version(name)}" for name in ("fontpkg", "fontpkg-source-sans-3", "typst")]


def test_typst_is_imported_when_a_document_is_rendered_and_not_before() -> None:
    loaded = "import sys, billing.invoices.pdf; print('typst' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", loaded], text=True).strip() == "False"
