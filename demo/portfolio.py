"""The rows that the platform's other services write, as `portfolio.yaml` names their columns: the columns that the demo may
fill, and what they hold. Numbers stay as they are written, so 35.00 is not 35."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import to_jsonable_python

from billing.contract.types import Amount, CampaignStatus, CurrencyIn, InstantIn, PricingModel, Text, parse_decimal
from billing.operations.link_campaign import check_share
from billing.terms.json_terms import CustomTerms, IaasTerms, check_day, check_members
from demo.checked import BadFile, Place, at, yaml_value

FILE = "portfolio.yaml"
PREFIX = "demo-"

Row = dict[str, Any]


def _check_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone of the IANA database")
    return name


def _as_written(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    check(value)
    return value


def _terms_as_written(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    check(value)
    check_members(value)
    return value


def _read_share(text: object) -> object:
    check_share(parse_decimal(text))
    return text


DemoId = Annotated[str, Field(pattern=f"^{PREFIX}[A-Za-z0-9._~:@+=,-]{{1,123}}$")]
Day = Annotated[date, BeforeValidator(check_day)]
Price = Annotated[Amount, WrapValidator(_as_written)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[str, BeforeValidator(_read_share)]
Terms = WrapValidator(_terms_as_written)


class Company(BaseModel):
    id: DemoId
    name: Text
    time_zone: Annotated[str, AfterValidator(_check_time_zone)]


class Bundle(BaseModel):
    id: DemoId
    sku: Text
    name: Text
    annual_price: Price
    currency: CurrencyIn
    learners_supported: Count | None = None


class Subscription(BaseModel):
    id: DemoId
    company_id: DemoId
    bundle_id: DemoId
    quantity: Count = 1
    current_period_start: InstantIn
    current_period_end: InstantIn
    status: Literal["active", "trialing", "past_due", "canceled", "unpaid"] = "active"


class Campaign(BaseModel):
    """Without the volunteers, whom `seats.yaml` counts, and without what the system itself keeps."""

    id: DemoId
    company_id: DemoId
    name: Text
    status: CampaignStatus = "draft"
    is_active: bool = True
    start_date: Day | None = None
    end_date: Day | None = None
    currency: CurrencyIn | None = None
    pricing_model: PricingModel
    budget_allocated: Price | None = None
    target_volunteers: Count | None = None
    target_beneficiaries: Count | None = None
    committed_seats: Price | None = None
    seat_price_per_month: Price | None = None
    credit_allocation: Price | None = None
    credit_consumption_rate: Price | None = None
    credit_price: Price | None = None
    iaas_metrics: Annotated[IaasTerms, Terms] | None = None
    l2i_subscription_id: DemoId | None = None
    bundle_allocation_percentage: Share | None = None
    custom_pricing_terms: Annotated[CustomTerms, Terms] | None = None


class _Portfolio(BaseModel):
    companies: Annotated[list[Company], Field(min_length=1)]
    l2i_bundles: list[Bundle]
    l2i_subscriptions: list[Subscription]
    campaigns: list[Campaign]


REFERENCES = {"company_id": "companies", "bundle_id": "l2i_bundles", "l2i_subscription_id": "l2i_subscriptions"}


def read(lines: dict[Place, int]) -> dict[str, list[Row]]:
    """The rows of each table, as JSON holds them; a column that the file does not name has its default. Raises `BadFile`."""
    portfolio: _Portfolio = yaml_value(FILE, TypeAdapter(_Portfolio), {}, lines)
    tables = {table: [to_jsonable_python(dict(row)) for row in rows] for table, rows in portfolio}
    if faults := [at(FILE, lines[place], what) for place, what in _faults(tables)]:
        raise BadFile("\n".join(faults))
    return tables


def _faults(tables: dict[str, list[Row]]) -> Iterator[tuple[Place, str]]:
    """Ids that are given twice, and those that name nothing."""
    ids = {table: [row["id"] for row in rows] for table, rows in tables.items()}
    for table, rows in tables.items():
        for number, row in enumerate(rows):
            if row["id"] in ids[table][:number]:
                yield (table, number, "id"), f"id is there twice (it is {row['id']})"
            for column in row.keys() & REFERENCES.keys():
                if row[column] not in (None, *ids[REFERENCES[column]]):
                    yield (table, number, column), f"{column} is not an id of {REFERENCES[column]} (it is {row[column]})"
