"""GET /v1/companies/{companyId}/overview: a company's campaigns in a month, what they cost and where they stand."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId, MonthOf
from billing.api.resolver import Api
from billing.operations.get_company_overview import CompanyOverview, get_company_overview

app = Api(scope="billing/read")


@app.get(
    "/v1/companies/<companyId>/overview",
    tags=["Signals"],
    responses={409: {"description": "Another service wrote terms that nothing can be charged by."}},
)
def get(company_id: CompanyId, month: MonthOf) -> CompanyOverview:
    """All campaigns in one response; the sums are one for each currency."""
    return get_company_overview(app.company, company_id, month)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
