"""GET /v1/companies/{companyId}/usage-records: a company's usage records, page by page, for invoicing."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BeforeValidator, Field

from billing.api.parameters import CompanyId, End, Start
from billing.api.resolver import Api
from billing.contract.types import check_digits
from billing.operations.list_usage_records import PAGE_RECORDS_MAX, RESPONSES, list_usage_records

app = Api(scope="billing/read")


@app.get("/v1/companies/<companyId>/usage-records", tags=["Usage"], responses=RESPONSES)
def get(
    company_id: CompanyId,
    start: Start,
    end: End,
    limit: Annotated[
        int, Field(ge=1, le=PAGE_RECORDS_MAX), BeforeValidator(check_digits), Query(description="The most records on a page.")
    ] = PAGE_RECORDS_MAX,
    cursor: Annotated[str | None, Query(min_length=1, description="The `nextCursor` of the page before.")] = None,
) -> Response[Any]:
    """Follow `nextCursor` until it is null: every record of the period is seen exactly once, also while others arrive."""
    page = list_usage_records(app.company, company_id, start, end, limit, cursor)
    return Response(status_code=200, content_type="application/json", body=page)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
