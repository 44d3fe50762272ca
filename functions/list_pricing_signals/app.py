"""GET /v1/companies/{companyId}/pricing-signals: what usage really costs, as JSON or text/csv."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
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
def get(company_id: CompanyId, start: Start, end: End) -> Response[PricingSignals | str]:
    """Each figure with what it is computed from; `Accept: text/csv` gives one row for each campaign."""
    found = list_pricing_signals(app.company, company_id, start, end)
    if "text/csv" in app.current_event.headers.get("accept", ""):
        return Response(status_code=HTTPStatus.OK, content_type="text/csv", body=found.csv())
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=found)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
