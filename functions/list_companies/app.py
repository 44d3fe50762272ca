"""GET /v1/companies: all companies, for the platform, page by page."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BeforeValidator, Field

from billing.api.caller import PLATFORM_SCOPE
from billing.api.resolver import Api
from billing.contract.types import check_digits
from billing.operations.list_companies import PAGE, PAGE_MAX, Companies, list_companies

app = Api(scope="billing/read")


@app.get("/v1/companies", tags=["Companies"])
def get(
    limit: Annotated[
        int, Field(ge=1, le=PAGE_MAX), BeforeValidator(check_digits), Query(description="The most companies on a page.")
    ] = PAGE,
    cursor: Annotated[str | None, Query(min_length=1, description="The `nextCursor` of the page before.")] = None,
) -> Companies:
    """Needs the scope billing/platform beside billing/read."""
    app.require(PLATFORM_SCOPE)
    return list_companies(app.company, limit, cursor)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
