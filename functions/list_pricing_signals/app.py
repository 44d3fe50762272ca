"""GET /v1/companies/{companyId}/pricing-signals: what usage really costs, as JSON or text/csv."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId, End, Start
from billing.api.resolver import Api
from billing.operations.list_pricing_signals import PricingSignals, list_pricing_signals

app = Api(scope="billing/read")


@app.get(
    "/v1/companies/<companyId>/pricing-signals",
    tags=["Signals"],
    responses={409: {"description": "Another service wrote terms that nothing can be charged by."}},
)
def get(company_id: CompanyId, start: Start, end: End) -> PricingSignals:
    """Each figure with what it is computed from; `Accept: text/csv` gives one row for each campaign."""
    return list_pricing_signals(app.company, company_id, start, end)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
