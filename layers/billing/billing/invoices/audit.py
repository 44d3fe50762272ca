"""Whether documents are what they must be: their totals, their taxes, their lines, and what they invoice (design §14)."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import Any, NamedTuple

from billing.contract.types import CoveredBy
from billing.invoices.chain import breaks
from billing.invoices.document import add
from billing.invoices.lines import Invoiced, StatementLine
from billing.invoices.tax import tax_on

Ids = dict[str, str | None]
"""Where a difference is: the ids of a document, a campaign, a key."""


class Difference(NamedTuple):
    """What differs: the ids of where it is, which figure it is, what it should be, and what it is."""

    ids: Ids
    field: str
    expected: str
    found: str


StoredLine = Sequence[str | None]
"""A line as the table of lines has it: company, campaign, key, kind, month, currency, amount, tax category and rate."""


def document_differences(
    document: Mapping[str, Any],
    row: Mapping[str, Any],
    lines: Sequence[StoredLine],
    previous_sha256: str | None,
) -> Iterator[Difference]:
    """Where a stored document does not agree with itself, with the hash of the document before, with the other columns of its
    row, which are named as its fields, or with the table of its lines; also where it cannot be read any more."""
    ids: Ids = {"invoiceId": row["number"]}
    try:
        for broken in breaks([document], previous_sha256):
            yield Difference(ids, broken.field, _text(broken.expected), _text(broken.stored))
        yield from _differing(ids, _totals(document), document)
        yield from _tax_differences(ids, document)
        yield from _differing(ids, _row(document), row)
        yield from _line_differences(ids, document, lines)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        yield Difference(ids, "document", "as it was issued", f"unreadable: {error!r}")


def _differing(ids: Ids, expected: Mapping[str, Any], found: Mapping[str, Any], of: str = "") -> Iterator[Difference]:
    for field, value in expected.items():
        if found.get(field) != value:
            yield Difference(ids, field + of, _text(value), _text(found.get(field)))


def _tax_differences(ids: Ids, document: Mapping[str, Any]) -> Iterator[Difference]:
    currency = document["currency"]
    taxed: dict[tuple[str, Decimal], list[str]] = {}
    for line in _due(document):
        taxed.setdefault((line["taxCategory"], Decimal(line["taxRate"])), []).append(line["amount"])
    groups = {(group["taxCategory"], Decimal(group["taxRate"])): group for group in document["taxes"]}
    for category, rate in sorted({*taxed, *groups}):
        net = _sum(taxed.get((category, rate), ()), currency)
        expected = {"netAmount": net, "taxAmount": f"{tax_on(Decimal(net), rate, currency):f}"}
        yield from _differing(ids, expected, groups.get((category, rate), {}), of=f" of {category} {rate:f}")


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    """What the other columns of a document's row say; its month is closed."""
    copied = ("number", "companyId", "kind", "currency", "month", "issuedOn", "corrects", "recordedBy")
    return {field: document[field] for field in (*copied, "sha256", "previousSha256")} | {
        "year": int(document["issuedOn"][:4]),
        "sequence": int(document["number"].rpartition("-")[2]),
        "lineCount": len(document["lines"]),
        "monthIsClosed": True,
    }


def _line_differences(ids: Ids, document: Mapping[str, Any], lines: Sequence[StoredLine]) -> Iterator[Difference]:
    said = [_stored(line, document) for line in document["lines"]]
    for position, (expected, found) in enumerate(zip_longest(said, map(list, lines)), 1):
        if expected != found:
            yield Difference({**ids, "position": str(position)}, "line", _text(expected), _text(found))


def _totals(document: Mapping[str, Any]) -> dict[str, str]:
    currency, covered = document["currency"], [line for line in document["lines"] if line["kind"] == "covered"]
    net = _sum((line["amount"] for line in _due(document)), currency)
    tax = _sum((group["taxAmount"] for group in document["taxes"]), currency)
    return {
        "netAmount": net,
        "taxAmount": tax,
        "totalAmount": _sum((net, tax), currency),
        "coveredAmount": _sum((line["amount"] for line in covered), currency),
    }


def _due(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [line for line in document["lines"] if line["kind"] != "covered"]


def _sum(amounts: Any, currency: str) -> str:
    return f"{add(map(Decimal, amounts), currency):f}"


def _text(value: Any) -> str:
    return "none" if value is None else str(value)


def _stored(line: Mapping[str, Any], document: Mapping[str, Any]) -> list[str | None]:
    what = [line["campaignId"], line["key"], line["kind"], line["month"], document["currency"], line["amount"]]
    return [document["companyId"], *what, line["taxCategory"], line["taxRate"]]


def charge_differences(
    campaign_id: str, month: str, currency: str, statement: Sequence[StatementLine], invoiced: Mapping[str, Invoiced]
) -> Iterator[Difference]:
    """The keys of a campaign and month of which another amount is invoiced than they are charged now."""
    due = [line for line in statement if line.covered_by == CoveredBy.NONE]
    for key in sorted({line.key for line in due} | set(invoiced)):
        charge = add((line.amount for line in due if line.key == key), currency)
        already = add((invoiced[key].amount,) if key in invoiced else (), currency)
        if charge != already:
            ids: Ids = {"campaignId": campaign_id, "key": key, "month": month, "currency": currency}
            yield Difference(ids, "invoiced", f"{charge:f}", f"{already:f}")


def gap_differences(numbers: Sequence[tuple[int, int, str]]) -> Iterator[Difference]:
    """Where the sequence of a year leaves numbers out: year, sequence and number of each document, in their order."""
    for (year, sequence, _), (next_year, next_sequence, number) in pairwise(numbers):
        expected = sequence + 1 if next_year == year else 1
        if next_sequence != expected:
            yield Difference({"invoiceId": number}, "sequence", f"{next_year}-{expected}", f"{next_year}-{next_sequence}")
