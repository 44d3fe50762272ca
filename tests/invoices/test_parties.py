"""The billing profile and the seller (design §13): each breach is an error at its field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billing.errors import field_error
from billing.invoices.parties import BillingProfile, Seller, check_iban
from tests.invoices.samples import PROFILE_JSON, SELLER_JSON

ADDRESS = PROFILE_JSON["address"]


def pointers(shape: type[BillingProfile] | type[Seller], body: dict[str, Any]) -> list[str]:
    try:
        shape.model_validate(body)
    except ValidationError as error:
        return [field_error(item).pointer for item in error.errors()]
    return []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"legalName": ""}, "/legalName"),
        ({"legalName": "nul\0"}, "/legalName"),
        ({"legalName": " \n"}, "/legalName"),
        ({"address": {**ADDRESS, "city": " "}}, "/address/city"),
        ({"address": {**ADDRESS, "country": "no"}}, "/address/country"),
        ({"address": {**ADDRESS, "country": "XX"}}, "/address/country"),
        ({"address": {**ADDRESS, "lines": []}}, "/address/lines"),
        ({"address": {**ADDRESS, "lines": ["1", "2", "3", "4"]}}, "/address/lines"),
        ({"vatId": "987654325"}, "/vatId"),
        ({"vatId": "QQ987654325"}, "/vatId"),
        ({"email": "fjellbris"}, "/email"),
        ({"email": "a@b"}, "/email"),
        ({"daysToPay": -1}, "/daysToPay"),
        ({"daysToPay": "30"}, "/daysToPay"),
        ({"daysToPay": 30.5}, "/daysToPay"),
        ({"invoiceFrom": "2025-13"}, "/invoiceFrom"),
        ({"invoiceFrom": "2025-3"}, "/invoiceFrom"),
        ({"hold": "yes"}, "/hold"),
        ({"taxCategory": "O"}, "/taxCategory"),
        ({"taxRate": "-1"}, "/taxRate"),
        ({"taxRate": "100.01"}, "/taxRate"),
        ({"taxRate": "25.00001"}, "/taxRate"),
        ({"taxRate": True}, "/taxRate"),
        ({"taxCategory": "S", "taxRate": 0}, "/taxRate"),
        ({"taxCategory": "AE", "taxRate": 25}, "/taxRate"),
        ({"taxCategory": "Z", "taxRate": 25}, "/taxRate"),
        ({"taxCategory": "E", "taxRate": 0}, "/taxReason"),
        ({"taxCategory": "AE", "taxRate": 0, "vatId": None}, "/vatId"),
        ({"hodl": True}, "/hodl"),
    ],
    ids=str,
)
def test_a_breach_of_the_profile_is_an_error_at_its_field(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(BillingProfile, {**PROFILE_JSON, **changes}) == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"vatId": None}, "/vatId"),
        ({"iban": "NO9386011117948"}, "/iban"),
        ({"iban": "9386011117947"}, "/iban"),
        ({"bic": "DNBA"}, "/bic"),
        ({"numberPrefix": "CB/"}, "/numberPrefix"),
        ({"numberPrefix": "-CB"}, "/numberPrefix"),
        ({"timeZone": "europe/oslo"}, "/timeZone"),
        ({"timeZone": "+01:00"}, "/timeZone"),
        ({"timeZone": "localtime"}, "/timeZone"),
        ({"timeZone": "posix/Europe/Oslo"}, "/timeZone"),
    ],
    ids=str,
)
def test_a_breach_of_the_seller_is_an_error_at_its_field(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(Seller, {**SELLER_JSON, **changes}) == [pointer]


def test_all_breaches_are_listed() -> None:
    body = {**PROFILE_JSON, "taxCategory": "AE", "vatId": None, "email": "x", "address": {**ADDRESS, "country": "??"}}

    assert sorted(pointers(BillingProfile, body)) == ["/address/country", "/email", "/taxRate", "/vatId"]


def test_a_field_that_a_category_needs_is_missed_where_it_is_absent() -> None:
    bare = {name: PROFILE_JSON[name] for name in ("legalName", "address")}

    assert pointers(BillingProfile, {**bare, "taxCategory": "AE", "taxRate": 0}) == ["/vatId"]
    assert pointers(BillingProfile, {**bare, "taxCategory": "E", "taxRate": 0}) == ["/taxReason"]


def test_what_is_optional_has_its_default() -> None:
    required = {name: PROFILE_JSON[name] for name in ("legalName", "address", "taxCategory", "taxRate")}

    profile = BillingProfile.model_validate(required)

    assert (profile.days_to_pay, profile.invoice_from, profile.hold) == (30, None, False)


def test_an_account_and_a_vat_id_are_kept_without_the_spaces_that_people_write() -> None:
    seller = Seller.model_validate({**SELLER_JSON, "iban": "NO93 8601 1117 947", "vatId": "NO 987 654 325 MVA"})

    assert (seller.iban, seller.vat_id) == ("NO9386011117947", "NO987654325MVA")


@pytest.mark.parametrize("category", ["S", "AE", "E", "Z"])
def test_a_profile_reads_back_what_it_wrote(category: str) -> None:
    body = {**PROFILE_JSON, "taxCategory": category, "taxRate": "25.00" if category == "S" else "0", "taxReason": "Because"}

    profile = BillingProfile.model_validate(body)

    assert BillingProfile.model_validate_json(profile.model_dump_json(by_alias=True)) == profile


@given(st.integers(4, 14), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_an_account_is_found(position: int, digit: str) -> None:
    right = "NO9386011117947"
    changed = right[:position] + digit + right[position + 1 :]

    if changed == right:
        assert check_iban(changed) == right
    else:
        with pytest.raises(ValueError, match="check digits"):
            check_iban(changed)
