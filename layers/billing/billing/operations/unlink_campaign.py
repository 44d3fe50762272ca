"""Undoes the link of a campaign to its subscription (design §8, §10)."""

from billing.database.session import transaction
from billing.database.terms import Change, lock_campaign, record_change, terms_in_force


def unlink_campaign(company: str, campaign_id: str, effective_from: str | None, recorded_by: str) -> None:
    """Undo the link from an instant on; a campaign that has none then stays as it is.

    Raises `NotFound` for a campaign that is not the caller's, `Invalid` for an instant that terms cannot change at.
    """
    with transaction(company) as db:
        campaign = lock_campaign(db, company, campaign_id)
        effective = campaign.effective(effective_from)
        if terms_in_force(db, campaign_id, effective)["l2i_subscription_id"] is not None:
            unlinked = {"l2i_subscription_id": None, "bundle_allocation_percentage": None}
            record_change(db, campaign, Change(effective, unlinked, "link", recorded_by))
