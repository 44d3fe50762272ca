"""Whether the books of a company agree with the ledger, the terms and the movements (design §14)."""

from billing.database.reconciliation import Reconciliation, check_protection, load_company, reconcile_company
from billing.database.session import load_json, snapshot


def get_reconciliation(company: str, company_id: str) -> Reconciliation:
    """What the checks find now; for a company with over a million records, what the last run found. Raises `NotFound`, also for
    another company."""
    with snapshot(company) as db:
        found = load_company(db, company, company_id)
        if found.is_large and found.result is not None:
            return Reconciliation.model_validate(load_json(found.result))
        return reconcile_company(db, found, check_protection(db))[0]
