"""A document as a PDF: PDF/A-3a and PDF/UA-1, tagged, with the UBL embedded, the same bytes each time (design §13).

Only here is typst needed, which has a Lambda layer of its own (`layers/typst`); it is imported when a document is rendered.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from billing.invoices.document import IssuedDocument
from billing.invoices.page import page
from billing.invoices.ubl import has_ubl, ubl_document

if TYPE_CHECKING:
    import typst

_TEMPLATE = Path(__file__).parent / "pdf.typ"
STANDARDS: list["typst.PDFStandard"] = ["a-3a", "ua-1"]
WITHOUT_GLYPHS = (
    "The font of these pages lacks some characters of the text and shows a box for each; "
    "the HTML, CSV and JSON forms of the document have them."
)


def pdf_document(document: IssuedDocument) -> bytes:
    """The PDF. A credit note's amounts have their sign turned, as in its UBL; a currency that UBL lacks has none embedded.

    Text in a script that no font here has cannot be shown in an archivable PDF: such a document is a plain tagged one, with
    a box for each character that is missing and a note that says so.
    """
    import typst

    try:
        return _compile(document, STANDARDS)
    except typst.TypstError as error:
        if "could not be displayed with font" not in error.message:
            raise
        return _compile(document, ["1.7"], [WITHOUT_GLYPHS])


def _compile(document: IssuedDocument, standards: list["typst.PDFStandard"], notes: Sequence[str] = ()) -> bytes:
    import typst

    shown = asdict(page(document, turned=document.kind == "credit_note"))
    shown["notes"] += notes
    ubl = ubl_document(document).decode() if has_ubl(document.currency) else ""
    return typst.compile(
        _TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"page": json.dumps(shown), "ubl": ubl},
        pdf_standards=standards,
        timestamp=datetime.combine(document.issued_on, time(), UTC),
    )


@cache
def _fonts() -> "typst.Fonts":
    import fontpkg_source_sans_3
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[fontpkg_source_sans_3.ROOT / "files"])
