"""Documents (design §13): their kind, totals and taxes, the credit note of one, and the chain of hashes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing.errors import Conflict
from billing.invoices.chain import Break, breaks, canonical_json, fingerprint
from billing.invoices.compose import compose, credit_note
from billing.invoices.document import IssuedDocument
from billing.invoices.lines import ManualAdjustment, manual_line
from billing.invoices.tax import REVERSE_CHARGE, tax_of
from tests.invoices import samples

KINDS: dict[str, Callable[[], IssuedDocument]] = {
    "invoice": samples.fjellbris,
    "adjustment": samples.fjellbris_in_april,
    "credit note": lambda: samples.credited(samples.fjellbris()),
    "two categories": samples.two_categories,
}


def as_json(document: IssuedDocument) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True)


def test_the_example_of_march_2025_to_the_cent() -> None:
    document = as_json(samples.fjellbris())

    assert [line["amount"] for line in document["lines"]][:4] == ["1400.00", "161.06", "1062.16", "20.32"]
    assert (document["netAmount"], document["taxAmount"], document["totalAmount"]) == ("2643.54", "660.89", "3304.43")
    assert document["coveredAmount"] == "2119.59"
    assert document["taxes"] == [
        {"taxCategory": "S", "taxRate": "25", "taxReason": None, "netAmount": "2643.54", "taxAmount": "660.89"}
    ]
    assert (document["kind"], document["issuedOn"], document["dueOn"]) == ("invoice", "2025-04-03", "2025-05-03")


def test_a_document_has_the_fields_of_the_design_and_no_others() -> None:
    document = as_json(samples.fjellbris())

    assert set(document) == {
        *("invoiceId", "number", "kind", "companyId", "currency", "month", "issuedOn", "dueOn", "seller", "buyer", "lines"),
        *("taxes", "netAmount", "taxAmount", "totalAmount", "coveredAmount", "corrects", "creditedBy", "recordedBy"),
        *("sha256", "previousSha256"),
    }
    assert set(document["lines"][0]) == {
        *("campaignId", "campaignName", "key", "kind", "month", "description", "quantity", "unit", "unitPrice", "amount"),
        *("coveredBy", "recomputedAmount", "invoicedAmount", "taxCategory", "taxRate"),
    }


def test_the_seller_and_the_buyer_are_copied_whole() -> None:
    document = as_json(samples.fjellbris())

    assert document["seller"].items() >= samples.SELLER_JSON.items()
    assert document["buyer"].items() >= samples.PROFILE_JSON.items()


def test_no_document_is_made_of_covered_lines_alone() -> None:
    lines = samples.lines_of(samples.MARCH[2:])

    assert len(lines) == 3
    assert compose("company", "EUR", "2025-03", seller=samples.SELLER, buyer=samples.PROFILE, lines=lines) is None


def test_a_total_below_zero_makes_a_credit_note_that_corrects_no_document() -> None:
    document = samples.below_zero()

    assert (document.kind, document.corrects) == ("credit_note", None)
    assert (str(document.net_amount), str(document.tax_amount), str(document.total_amount)) == ("-62.75", "-15.69", "-78.44")


def test_a_total_of_nothing_is_an_invoice_and_no_due_line_is_no_document() -> None:
    up, down = (ManualAdjustment(str(amount), None, "Moved", Decimal(amount)) for amount in (5, -5))
    moved = [manual_line(one, "2025-03", Decimal(0), currency="EUR", tax=samples.TAX) for one in (up, down)]
    lines = [line for line in moved if line]
    nothing = [line.model_copy(update={"amount": Decimal("0.00")}) for line in lines]

    document = samples.document_of(lines)

    assert (document.kind, str(document.total_amount)) == ("invoice", "0.00")
    assert compose("company", "EUR", "2025-03", seller=samples.SELLER, buyer=samples.PROFILE, lines=nothing) is None


def test_an_adjustment_keeps_the_tax_of_its_month_and_other_lines_have_the_buyers() -> None:
    groups = [(str(group.tax_category), str(group.tax_amount), group.tax_reason) for group in samples.two_categories().taxes]

    assert groups == [("E", "0.00", "Exempt under section 6-5 of the VAT act"), ("S", "-40.27", None)]


def test_the_reason_of_an_earlier_exemption_is_said_of_its_adjustment() -> None:
    exempt = samples.profile(taxCategory="E", taxRate=0, taxReason="Before registration")
    lines = samples.lines_of([(samples.CLEAN_UP, samples.MARCH_OF_CLEAN_UP)], tax=tax_of(exempt), earlier=True)

    document = compose(
        "company",
        "EUR",
        "2025-04",
        seller=samples.SELLER,
        buyer=samples.PROFILE,
        lines=lines,
        reasons={"E": "Before registration"},
    )

    assert document is not None
    assert [group.tax_reason for group in document.taxes] == ["Before registration"]


def test_an_adjustment_of_a_reverse_charged_month_names_the_buyer_as_that_month_did() -> None:
    document = samples.reverse_charged_before()

    assert [
        (group.tax_category, str(group.net_amount), str(group.tax_amount), group.tax_reason) for group in document.taxes
    ] == [
        ("AE", "-161.06", "0.00", REVERSE_CHARGE),
        ("S", "2643.54", "660.89", None),
    ]
    assert document.buyer == samples.profile(vatId="DE136695976")
    assert credit_note(document).buyer == document.buyer


def test_no_vat_id_is_named_that_the_buyer_has_now_or_that_no_line_needs() -> None:
    lines = samples.lines_of(samples.MARCH)
    without, other = samples.profile(vatId=None), samples.adjusted(samples.taxpayer("AE"), samples.PROFILE)

    assert other.buyer == samples.PROFILE
    assert samples.document_of(lines, buyer=without, vat_ids={"2025-03": "DE136695976"}).buyer.vat_id is None


def test_a_credit_note_takes_back_every_due_line_and_tax_and_nothing_else() -> None:
    invoice = samples.fjellbris()

    note = credit_note(invoice)

    assert (note.kind, note.corrects, note.month) == ("credit_note", "CB-2025-000001", "2025-03")
    assert {line.kind for line in note.lines} == {"credit"}
    for line, taken_back in zip(invoice.due_lines, note.lines, strict=True):
        assert (taken_back.amount, taken_back.quantity) == (-line.amount, -line.quantity)
        assert (line.key, line.month, line.unit_price) == (taken_back.key, taken_back.month, taken_back.unit_price)
    assert [group.tax_amount for group in note.taxes] == [Decimal("-660.89")]
    assert (str(note.total_amount), str(note.covered_amount)) == ("-3304.43", "0.00")


def test_a_credit_note_of_an_adjustment_compares_nothing() -> None:
    (adjustment, _) = credit_note(samples.fjellbris_in_april()).lines

    assert (adjustment.month, str(adjustment.amount)) == ("2025-03", "-0.23")
    assert (adjustment.recomputed_amount, adjustment.invoiced_amount) == (None, None)


def test_a_credit_note_cannot_be_credited() -> None:
    with pytest.raises(Conflict, match="CB-2025-000002 is a credit note"):
        credit_note(samples.credited(samples.fjellbris()))


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS.keys())
def test_a_document_reads_back_what_it_wrote_and_its_hash_is_that_of_its_content(make: Callable[[], IssuedDocument]) -> None:
    document = make()

    assert IssuedDocument.model_validate_json(document.model_dump_json(by_alias=True)) == document
    assert document.sha256 == fingerprint(as_json(document))


def test_the_hash_is_of_everything_but_itself_and_who_credited_the_document() -> None:
    document = as_json(samples.fjellbris())
    changed = {name: {**document, name: "changed"} for name in document}

    unchanged = {name for name, other in changed.items() if fingerprint(other) == document["sha256"]}

    assert unchanged == {"sha256", "creditedBy"}


def test_canonical_json_does_not_depend_on_the_order_of_names() -> None:
    document = as_json(samples.fjellbris())

    assert canonical_json(dict(reversed(document.items()))) == canonical_json(document)


def chain() -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = []
    for sequence in (1, 2, 3):
        previous = documents[-1]["sha256"] if documents else None
        body = samples.document_of(samples.lines_of(samples.MARCH))
        documents.append(as_json(samples.issued(body, sequence, previous=previous)))
    return documents


def test_a_chain_as_it_was_issued_has_no_break() -> None:
    documents = chain()

    assert list(breaks(documents)) == []
    assert list(breaks(documents[1:], documents[0]["sha256"])) == []


def test_a_document_that_was_changed_is_named() -> None:
    documents = chain()
    documents[1] = {**documents[1], "totalAmount": "3304.42"}

    assert list(breaks(documents)) == [
        Break("CB-2025-000002", "sha256", documents[1]["sha256"], fingerprint(documents[1])),
    ]


def test_a_document_that_was_changed_with_its_hash_breaks_the_chain_at_the_next() -> None:
    documents = chain()
    documents[1] = {**documents[1], "totalAmount": "3304.42"}
    documents[1]["sha256"] = fingerprint(documents[1])

    assert [(one.number, one.field, one.expected) for one in breaks(documents)] == [
        ("CB-2025-000003", "previousSha256", documents[1]["sha256"])
    ]


def test_a_document_that_is_missing_breaks_the_chain() -> None:
    first, _, third = chain()

    assert [(one.number, one.field) for one in breaks([first, third])] == [("CB-2025-000003", "previousSha256")]
