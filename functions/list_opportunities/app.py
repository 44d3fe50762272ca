"""GET /v1/companies/{companyId}/opportunities: what a conversation with a company could be about."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.operations.list_opportunities import Opportunities, list_opportunities

app = Api(scope="billing/read")


@app.get(
    "/v1/companies/<companyId>/opportunities",
    tags=["Signals"],
    responses={409: {"description": "Another service wrote terms that nothing can be charged by."}},
)
def get(company_id: CompanyId) -> Opportunities:
    """Plain rules, U1 to U9, each with its evidence; also where the advice is to buy less."""
    return list_opportunities(app.company, company_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
