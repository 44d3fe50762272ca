"""The two sides of a document: the billing profile of the company that buys, and the seller (design §13).

Both are copied into each document, and are read back by the same shapes: a rule here may be loosened, never tightened.
"""

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from billing.contract.shapes import Request
from billing.contract.types import (
    DecimalString,
    Month,
    Text,
    check_text,
    number_or_string,
    of_form,
    parse_decimal,
    parse_integer,
)

# ISO 3166-1 alpha-2.
_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_CODES.split())
VAT_PREFIXES = COUNTRIES | {"EL", "XI"}
"""A VAT id begins with its country; Greece writes EL, Northern Ireland XI (EN 16931, BR-CO-09)."""

TaxCategory = Literal["S", "AE", "E", "Z"]
"""Standard rate, reverse charge, exempt, zero rate (UN/ECE 5305)."""


def without_spaces(value: object) -> object:
    """What people write in groups, as one word."""
    return value.replace(" ", "") if isinstance(value, str) else value


def check_country(code: str) -> str:
    """An ISO 3166-1 alpha-2 code."""
    if code not in COUNTRIES:
        raise ValueError('must be a country of ISO 3166-1 in two capital letters, such as "NO"')
    return code


def check_vat_id(vat_id: str) -> str:
    """A country's prefix and 2 to 13 characters of its own.

    >>> check_vat_id("NO987654325MVA")
    'NO987654325MVA'
    """
    if vat_id[:2] not in VAT_PREFIXES or not re.fullmatch(r"[0-9A-Z+*]{4,15}", vat_id):
        raise ValueError('must be a VAT id with the prefix of its country, such as "NO987654325MVA"')
    return vat_id


def check_iban(iban: str) -> str:
    """An account whose check digits are right (ISO 13616: the number, rearranged, is 1 modulo 97).

    >>> check_iban("NO9386011117947")
    'NO9386011117947'
    """
    form = re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", iban)
    if not form or int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 != 1:
        raise ValueError("must be an IBAN whose check digits are right")
    return iban


@cache
def _time_zones() -> frozenset[str]:
    # zoneinfo's own list walks folders for a tenth of a second, and has the machine's "localtime".
    return frozenset((files("tzdata") / "zones").read_text().split())


def check_time_zone(name: str) -> str:
    """A name of the IANA time zone database."""
    if name not in _time_zones():
        raise ValueError('must be a time zone of the IANA database, such as "Europe/Oslo"')
    return name


def check_rate(rate: Decimal) -> Decimal:
    """A percentage with at most four decimals."""
    if not 0 <= rate <= 100 or int(rate.as_tuple().exponent) < -4:
        raise ValueError("must lie between 0 and 100 percent, with at most four decimals")
    return rate


def _schema(pattern: str, example: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example], **more})


Name = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}),
    AfterValidator(check_text),
    AfterValidator(of_form(r"(?s).*\S.*", "must not be blank")),
]
Country = Annotated[str, AfterValidator(check_country), _schema("^[A-Z]{2}$", "NO")]
VatId = Annotated[
    str,
    BeforeValidator(without_spaces),
    AfterValidator(check_vat_id),
    _schema(r"^[A-Z]{2}[0-9A-Z+*]{2,13}$", "NO987654325MVA"),
]
Email = Annotated[
    str,
    Field(max_length=254),
    AfterValidator(of_form(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+", 'must be an e-mail address, such as "billing@example.com"')),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Iban = Annotated[
    str,
    BeforeValidator(without_spaces),
    AfterValidator(check_iban),
    _schema("^[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}$", "NO9386011117947"),
]
Bic = Annotated[
    str,
    AfterValidator(of_form(r"[A-Z]{6}[0-9A-Z]{2}([0-9A-Z]{3})?", "must be a BIC of 8 or 11 characters")),
    _schema("^[A-Z]{6}[0-9A-Z]{2}([0-9A-Z]{3})?$", "DNBANOKK"),
]
NumberPrefix = Annotated[
    str,
    Field(max_length=20),
    AfterValidator(of_form(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", "must be letters and digits, with hyphens between them")),
    _schema("^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", "CB", maxLength=20),
]
TimeZone = Annotated[str, AfterValidator(check_time_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Oslo"]})]
Rate = Annotated[
    DecimalString,
    BeforeValidator(parse_decimal),
    AfterValidator(check_rate),
    replace(number_or_string(r"^[0-9]{1,3}(\.[0-9]{1,4})?$", minimum=0, maximum=100), mode="validation"),
]


class Address(Request):
    """A postal address; the postcode is empty where the country has none."""

    lines: Annotated[list[Name], Field(min_length=1, max_length=3)]
    postcode: Annotated[str, Field(max_length=20, json_schema_extra={"pattern": r"^[^\x00]*$"}), AfterValidator(check_text)]
    city: Name
    country: Country


class BillingProfile(Request):
    """Who a company's documents are made out to, and how they are taxed. The rate is in percent.

    A rule that needs two fields is told of the one that has to change: `taxRate`, `taxReason` or `vatId`.
    """

    legal_name: Name
    address: Address
    tax_category: TaxCategory
    tax_rate: Rate
    tax_reason: Text | None = None
    vat_id: VatId | None = None
    email: Email | None = None
    buyer_reference: Text | None = None
    days_to_pay: Annotated[int, Field(ge=0, le=365), BeforeValidator(parse_integer)] = 30
    invoice_from: Month | None = None
    hold: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="before")
    @classmethod
    def _absent_is_null(cls, body: object) -> object:
        # A default is not validated, or its error has the name that Python knows it by.
        return {"taxReason": None, "vatId": None, **body} if isinstance(body, dict) else body

    @field_validator("tax_rate")
    @classmethod
    def _rate_of_category(cls, rate: Decimal, info: ValidationInfo) -> Decimal:
        category = info.data.get("tax_category", "S" if rate else "Z")
        if (category == "S") != (rate > 0):
            raise ValueError("must be above 0 for category S" if category == "S" else f"must be 0 for category {category}")
        return rate

    @field_validator("tax_reason")
    @classmethod
    def _reason_of_exemption(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("tax_category") == "E" and reason is None:
            raise ValueError("is required for category E: why no tax is due")
        return reason

    @field_validator("vat_id")
    @classmethod
    def _buyer_of_reverse_charge(cls, vat_id: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("tax_category") == "AE" and vat_id is None:
            raise ValueError("is required for category AE, where the buyer accounts for the tax")
        return vat_id


class Seller(Request):
    """Who issues the documents; `numberPrefix` begins their numbers, and `timeZone` decides the day of issue."""

    legal_name: Name
    address: Address
    vat_id: VatId
    email: Email
    iban: Iban
    bic: Bic | None = None
    number_prefix: NumberPrefix
    time_zone: TimeZone
