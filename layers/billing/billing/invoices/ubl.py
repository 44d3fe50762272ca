"""A document as UBL 2.1 that is valid against EN 16931: an Invoice or a CreditNote (design §13).

The kind of a document says which way it counts, so the amounts of a credit note have their sign turned. What counts the
other way within a document is a line of quantity −1, since no price may be below zero (BR-27). Covered lines are left out.
"""

import calendar
from decimal import Decimal
from xml.etree import ElementTree as ET

from billing.errors import NotAcceptable
from billing.invoices.document import IssuedDocument, Line, TaxGroup, negate
from billing.invoices.page import printable
from billing.invoices.parties import Address, BillingProfile, Seller, TaxCategory
from billing.money import minor_digits

SPECIFICATION = "urn:cen.eu:en16931:2017"
_NAMESPACES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
_ROOT = "urn:oasis:names:specification:ubl:schema:xsd:{}-2"

# UNTDID 1001 and 4461, UN/ECE Recommendation 20, and the electronic address scheme of e-mail.
INVOICE, CREDIT_NOTE = "380", "381"
CREDIT_TRANSFER = "30"
UNITS = {"hour": "HUR", "month": "MON"}
ONE = "C62"
EMAIL = "EM"


class NotInUbl(NotAcceptable):
    """The document is in a currency of more than two decimals, which EN 16931 lacks (BR-DEC). Ask for another format."""


def has_ubl(currency: str) -> bool:
    """Whether EN 16931 can state amounts of the currency."""
    return minor_digits(currency) <= 2


def ubl_document(document: IssuedDocument) -> bytes:
    """The document as XML in UTF-8. Raises `NotInUbl`."""
    if not has_ubl(document.currency):
        raise NotInUbl(f"A document in {document.currency} cannot be stated in UBL, which allows two decimals.")
    kind = "Invoice" if document.kind == "invoice" else "CreditNote"
    namespaces = {"xmlns": _ROOT.format(kind), **{f"xmlns:{prefix}": name for prefix, name in _NAMESPACES.items()}}
    root = ET.Element(kind, namespaces)
    root.extend(part for part in _parts(document) if part is not None)
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml


def _parts(document: IssuedDocument) -> list[ET.Element | None]:
    is_invoice = document.kind == "invoice"
    return [
        _cbc("CustomizationID", SPECIFICATION),
        _cbc("ID", document.number),
        _cbc("IssueDate", document.issued_on.isoformat()),
        _cbc("DueDate", document.due_on.isoformat()) if is_invoice else None,
        _cbc("InvoiceTypeCode", INVOICE) if is_invoice else _cbc("CreditNoteTypeCode", CREDIT_NOTE),
        _cbc("DocumentCurrencyCode", document.currency),
        _cbc("BuyerReference", document.buyer.buyer_reference),
        _period(document.month),
        _cac("BillingReference", _cac("InvoiceDocumentReference", _cbc("ID", document.corrects)))
        if document.corrects
        else None,
        _cac("AccountingSupplierParty", _party(document.seller)),
        _cac("AccountingCustomerParty", _party(document.buyer)),
        _payment(document) if is_invoice else None,
        None if is_invoice else _cac("PaymentTerms", _cbc("Note", "No payment is due: the amount is credited to the buyer.")),
        _taxes(document),
        _totals(document),
        *(_line(document, position, line) for position, line in enumerate(document.due_lines, 1)),
    ]


def _cbc(name: str, text: str | None, **attributes: str) -> ET.Element | None:
    """A value; none where the text is blank, since EN 16931 refuses empty elements."""
    if not text or text.isspace():
        return None
    element = ET.Element(f"cbc:{name}", attributes)
    element.text = printable(text)
    return element


def _cac(name: str, *parts: ET.Element | None) -> ET.Element:
    element = ET.Element(f"cac:{name}")
    element.extend(part for part in parts if part is not None)
    return element


def _amount(name: str, amount: Decimal, currency: str) -> ET.Element | None:
    return _cbc(name, f"{amount:f}", currencyID=currency)


def _counted(document: IssuedDocument, number: Decimal) -> Decimal:
    return number if document.kind == "invoice" else negate(number)


