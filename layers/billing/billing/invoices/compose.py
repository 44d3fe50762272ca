"""From lines to a document: its kind, taxes and totals, its credit note, and what issuing adds (design §13)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from billing.errors import Conflict
from billing.invoices.chain import fingerprint
from billing.invoices.document import Document, IssuedDocument, Line, add, negate
from billing.invoices.parties import BillingProfile, Seller, TaxCategory
from billing.invoices.tax import tax_groups, tax_reason


def compose(
    company_id: str,
    currency: str,
    month: str,
    *,
    seller: Seller,
    buyer: BillingProfile,
    lines: Sequence[Line],
    reasons: Mapping[TaxCategory, str | None] | None = None,
    vat_ids: Mapping[str, str | None] | None = None,
) -> Document | None:
    """The document of a month with these lines, the covered ones last; none where no due line is other than zero.

    `reasons` are why no tax was due on documents that are adjusted, where the category is no longer the buyer's; `vat_ids`
    are the buyer's on them, by the month that they invoiced first. A total below zero makes a credit note that corrects no
    document.
    """
    due = [line for line in lines if line.is_due]
    if not any(line.amount for line in due):
        return None
    covered = [line for line in lines if not line.is_due]
    taxes = tax_groups(due, currency, {**(reasons or {}), buyer.tax_category: tax_reason(buyer)})
    net = add((line.amount for line in due), currency)
    tax = add((group.tax_amount for group in taxes), currency)
    total = add((net, tax), currency)
    return Document(
        kind="credit_note" if total < 0 else "invoice",
        company_id=company_id,
        currency=currency,
        month=month,
        seller=seller,
        buyer=_named(buyer, due, vat_ids or {}),
        lines=[*due, *covered],
        taxes=taxes,
        net_amount=net,
        tax_amount=tax,
        total_amount=total,
        covered_amount=add((line.amount for line in covered), currency),
    )


def credit_note(document: IssuedDocument) -> Document:
    """The document that takes back every due line and every tax of another. Raises `Conflict` for a credit note."""
    if document.kind == "credit_note":
        raise Conflict(f"{document.number} is a credit note, which cannot be credited")
    lines = [_credited(line) for line in document.due_lines]
    taxes = [
        group.model_copy(update={"net_amount": negate(group.net_amount), "tax_amount": negate(group.tax_amount)})
        for group in document.taxes
    ]
    return Document(
        kind="credit_note",
        company_id=document.company_id,
        currency=document.currency,
        month=document.month,
        seller=document.seller,
        buyer=document.buyer,
        lines=lines,
        taxes=taxes,
        net_amount=negate(document.net_amount),
        tax_amount=negate(document.tax_amount),
        total_amount=negate(document.total_amount),
        covered_amount=add((), document.currency),
        corrects=document.number,
    )


def issue(
    document: Document, *, invoice_id: str, number: str, issued_on: date, recorded_by: str, previous_sha256: str | None
) -> IssuedDocument:
    """The document as it is issued: numbered, dated, and chained to the one before."""
    issued = {
        **document.model_dump(mode="json", by_alias=True),
        "invoiceId": invoice_id,
        "number": number,
        "issuedOn": issued_on.isoformat(),
        "dueOn": (issued_on + timedelta(days=document.buyer.days_to_pay)).isoformat(),
        "recordedBy": recorded_by,
        "previousSha256": previous_sha256,
    }
    return IssuedDocument.model_validate({**issued, "sha256": fingerprint(issued)})


def _named(buyer: BillingProfile, lines: Sequence[Line], vat_ids: Mapping[str, str | None]) -> BillingProfile:
    """The buyer; a reverse charge without its VAT id is no invoice (EN 16931, BR-AE-02), and the profile may have lost it."""
    if buyer.vat_id:
        return buyer
    reverse_charged = (vat_ids.get(line.month) for line in lines if line.tax_category == "AE")
    return buyer.model_copy(update={"vat_id": next(filter(None, reverse_charged), None)})


def _credited(line: Line) -> Line:
    turned: dict[str, object] = {"kind": "credit", "quantity": negate(line.quantity), "amount": negate(line.amount)}
    return line.model_copy(update={**turned, "recomputed_amount": None, "invoiced_amount": None})
