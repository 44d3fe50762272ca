"""Undoes the link of a campaign to its subscription (design §8)."""

from billing.database.session import transaction
from billing.errors import NotFound
from billing.sql import queries

_SQL = queries("bundles")


def unlink_campaign(company: str, campaign_id: str) -> None:
    """Undo the link; a campaign that has none stays as it is. Raises `NotFound` for a campaign that is not the caller's."""
    with transaction(company) as db:
        if not db.rows(_SQL["unlink"], campaign_id=campaign_id, company=company):
            raise NotFound(f"There is no campaign {campaign_id}.")
