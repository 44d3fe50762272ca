"""The path and query parameters that operations share (design §8)."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator, WithJsonSchema

from billing.contract.types import INSTANT_SCHEMA, Month, Text
from billing.periods import check_end

# The characters Powertools accepts in a path parameter; any other path matches no route (404).
_SERVED = {"pattern": r"^[-._~()'!*:@,;=+&$%<> \[\]{}|^\w]+$"}
CampaignId = Annotated[Text, Path(alias="campaignId", description="The campaign's id.", json_schema_extra=_SERVED)]
SubscriptionId = Annotated[Text, Path(alias="subscriptionId", description="The subscription's id.", json_schema_extra=_SERVED)]
CompanyId = Annotated[Text, Path(alias="companyId", description="The company's id.", json_schema_extra=_SERVED)]
InvoiceId = Annotated[Text, Path(alias="invoiceId", description="The document's number.", json_schema_extra=_SERVED)]
MonthOf = Annotated[Month, Query(alias="month", description="A calendar month in the company's time zone.")]

_END = WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, INSTANT_SCHEMA]})
_FORM = "a date (midnight in the company's time zone) or an instant with an offset, between 1970-01-01 and 2200-01-01."
Start = Annotated[str, AfterValidator(check_end), _END, Query(description=f"The period's first instant: {_FORM}")]
End = Annotated[
    str,
    AfterValidator(check_end),
    _END,
    Query(description=f"The instant just after the period, at most five years after its start: {_FORM}"),
]