def _period(month: str) -> ET.Element:
    last = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    return _cac("InvoicePeriod", _cbc("StartDate", f"{month}-01"), _cbc("EndDate", f"{month}-{last}"))


def _party(party: Seller | BillingProfile) -> ET.Element:
    tax = _cac("PartyTaxScheme", _cbc("CompanyID", party.vat_id), _tax_scheme()) if party.vat_id else None
    return _cac(
        "Party",
        _cbc("EndpointID", party.email, schemeID=EMAIL),
        _address(party.address),
        tax,
        _cac("PartyLegalEntity", _cbc("RegistrationName", party.legal_name)),
        _cac("Contact", _cbc("ElectronicMail", party.email)) if party.email else None,
    )


def _address(address: Address) -> ET.Element:
    street, more, last = (*address.lines, None, None)[:3]
    return _cac(
        "PostalAddress",
        _cbc("StreetName", street),
        _cbc("AdditionalStreetName", more),
        _cbc("CityName", address.city),
        _cbc("PostalZone", address.postcode),
        _cac("AddressLine", _cbc("Line", last)) if last else None,
        _cac("Country", _cbc("IdentificationCode", address.country)),
    )


def _payment(document: IssuedDocument) -> ET.Element:
    bank = _cac("FinancialInstitutionBranch", _cbc("ID", document.seller.bic)) if document.seller.bic else None
    return _cac(
        "PaymentMeans",
        _cbc("PaymentMeansCode", CREDIT_TRANSFER),
        _cbc("PaymentID", document.number),
        _cac("PayeeFinancialAccount", _cbc("ID", document.seller.iban), bank),
    )


def _taxes(document: IssuedDocument) -> ET.Element:
    return _cac(
        "TaxTotal",
        _amount("TaxAmount", _counted(document, document.tax_amount), document.currency),
        *(_subtotal(document, group) for group in document.taxes),
    )


def _subtotal(document: IssuedDocument, group: TaxGroup) -> ET.Element:
    return _cac(
        "TaxSubtotal",
        _amount("TaxableAmount", _counted(document, group.net_amount), document.currency),
        _amount("TaxAmount", _counted(document, group.tax_amount), document.currency),
        _category("TaxCategory", group.tax_category, group.tax_rate, group.tax_reason),
    )


def _category(name: str, category: TaxCategory | None, rate: Decimal | None, reason: str | None = None) -> ET.Element:
    return _cac(name, _cbc("ID", category), _cbc("Percent", f"{rate:f}"), _cbc("TaxExemptionReason", reason), _tax_scheme())


def _tax_scheme() -> ET.Element:
    return _cac("TaxScheme", _cbc("ID", "VAT"))


def _totals(document: IssuedDocument) -> ET.Element:
    net, total = _counted(document, document.net_amount), _counted(document, document.total_amount)
    return _cac(
        "LegalMonetaryTotal",
        _amount("LineExtensionAmount", net, document.currency),
        _amount("TaxExclusiveAmount", net, document.currency),
        _amount("TaxInclusiveAmount", total, document.currency),
        _amount("PayableAmount", total, document.currency),
    )


def _line(document: IssuedDocument, position: int, line: Line) -> ET.Element:
    kind = "Invoiced" if document.kind == "invoice" else "Credited"
    quantity = f"{_counted(document, line.quantity):f}"
    return _cac(
        "InvoiceLine" if document.kind == "invoice" else "CreditNoteLine",
        _cbc("ID", str(position)),
        _cbc(f"{kind}Quantity", quantity, unitCode=UNITS.get(line.unit, ONE)),
        _amount("LineExtensionAmount", _counted(document, line.amount), document.currency),
        _period(line.month),
        _cac(
            "Item",
            _cbc("Description", line.campaign_name),
            _cbc("Name", line.description if line.description.strip() else line.key),
            _cac("SellersItemIdentification", _cbc("ID", line.key)),
            _category("ClassifiedTaxCategory", line.tax_category, line.tax_rate),
            _cac("AdditionalItemProperty", _cbc("Name", "Unit"), _cbc("Value", line.unit)),
        ),
        _cac("Price", _amount("PriceAmount", line.unit_price, document.currency)),
    )
