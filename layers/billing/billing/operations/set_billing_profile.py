"""Writes who a company's documents are made out to (design §13)."""

from pg8000.native import DatabaseError

from billing.database.session import server_message, transaction, violated_constraint
from billing.errors import Conflict, FieldError, NotFound
from billing.invoices.parties import BillingProfile
from billing.periods import first_day
from billing.sql import queries

_SQL = queries("invoices")


def set_billing_profile(company: str, company_id: str, profile: BillingProfile) -> BillingProfile:
    """The profile as it is stored. Without `invoiceFrom` it keeps the month that it has, or begins with the current one.

    Raises `NotFound`, also for another company, and `Conflict` for another `invoiceFrom` once a month is closed.
    """
    first = first_day(profile.invoice_from) if profile.invoice_from else None
    try:
        with transaction(company) as db:
            row = db.row(
                _SQL["set_profile"],
                company_id=company_id,
                company=company,
                profile=profile.model_dump_json(by_alias=True, exclude={"invoice_from"}),
                invoice_from=first,
                hold=profile.hold,
            )
    except DatabaseError as error:
        if violated_constraint(error) != "invoice_from_stays":
            raise
        raise Conflict(f"{server_message(error)}.", [FieldError("/invoiceFrom", "stays once a month is closed")]) from error
    if row is None:
        raise NotFound(f"There is no company {company_id}.")
    return profile.model_copy(update={"invoice_from": row["invoice_from"]})
