"""GET /v1/companies/{companyId}/usage-records: a company's usage records, page by page, for invoicing."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.http import Api
from billing.operations.list_usage_records import PAGE, UsageRecords, list_usage_records

app = Api(scope="billing/read")


@app.get("/v1/companies/<companyId>/usage-records")
def get(
    company_id: Annotated[str, Path(alias="companyId")],
    start: Annotated[str, Query()],
    end: Annotated[str, Query()],
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    cursor: Annotated[str | None, Query()] = None,
) -> UsageRecords:
    return list_usage_records(app.company, company_id, start, end, limit, cursor)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
