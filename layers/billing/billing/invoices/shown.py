"""A document as responses show it: without `lines` where it has more than a thousand (design §13)."""

from typing import Annotated, Any

from pydantic import Field

from billing.contract.shapes import Shape
from billing.invoices.document import Document, IssuedDocument, Line

LINES_MAX = 1000
"""Lines that a document is returned with."""


def _absent(value: object) -> bool:
    return value is None


Lines = Annotated[list[Line] | None, Field(exclude_if=_absent, description="Absent where there are more than 1,000.")]


class ShownDraft(Document):
    """A document as it would be issued now."""

    lines: Lines = None  # type: ignore[assignment]


class ShownDocument(IssuedDocument):
    """An issued document."""

    lines: Lines = None  # type: ignore[assignment]


class DocumentPage(ShownDocument):
    """An issued document with as many lines as a page holds; `nextCursor` is there where it has more."""

    next_cursor: Annotated[str | None, Field(exclude_if=_absent, description="Of the next lines, where there are more.")] = None


class Preview(Shape):
    """The documents, one for each currency; none where there is nothing to say, or it is made later."""

    invoices: list[ShownDraft]


def shown_draft(document: Document) -> ShownDraft:
    """A draft, without its lines where there are many."""
    values: dict[str, Any] = dict(document)
    return ShownDraft.model_construct(**values | ({"lines": None} if len(document.lines) > LINES_MAX else {}))


def shown(document: dict[str, Any]) -> ShownDocument:
    """A document as it is stored, without its lines where there are many."""
    many = len(document.get("lines", ())) > LINES_MAX
    return ShownDocument.model_validate({**document, "lines": None} if many else document)
