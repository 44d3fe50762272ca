"""PUT /v1/seller: who issues the documents."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.caller import PLATFORM_SCOPE
from billing.api.resolver import Api
from billing.invoices.parties import Seller
from billing.operations.set_seller import set_seller

app = Api(scope="billing/invoice.write")


@app.put("/v1/seller", tags=["Invoices"])
def put(seller: Annotated[Seller, Body()]) -> Seller:
    """Needs `billing/platform` too. Documents that are issued keep the seller that they have, and their series goes on."""
    app.require(PLATFORM_SCOPE)
    return set_seller(app.company, seller)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
