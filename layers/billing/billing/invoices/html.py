"""A document as one self-contained HTML page that prints well: no script, nothing loaded, every value escaped."""

from html import escape
from pathlib import Path

from billing.invoices.document import IssuedDocument
from billing.invoices.page import Figure, Group, Page, Party, Row, page

_STYLE = (Path(__file__).parent / "html.css").read_text()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html_document(document: IssuedDocument) -> str:
    """The page, in English; amounts are signed as in the JSON."""
    shown = page(document)
    title = escape(f"{shown.title} {shown.number}")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>
{_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>{escape(shown.title)} <span>{escape(shown.number)}</span></h1>
{_party("From", shown.seller)}
{_party("To", shown.buyer)}
{_pairs("facts", shown.facts)}
</header>
{_charges(shown)}
{_totals(shown)}
{_payment(shown)}
{_covered(shown)}
<footer>SHA-256 of the document: <span>{escape(shown.sha256)}</span></footer>
</main>
</body>
</html>
"""


def _party(role: str, party: Party) -> str:
    lines = "".join(f"<br>{escape(line)}" for line in party.lines)
    return f'<section class="party"><h2>{role}</h2><address><strong>{escape(party.name)}</strong>{lines}</address></section>'


def _pairs(name: str, pairs: list[tuple[str, str]]) -> str:
    rows = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in pairs)
    return f'<dl class="{name}">{rows}</dl>'


def _charges(shown: Page) -> str:
    return _table("Charges", shown.due, shown.currency, "")


def _covered(shown: Page) -> str:
    if not shown.covered:
        return ""
    heading = "<h2>Already paid for</h2><p>Used in the month and covered by what was bought before; for information.</p>"
    total = f'<tfoot><tr><th colspan="4">Covered</th><td>{escape(shown.covered_total)}</td></tr></tfoot>'
    return f'<section class="covered">{heading}{_table("Covered", shown.covered, shown.currency, total)}</section>'


def _table(caption: str, groups: list[Group], currency: str, foot: str) -> str:
    head = f"<th>Description</th><th>Quantity</th><th>Unit</th><th>Unit price</th><th>Amount, {escape(currency)}</th>"
    bodies = "".join(map(_group, groups))
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>{bodies}{foot}</table>"


def _group(group: Group) -> str:
    heading = f'<tr class="campaign"><th colspan="5" scope="rowgroup">{escape(group.campaign)}</th></tr>'
    subtotal = f'<tr class="subtotal"><td colspan="4"></td><td>{escape(group.subtotal)}</td></tr>' if group.subtotal else ""
    return f"<tbody>{heading}{''.join(map(_row, group.rows))}{subtotal}</tbody>"


def _row(row: Row) -> str:
    cells = (escape(row.description), _figure(row.quantity), escape(row.unit), _figure(row.unit_price), escape(row.amount))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _figure(figure: Figure) -> str:
    pad = f'<i aria-hidden="true">{figure.pad}</i>' if figure.pad else ""
    return f"{escape(figure.shown)}{pad}"


def _totals(shown: Page) -> str:
    rows = [("Net", shown.net), *((tax.label, tax.amount) for tax in shown.taxes), (shown.total_label, shown.total)]
    return _pairs("totals", rows)


def _payment(shown: Page) -> str:
    payment = f"<h2>Payment</h2>{_pairs('facts', shown.payment)}" if shown.payment else ""
    notes = "".join(f"<p>{escape(note)}</p>" for note in shown.notes)
    return f'<section class="payment">{payment}{notes}</section>'
