"""Writes who issues the documents (design §13)."""

from billing.database.session import transaction
from billing.invoices.parties import Seller
from billing.sql import queries

_SQL = queries("invoices")


def set_seller(company: str, seller: Seller) -> Seller:
    """The seller as it is stored; documents that are issued keep the one that they have, and their series goes on."""
    with transaction(company) as db:
        db.rows(_SQL["set_seller"], seller=seller.model_dump_json(by_alias=True))
    return seller
