"""GET /v1/companies/{companyId}/reconciliation: whether the books of a company agree."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.database.reconciliation import Reconciliation
from billing.operations.get_reconciliation import get_reconciliation

app = Api(scope="billing/read")


@app.get("/v1/companies/<companyId>/reconciliation", tags=["Invoices"])
def get(company_id: CompanyId) -> Reconciliation:
    """Recomputed from the ledger, the terms and the movements, in one snapshot; what differs is listed with both values."""
    return get_reconciliation(app.company, company_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
