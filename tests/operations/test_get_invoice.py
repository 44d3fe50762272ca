"""A document in each of its forms, as callers ask for them (design §13)."""

from typing import Any

import pytest
from lxml import etree

from billing.invoices.csv import csv_document
from billing.invoices.document import IssuedDocument
from billing.invoices.html import html_document
from billing.invoices.ubl import ubl_document
from tests.operations.invoicing import adjust, credit, invoice, invoiced_company, post_invoices
from tests.world import World, api_event, invoke

XML = "application/xml"
PROBLEM = "application/problem+json"


def get(number: str, accept: str) -> dict[str, Any]:
    event = api_event("GET", f"/v1/invoices/{number}")
    answer: dict[str, Any] = invoke("get_invoice", event | {"headers": event["headers"] | {"accept": accept}})
    return answer


def issued(world: World, currency: str = "EUR") -> str:
    """The number of a document of 40.00."""
    company = invoiced_company(world)
    adjust(company, "40.00", currency=currency)
    (document,) = post_invoices(company, "2025-01").body["invoices"]
    return str(document["number"])


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/csv", "text/csv"),
        ("text/html", "text/html"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "text/html"),
        ("application/xml", XML),
        ("application/xml, application/json;q=0.5", XML),
    ],
)
def test_a_document_is_whole_in_the_form_that_the_caller_prefers(world: World, accept: str, form: str) -> None:
    number = issued(world)
    document = IssuedDocument.model_validate(invoice(number).body)

    answer = get(number, accept)

    renderings = {
        "text/csv": csv_document(document),
        "text/html": html_document(document),
        XML: ubl_document(document).decode(),
    }
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, form)
    assert answer["body"] == renderings[form]
    assert number in answer["body"]


def test_a_credit_note_as_ubl_is_of_that_kind_and_says_what_it_corrects(world: World) -> None:
    number = issued(world)
    note = credit(number).body["number"]

    found = etree.fromstring(get(note, XML)["body"].encode())

    assert found.tag.endswith("}CreditNote")
    assert [each.text for each in found.iterfind(".//{*}BillingReference/{*}InvoiceDocumentReference/{*}ID")] == [number]
    assert [each.text for each in found.iterfind("{*}LegalMonetaryTotal/{*}PayableAmount")] == ["50.00"]


def test_a_document_of_three_decimals_has_every_form_but_ubl(world: World) -> None:
    number = issued(world, "KWD")

    refused = get(number, XML)
    pdf = invoke("get_invoice_pdf", api_event("GET", f"/v1/invoices/{number}/pdf"))

    assert (refused["statusCode"], refused["headers"]["Content-Type"]) == (406, PROBLEM)
    assert "KWD cannot be stated in UBL" in refused["body"]
    assert invoice(number).body["totalAmount"] == "50.000"
    assert [get(number, form)["statusCode"] for form in ("text/csv", "text/html")] == [200, 200]
    assert (pdf["statusCode"], pdf["headers"]["Content-Type"]) == (200, "application/pdf")


@pytest.mark.parametrize(
    ("accept", "number"), [("image/png", "CB-2025-000001"), ("text/html;q=0", "CB-2025-000001"), ("text/plain", "nothing")]
)
def test_what_a_document_is_not_is_refused_before_it_is_looked_for(world: World, accept: str, number: str) -> None:
    answer = get(number, accept)

    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (406, PROBLEM)
    assert "application/json, text/csv, text/html, application/xml" in answer["body"]
