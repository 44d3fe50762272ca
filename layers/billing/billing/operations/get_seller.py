"""Says who issues the documents (design §13)."""

from billing.database.session import load_json, transaction
from billing.errors import NotFound
from billing.invoices.parties import Seller
from billing.sql import queries

_SQL = queries("invoices")


def get_seller(company: str) -> Seller:
    """The seller. Raises `NotFound` where there is none yet."""
    with transaction(company) as db:
        row = db.row(_SQL["seller"])
    if row is None:
        raise NotFound("There is no seller yet.")
    return Seller.model_validate(load_json(row["seller"]))
