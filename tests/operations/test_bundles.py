"""Bundles: link, unlink, split, capacity, and the campaigns of a subscription (design §6)."""

import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pg8000.native import DatabaseError

from billing.database import session as database
from billing.instants import parse_instant
from local.databases import connect
from tests.world import Answer, World, request

GIVEN = """
    SELECT coalesce(max(shares), 0) FROM (
        SELECT sum(bundle_allocation_percentage) AS shares FROM campaigns WHERE is_active GROUP BY l2i_subscription_id
    ) given
"""

WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks AS awaited
        JOIN pg_locks AS held USING (pid) JOIN pg_database ON pg_database.oid = held.database
    WHERE NOT awaited.granted AND datname = current_database()
"""


def link(campaign: str, subscription: str, share: Any = "0.25", **caller: Any) -> Answer:
    body = {"subscriptionId": subscription, "allocationPercentage": share}
    return request("link_campaign", "PUT", f"/v1/campaigns/{campaign}/subscription", body, **caller)


def unlink(campaign: str, **caller: Any) -> Answer:
    return request("unlink_campaign", "DELETE", f"/v1/campaigns/{campaign}/subscription", **caller)


def split(subscription: str, **caller: Any) -> Answer:
    return request("split_bundle", "GET", f"/v1/subscriptions/{subscription}/allocation", **caller)


def capacity(campaign: str, **caller: Any) -> Answer:
    return request("validate_bundle_capacity", "GET", f"/v1/campaigns/{campaign}/bundle-capacity", **caller)


def campaigns(subscription: str, **caller: Any) -> Answer:
    return request("list_subscription_campaigns", "GET", f"/v1/subscriptions/{subscription}/campaigns", **caller)


def link_in_a_process(url: str, campaign: str, subscription: str) -> int:
    os.environ["DATABASE_URL"] = url
    return link(campaign, subscription, "0.6").status


def move_at_random(url: str, campaigns: list[str], subscriptions: list[str], seed: int) -> tuple[set[int], Decimal]:
    """The statuses of links and unlinks, and the most that any subscription was ever seen to give."""
    os.environ["DATABASE_URL"] = url
    chance, eye = random.Random(seed), World(connect(url))  # noqa: S311
    statuses, most = set(), Decimal(0)
    for _ in range(60):
        campaign, subscription = chance.choice(campaigns), chance.choice(subscriptions)
        share = chance.choice(["0.1", "0.4", "0.6", "1"])
        answer = unlink(campaign) if chance.random() < 0.2 else link(campaign, subscription, share)
        statuses.add(answer.status)
        most = max(most, eye.value(GIVEN))
    return statuses, most


def shared(world: World, *shares: str, **subscription: Any) -> str:
    """A subscription with a linked campaign for each share."""
    company = world.company()
    bought = world.subscription(company, **subscription)
    for share in shares:
        world.campaign(company, "bundle", l2i_subscription_id=bought, bundle_allocation_percentage=share)
    return bought


def test_a_link_answers_the_share_that_is_left_and_can_be_made_again(world: World) -> None:
    company = world.company()
    campaign, subscription = world.campaign(company, "bundle"), world.subscription(company)

    first, again, changed = link(campaign, subscription), link(campaign, subscription, 0.25), link(campaign, subscription, "1")

    assert first.status == again.status == changed.status == 200
    assert first.body == again.body
    assert parse_instant(first.body.pop("effectiveFrom")).minute == 0
    assert first.body == {
        "campaignId": campaign,
        "subscriptionId": subscription,
        "allocationPercentage": "0.2500",
        "remainingPercentage": "0.7500",
    }
    assert changed.body["remainingPercentage"] == "0.0000"


@pytest.mark.parametrize("share", [0, "-0.1", "1.0001", "0.12345", "NaN", None, True, "a", 10**40])
def test_a_share_out_of_range_is_refused(world: World, share: Any) -> None:
    company = world.company()
    campaign, subscription = world.campaign(company, "bundle"), world.subscription(company)

    answer = link(campaign, subscription, share)

    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, ["/allocationPercentage"])
    assert world.value("SELECT count(*) FROM campaigns WHERE l2i_subscription_id IS NOT NULL") == 0


def test_a_link_to_what_is_not_there_or_anothers_is_not_found(world: World) -> None:
    ours, theirs = world.company(), world.company()
    campaign, subscription = world.campaign(ours, "bundle"), world.subscription(theirs)

    answers = [
        link(campaign, "nowhere"),
        link("nowhere", subscription),
        link(campaign, subscription),
        link(campaign, subscription, company=ours),
        link(campaign, world.subscription(ours), company=theirs),
    ]

    assert [answer.status for answer in answers] == [404] * 5
    pointers = [[error["pointer"] for error in answer.body.get("errors", ())] for answer in answers]
    assert pointers == [["/subscriptionId"], [], ["/subscriptionId"], ["/subscriptionId"], []]


@pytest.mark.parametrize("model", ["seats", "credits", "iaas", "custom"])
def test_only_bundle_campaigns_are_linked(world: World, model: str) -> None:
    company = world.company()

    answer = link(world.campaign(company, model), world.subscription(company))

    assert (answer.status, model in answer.body["detail"]) == (409, True)


@pytest.mark.parametrize("status", ["trialing", "past_due", "canceled", "unpaid"])
def test_a_campaign_is_linked_to_active_subscriptions_only(world: World, status: str) -> None:
    company = world.company()

    answer = link(world.campaign(company, "bundle"), world.subscription(company, status=status))

    assert (answer.status, status in answer.body["detail"]) == (409, True)
    assert [error["pointer"] for error in answer.body["errors"]] == ["/subscriptionId"]


def test_shares_cannot_pass_the_limit_and_the_answer_says_what_is_left(world: World) -> None:
    subscription = shared(world, "0.8")
    company = world.value("SELECT company_id FROM l2i_subscriptions")
    campaign = world.campaign(company, "bundle")

    over, within = link(campaign, subscription, "0.8"), link(campaign, subscription, "0.201")

    assert (over.status, within.status) == (409, 200)
    assert "0.2000" in over.body["detail"]
    assert link(campaign, subscription, "0.2011").status == 409


def test_shares_that_the_platform_writes_cannot_pass_the_limit_either(world: World) -> None:
    bought = shared(world, "0.8", "0.201")

    with pytest.raises(DatabaseError, match=r"would add up to 100.11 %"):
        world.rows("UPDATE campaigns SET bundle_allocation_percentage = 0.8001 WHERE bundle_allocation_percentage = 0.8")
    assert world.value(
        "SELECT sum(bundle_allocation_percentage) FROM campaigns WHERE l2i_subscription_id = :id", id=bought
    ) == (Decimal("1.001"))


def test_the_share_of_an_inactive_campaign_is_free_for_others(world: World) -> None:
    subscription = shared(world, "0.5")
    company = world.value("SELECT company_id FROM l2i_subscriptions")
    ended = {"l2i_subscription_id": subscription, "bundle_allocation_percentage": "0.5", "is_active": False}
    world.campaign(company, "bundle", **ended)

    answer = link(world.campaign(company, "bundle"), subscription, "0.4")

    assert (answer.status, answer.body["remainingPercentage"]) == (200, "0.1000")


def test_an_inactive_campaign_takes_no_room_and_is_linked_to_a_full_subscription(world: World) -> None:
    subscription = shared(world, "0.9")
    company = world.value("SELECT company_id FROM l2i_subscriptions")

    answer = link(world.campaign(company, "bundle", is_active=False), subscription, "0.5")

    assert (answer.status, answer.body["remainingPercentage"]) == (200, "0.1000")


def link_from(campaign: str, subscription: str, since: str, share: str) -> Answer:
    body = {"subscriptionId": subscription, "allocationPercentage": share, "effectiveFrom": since}
    return request("link_campaign", "PUT", f"/v1/campaigns/{campaign}/subscription", body)


def test_a_link_that_ends_before_another_begins_shares_no_instant_with_it(world: World) -> None:
    company = world.company()
    subscription = world.subscription(company)
    leaving, arriving = (world.campaign(company, "bundle", id=name) for name in ("leaving", "arriving"))
    assert link_from(leaving, subscription, "2025-03-01", "1").status == 200
    left = request("unlink_campaign", "DELETE", f"/v1/campaigns/{leaving}/subscription", query={"effectiveFrom": "2025-03-20"})
    assert left.status == 204
    assert link_from(arriving, subscription, "2025-03-20", "1").status == 200

    changed = link_from(leaving, subscription, "2025-03-10", "0.5")

    assert (changed.status, changed.body["remainingPercentage"]) == (200, "0.5000")
    assert link_from(leaving, subscription, "2025-03-25", "0.5").status == 409


def test_what_is_left_beside_a_link_is_the_least_that_is_left_while_it_holds(world: World) -> None:
    company = world.company()
    subscription = world.subscription(company)
    other, arriving = (world.campaign(company, "bundle", id=name) for name in ("other", "arriving"))
    for since, share in (("2025-03-01", "0.2"), ("2025-03-10", "0.5"), ("2025-03-20", "0.2")):
        assert link_from(other, subscription, since, share).status == 200

    answer = link_from(arriving, subscription, "2025-03-05", "0.4")

    assert (answer.status, answer.body["remainingPercentage"]) == (200, "0.1000")
    assert link_from(arriving, subscription, "2025-03-05", "0.6").status == 409


def test_of_two_links_at_once_that_would_pass_the_limit_one_is_refused(world: World, database_url: str) -> None:
    company = world.company()
    subscription = world.subscription(company)
    calls = [(database_url, world.campaign(company, "bundle"), subscription) for _ in range(6)]
    database.disconnect()
    world.connection.run("BEGIN; LOCK TABLE campaigns IN SHARE MODE")  # nobody writes until all have read what they can

    with multiprocessing.get_context("spawn").Pool(3) as pool:
        links = pool.starmap_async(link_in_a_process, calls)
        while world.value(WAITING) < 3 and not links.ready():
            time.sleep(0.01)
        world.connection.run("COMMIT")
        statuses = links.get()

    assert sorted(statuses) == [200, 409, 409, 409, 409, 409]


@pytest.fixture
def slow_updates(world: World) -> Iterator[None]:
    """Between what a link has read and what it writes there is time for another."""
    world.connection.run(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END';"
        "CREATE TRIGGER wait BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION wait()"
    )
    yield
    world.connection.run("DROP FUNCTION wait CASCADE")


def test_links_unlinks_and_moves_at_once_never_pass_the_limit_nor_wait_for_each_other_in_a_ring(
    world: World, database_url: str, slow_updates: None
) -> None:
    company = world.company()
    subscriptions = [world.subscription(company) for _ in range(2)]
    campaigns = [world.campaign(company, "bundle") for _ in range(4)]
    database.disconnect()

    with multiprocessing.get_context("spawn").Pool(3) as pool:
        runs = pool.starmap(move_at_random, [(database_url, campaigns, subscriptions, seed) for seed in range(3)])

    assert set.union(*(statuses for statuses, _ in runs)) == {200, 204, 409}
    assert max(most for _, most in runs) <= Decimal("1.001")


def test_unlinking_frees_the_share_and_can_be_repeated(world: World) -> None:
    subscription = shared(world, "1")
    campaign = world.value("SELECT id FROM campaigns")

    statuses = [unlink(campaign).status, unlink(campaign).status, unlink("nowhere").status]

    assert statuses == [204, 204, 404]
    assert unlink(campaign, company=world.company()).status == 404
    assert campaigns(subscription).body["campaigns"] == []


@pytest.mark.parametrize(
    ("shares", "budget"),
    [
        (["0.34", "0.56", "0.10"], "50000.00"),
        (["0.3333"] * 3, "50000.00"),
        (["0.005"] * 200, "12345.67"),
        (["1"], "0.01"),
        (["0.9990"], "100.00"),
        (["0.5005", "0.5005"], "100.00"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_valid_split_adds_up_to_the_whole_budget(world: World, shares: list[str], budget: str) -> None:
    answer = split(shared(world, *shares, annual_price=budget))

    amounts = [Decimal(campaign["allocatedAmount"]) for campaign in answer.body["campaigns"]]
    assert answer.body["validation"] == {"isValid": True, "errors": []}
    assert (str(sum(amounts)), answer.body["totalBudget"]) == (budget, budget)
    assert {campaign["status"] for campaign in answer.body["campaigns"]} == {"valid"}


@pytest.mark.parametrize(
    ("shares", "errors", "stated"),
    [
        (["0.9989"], 1, "99.89 %"),
        (["0.3"], 2, "30.00 %"),
        ([], 2, "0.00 %"),
    ],
)
def test_an_invalid_split_states_the_sum_and_what_else_is_wrong(
    world: World, shares: list[str], errors: int, stated: str
) -> None:
    validation = split(shared(world, *shares)).body["validation"]

    assert (validation["isValid"], len(validation["errors"])) == (False, errors)
    assert stated in validation["errors"][0]


def test_a_split_counts_active_campaigns_and_the_quantity_bought(world: World) -> None:
    subscription = shared(world, "0.5", "0.5", annual_price="100.00", quantity=3)
    company = world.value("SELECT company_id FROM l2i_subscriptions")
    link = {"l2i_subscription_id": subscription, "bundle_allocation_percentage": "0.5"}
    world.campaign(company, "bundle", is_active=False, **link)

    body = split(subscription, company=company).body

    assert (body["totalBudget"], body["totalAllocationPercentage"]) == ("300.00", "1.0000")
    assert [campaign["allocatedAmount"] for campaign in body["campaigns"]] == ["150.00", "150.00"]
    assert len(campaigns(subscription).body["campaigns"]) == 3


def test_another_companys_subscription_is_not_found(world: World) -> None:
    subscription, other = shared(world, "1"), world.company()

    answers = [
        split(subscription, company=other),
        campaigns(subscription, company=other),
        split("nowhere"),
        campaigns("nowhere"),
    ]

    assert [answer.status for answer in answers] == [404] * 4


def test_capacity_lists_all_that_is_wrong(world: World) -> None:
    company = world.company()
    canceled = world.subscription(company, status="canceled")
    linked = {"l2i_subscription_id": world.subscription(company), "bundle_allocation_percentage": "0.25"}
    good, seats = world.campaign(company, "bundle", **linked), world.campaign(company, "seats")
    unlinked, both = world.campaign(company, "bundle"), world.campaign(company, "bundle", l2i_subscription_id=canceled)

    answers = [capacity(campaign).body for campaign in (good, seats, unlinked, both)]

    assert [(answer["valid"], len(answer["errors"])) for answer in answers] == [(True, 0), (True, 0), (False, 2), (False, 2)]
    assert "canceled" in answers[3]["errors"][0]
    assert capacity("nowhere").status == 404
