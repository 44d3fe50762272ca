"""Says who a company's documents are made out to (design §13)."""

from billing.database.session import load_json, transaction
from billing.errors import NotFound
from billing.invoices.parties import BillingProfile
from billing.sql import queries

_SQL = queries("invoices")


def get_billing_profile(company: str, company_id: str) -> BillingProfile:
    """The profile. Raises `NotFound` where there is none, and for another company."""
    with transaction(company) as db:
        row = db.row(_SQL["profile"], company_id=company_id, company=company)
    if row is None or row["profile"] is None:
        raise NotFound(f"There is no billing profile of company {company_id}.")
    return BillingProfile.model_validate(load_json(row["profile"]))
