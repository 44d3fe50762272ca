"""GET /v1/companies/{companyId}/billing-profile: who a company's documents are made out to."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.invoices.parties import BillingProfile
from billing.operations.get_billing_profile import get_billing_profile

app = Api(scope="billing/read")


@app.get("/v1/companies/<companyId>/billing-profile", tags=["Invoices"])
def get(company_id: CompanyId) -> BillingProfile:
    """The profile that the next documents copy."""
    return get_billing_profile(app.company, company_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
