"""PUT /v1/companies/{companyId}/billing-profile: who a company's documents are made out to."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.invoices.parties import BillingProfile
from billing.operations.set_billing_profile import set_billing_profile

app = Api(scope="billing/invoice.write")


@app.put(
    "/v1/companies/<companyId>/billing-profile",
    tags=["Invoices"],
    responses={409: {"description": "A month is closed, so `invoiceFrom` stays."}},
)
def put(company_id: CompanyId, profile: Annotated[BillingProfile, Body()]) -> BillingProfile:
    """Documents that are issued keep the profile that they have. Without a profile a company is not invoiced."""
    return set_billing_profile(app.company, company_id, profile)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
