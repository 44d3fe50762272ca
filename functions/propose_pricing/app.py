"""POST /v1/pricing-proposals: what a usage would cost by each pricing model and bundle."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.resolver import Api
from billing.operations.propose_pricing import PricingProposals, ProposalRequest, propose_pricing

app = Api(scope="billing/read")


@app.post("/v1/pricing-proposals", tags=["Signals"])
def post(request: Annotated[ProposalRequest, Body()]) -> PricingProposals:
    """Rated by the code that makes statements; a model whose price is not given is left out. Nothing is stored."""
    return propose_pricing(app.company, request)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
