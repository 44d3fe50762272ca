"""GET /v1/seller: who issues the documents."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.caller import PLATFORM_SCOPE
from billing.api.resolver import Api
from billing.invoices.parties import Seller
from billing.operations.get_seller import get_seller

app = Api(scope="billing/read")


@app.get("/v1/seller", tags=["Invoices"], responses={404: {"description": "There is no seller yet."}})
def get() -> Seller:
    """Needs `billing/platform` too."""
    app.require(PLATFORM_SCOPE)
    return get_seller(app.company)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
