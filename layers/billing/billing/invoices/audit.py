"""Whether documents are what they must be: their totals, their taxes, their lines, and what they invoice (design §14)."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from billing.contract.types import CoveredBy
from billing.invoices.chain import fingerprint
from billing.invoices.document import add
from billing.invoices.lines import Invoiced, StatementLine
from billing.invoices.tax import tax_on


class Difference(NamedTuple):
    """What differs: the ids of where it is, which figure it is, what it should be, and what it is."""

    ids: dict[str, str | None]
    field: str
    expected: str
    found: str


StoredLine = Sequence[str | None]
"""A line as the table of lines has it: campaign, key, kind, month, currency and amount."""


def document_differences(document: Mapping[str, Any], lines: Sequence[StoredLine]) -> Iterator[Difference]:
    """Where a stored document does not agree with itself, or with the table of its lines."""
    ids: dict[str, str | None] = {"invoiceId": document["number"]}
    for field, expected in {**_totals(document), "sha256": fingerprint(document)}.items():
        if document[field] != expected:
            yield Difference(ids, field, expected, document[field])
    for group in document["taxes"]:
        tax = f"{tax_on(Decimal(group['netAmount']), Decimal(group['taxRate']), document['currency']):f}"
        if group["taxAmount"] != tax:
            yield Difference(ids, f"taxAmount of {group['taxCategory']} {group['taxRate']}", tax, group["taxAmount"])
    said = [_stored(line, document["currency"]) for line in document["lines"]]
    for position, (expected_line, found) in enumerate(_paired(said, [list(line) for line in lines]), 1):
        if expected_line != found:
            yield Difference({**ids, "position": str(position)}, "line", str(expected_line), str(found))


def _totals(document: Mapping[str, Any]) -> dict[str, str]:
    currency, due = document["currency"], [line for line in document["lines"] if line["kind"] != "covered"]
    covered = [line for line in document["lines"] if line["kind"] == "covered"]
    net = _sum((line["amount"] for line in due), currency)
    tax = _sum((group["taxAmount"] for group in document["taxes"]), currency)
    return {
        "netAmount": net,
        "taxAmount": tax,
        "totalAmount": _sum((net, tax), currency),
        "coveredAmount": _sum((line["amount"] for line in covered), currency),
    }


def _sum(amounts: Any, currency: str) -> str:
    return f"{add(map(Decimal, amounts), currency):f}"


def _stored(line: Mapping[str, Any], currency: str) -> list[str | None]:
    return [line["campaignId"], line["key"], line["kind"], line["month"], currency, line["amount"]]


def _paired(said: list[Any], found: list[Any]) -> Iterator[tuple[Any, Any]]:
    for position in range(max(len(said), len(found))):
        yield said[position] if position < len(said) else None, found[position] if position < len(found) else None


def charge_differences(
    campaign_id: str, month: str, currency: str, statement: Sequence[StatementLine], invoiced: Mapping[str, Invoiced]
) -> Iterator[Difference]:
    """The keys of a campaign and month of which another amount is invoiced than they are charged now."""
    due = [line for line in statement if line.covered_by == CoveredBy.NONE]
    for key in sorted({line.key for line in due} | set(invoiced)):
        charge = add((line.amount for line in due if line.key == key), currency)
        already = add((invoiced[key].amount,) if key in invoiced else (), currency)
        if charge != already:
            ids: dict[str, str | None] = {"campaignId": campaign_id, "key": key, "month": month, "currency": currency}
            yield Difference(ids, "invoiced", f"{charge:f}", f"{already:f}")


def gap_differences(numbers: Sequence[tuple[int, int, str]]) -> Iterator[Difference]:
    """Where the sequence of a year leaves numbers out: year, sequence and number of each document, in their order."""
    for (year, sequence, _), (next_year, next_sequence, number) in pairwise(numbers):
        expected = sequence + 1 if next_year == year else 1
        if next_sequence != expected:
            yield Difference({"invoiceId": number}, "sequence", f"{next_year}-{expected}", f"{next_year}-{next_sequence}")
