"""The cases of a bundle's operations, each by itself (design §6)."""

from typing import Any

import pytest
from pg8000.native import DatabaseError

from tests.operations.test_bundles import campaigns, capacity, link, shared, split
from tests.world import World


def linked(world: World, **values: Any) -> str:
    """A bundle campaign with a quarter of a subscription."""
    company = world.company()
    terms = {"l2i_subscription_id": world.subscription(company), "bundle_allocation_percentage": "0.25"}
    return world.campaign(company, "bundle", **terms | values)


def test_a_link_is_made_and_stored(world: World) -> None:
    company = world.company()
    campaign, subscription = world.campaign(company, "bundle"), world.subscription(company)

    answer = link(campaign, subscription, "0.25")

    assert (answer.status, answer.body["remainingPercentage"]) == (200, "0.7500")
    (row,) = world.rows("SELECT l2i_subscription_id, bundle_allocation_percentage::text FROM campaigns")
    assert list(row.values()) == [subscription, "0.2500"]


def test_a_link_to_an_unknown_subscription_is_not_found(world: World) -> None:
    answer = link(world.campaign(world.company(), "bundle"), "nowhere")

    assert (answer.status, answer.body["detail"]) == (404, "There is no subscription nowhere of the campaign's company.")


def test_a_link_of_a_campaign_that_is_no_bundle_is_a_conflict(world: World) -> None:
    company = world.company()

    answer = link(world.campaign(company, "seats"), world.subscription(company))

    assert answer.status == 409
    assert "seats, not bundle" in answer.body["detail"]


def test_a_split_of_shares_that_add_up_is_valid(world: World) -> None:
    body = split(shared(world, "0.4", "0.6")).body

    assert body["validation"] == {"isValid": True, "errors": []}
    assert [campaign["allocatedAmount"] for campaign in body["campaigns"]] == ["20000.00", "30000.00"]


def test_shares_that_would_pass_the_whole_are_refused_whoever_writes_them(world: World) -> None:
    with pytest.raises(DatabaseError, match="would add up to 130 %"):
        shared(world, "0.7", "0.6")


def test_a_split_of_an_unknown_subscription_is_not_found(world: World) -> None:
    answer = split("nowhere")

    assert (answer.status, answer.body["detail"]) == (404, "There is no subscription nowhere.")


def test_the_capacity_of_a_linked_campaign_is_valid(world: World) -> None:
    campaign = linked(world)

    assert capacity(campaign).body == {"campaignId": campaign, "valid": True, "errors": []}


def test_a_campaign_of_another_model_needs_no_capacity(world: World) -> None:
    campaign = world.campaign(world.company(), "seats")

    assert capacity(campaign).body == {"campaignId": campaign, "valid": True, "errors": []}


def test_a_share_out_of_range_is_no_capacity(world: World) -> None:
    # The database refuses a share beyond (0, 1], so the one that can be out of range is the one that is not there.
    body = capacity(linked(world, bundle_allocation_percentage=None)).body

    assert (body["valid"], body["errors"]) == (
        False,
        ["The campaign's share of the subscription is not above 0 % and at most 100 %."],
    )


def test_the_campaigns_of_a_subscription_are_listed_with_their_terms(world: World) -> None:
    subscription = shared(world, "0.4")

    (campaign,) = campaigns(subscription).body["campaigns"]

    assert (campaign["pricingModel"], campaign["status"], campaign["isActive"]) == ("bundle", "active", True)
    assert campaign["allocationPercentage"] == "0.4000"


def test_a_subscription_without_campaigns_lists_none(world: World) -> None:
    answer = campaigns(world.subscription(world.company()))

    assert (answer.status, answer.body["campaigns"]) == (200, [])
