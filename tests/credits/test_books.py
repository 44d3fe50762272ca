"""A random history of everything that moves credits, compared step by step with books kept in memory (design §11, §12)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from local.aws_events import scheduled_event
from tests.callers import track
from tests.credits.books import Books, Grant, TooLittleLeft
from tests.world import World, invoke, request

START = datetime(2025, 3, 1, tzinfo=UTC)
END = datetime(2025, 4, 1, tzinfo=UTC)
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
hours = st.integers(0, 30 * 24 - 1)
credits = st.sampled_from(["0", "0.5", "1", "3", "10", "25.25", "60"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(st.tuples(hours, credits), min_size=1, max_size=4)),
        st.tuples(st.just("record"), st.lists(st.tuples(hours, credits), min_size=1, max_size=4)),
        st.tuples(
            st.just("correct"),
            st.lists(st.tuples(st.integers(0, 50), st.none() | hours, credits), min_size=1, max_size=3),
        ),
        st.tuples(
            st.just("grant"),
            st.sampled_from(["5", "20", "33.5"]),
            st.sampled_from([None, "0", "100", "37"]),
            st.sampled_from([None, 50, 100, 150]),
            st.none() | hours,
        ),
        st.tuples(st.just("allocate"), st.sampled_from(["0", "10", "30", "80"])),
        st.tuples(st.just("reprice"), hours, st.sampled_from(["1", "2.5", "7"])),
        st.tuples(st.just("act"), hours, st.sampled_from(["1", "4"])),
        st.tuples(st.just("job"), st.integers(0, 34 * 24)),
    ),
    min_size=3,
    max_size=14,
)


class Player:
    """Plays the steps on the database, through the handlers and the platform's plain SQL, and on the books."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.campaign = world.campaign(
            world.company(id="harbour"), "credits", id="spring", credit_allocation="40", credit_price="6.50"
        )
        self.books = Books(Decimal(40), Fraction("6.50"))
        self.names = (f"name-{n}" for n in count(1))

    def play(self, kind: str, *values: Any) -> None:
        step: Callable[..., None] = getattr(self, kind)
        step(*values)
        self.compare()

    def record(self, used: list[tuple[int, str]]) -> None:
        events = [
            {
                "campaignId": self.campaign,
                "eventType": "credit_usage",
                "quantity": quantity,
                "timestamp": text(hour),
                "id": name,
            }
            for (hour, quantity), name in zip(used, self.names, strict=False)
        ]
        ids = [result["usageRecordId"] for result in track(*events).body["results"]]
        self.books.record(
            {record_id: (at(hour), Decimal(quantity)) for record_id, (hour, quantity) in zip(ids, used, strict=True)}
        )

    def correct(self, wanted: list[tuple[int, int | None, str]]) -> None:
        """Each of a record that no other has superseded, and none twice in a batch."""
        effective = [record_id for record_id, record in self.books.records.items() if not record.superseded]
        corrections = {effective[number % len(effective)]: (hour, quantity) for number, hour, quantity in wanted if effective}
        if not corrections:
            return
        body = [
            {"usageRecordId": record_id, "id": next(self.names), "reason": "A typing error.", "quantity": quantity}
            | ({} if hour is None else {"timestamp": text(hour)})
            for record_id, (hour, quantity) in corrections.items()
        ]
        answer = request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": body})
        assert answer.body["recorded"] == len(body)
        self.books.correct(
            {
                result["usageRecordId"]: (
                    record_id,
                    self.books.records[record_id].timestamp if hour is None else at(hour),
                    Decimal(quantity),
                )
                for result, (record_id, (hour, quantity)) in zip(answer.body["results"], corrections.items(), strict=True)
            }
        )

    def grant(self, bought: str, amount: str | None, priority: int | None, expires: int | None) -> None:
        given = {"amount": amount, "priority": priority, "expiresAt": None if expires is None else text(expires)}
        body = {"credits": bought, "id": next(self.names)} | {name: value for name, value in given.items() if value is not None}
        assert request("top_up_credits", "POST", f"/v1/campaigns/{self.campaign}/credits", body).status == 200
        price = self.books.list_prices[-1][1] if amount is None else Fraction(amount) / Fraction(bought)
        expires_at = None if expires is None else at(expires)
        self.books.grant(Grant(Decimal(bought), price, "purchase", 100 if priority is None else priority, expires_at))

    def allocate(self, allocation: str) -> None:
        try:
            self.books.allocate(Decimal(allocation))
        except TooLittleLeft:
            allocation = str(self.books.allocation)
        self.world.rows(
            "UPDATE campaigns SET credit_allocation = :credits, credits_remaining = 7777 WHERE id = :id",
            credits=allocation,
            id=self.campaign,
        )

    def reprice(self, hour: int, price: str) -> None:
        """From an instant on; the list price is that of the latest change at or before an instant."""
        body = {
            "id": next(self.names),
            "effectiveFrom": text(hour),
            "terms": {"creditPrice": price},
            "reason": "Agreed.",
            "retroactive": True,
        }
        assert request("set_terms", "PUT", f"/v1/campaigns/{self.campaign}/terms", body).status == 200
        self.books.list_prices.append((at(hour), Fraction(price)))
        self.books.list_prices.sort(key=lambda change: change[0] or START - timedelta(1))

    def act(self, hour: int, quantity: str) -> None:
        self.world.insert(
            "campaign_activities", campaign_id=self.campaign, kind="session", quantity=quantity, occurred_at=text(hour)
        )

    def job(self, hour: int) -> None:
        before = self.ids()
        invoke("track_credit_usage", scheduled_event(at(hour)))
        self.books.record(
            {
                str(row["id"]): (row["event_timestamp"], row["quantity"])
                for row in self.world.ledger()
                if str(row["id"]) not in before
            }
        )
        self.books.expire(at(hour))

    def ids(self) -> set[str]:
        return {str(row["id"]) for row in self.world.ledger()}

    def compare(self) -> None:
        grants = self.world.rows("SELECT * FROM credit_grants ORDER BY id")
        numbers = {grant["id"]: n for n, grant in enumerate(grants)} | {None: None}
        paid: dict[str, dict[int | None, Decimal]] = {record_id: {} for record_id in self.ids()}
        for row in self.world.rows(
            "SELECT record_id, grant_id, sum(credits) AS credits FROM credit_movements WHERE record_id IS NOT NULL "
            "GROUP BY record_id, grant_id HAVING sum(credits) <> 0"
        ):
            paid[str(row["record_id"])][numbers[row["grant_id"]]] = row["credits"]
        places: dict[Grant | None, int | None] = {grant: n for n, grant in enumerate(self.books.grants)} | {None: None}
        expected = {
            record_id: {places[grant]: credits for grant, credits in record.paid().items()}
            for record_id, record in self.books.records.items()
        }
        assert [grant["credits"] - grant["moved"] for grant in grants] == [grant.left for grant in self.books.grants]
        assert paid == expected
        assert self.world.balance(self.campaign) == self.books.balance
        assert self.world.value("SELECT credits_granted FROM campaigns") == self.books.base
        assert self.statement() == self.books.statement(START, END)
        alerts = self.world.rows(
            "SELECT type FROM billing_events WHERE type IN ('credits.low', 'credits.depleted') ORDER BY id"
        )
        assert [row["type"] for row in alerts] == self.books.alerts
        assert_books_are_right(self.world)

    def statement(self) -> tuple[Decimal, Decimal, Decimal]:
        body = request(
            "get_campaign_usage",
            "GET",
            f"/v1/campaigns/{self.campaign}/usage",
            query={"start": text(0), "end": END.isoformat()},
        ).body
        billing = body["billing"]
        return (
            Decimal(body["usage"]["creditsConsumed"]),
            Decimal(billing["coveredAmount"]),
            Decimal(billing["amountDue"]),
        )

    def snapshot(self) -> list[Any]:
        """The books with everything that a history played again has in common."""
        return [
            self.world.rows(
                "SELECT credits, amount, moved, withdrawn, expired_at IS NULL AS valid FROM credit_grants ORDER BY id"
            ),
            self.world.rows(
                "SELECT kind, credits, "
                "CASE WHEN kind <> 'withdrawn' THEN occurred_at END AS at FROM credit_movements ORDER BY id"
            ),
            self.world.rows("SELECT type, data ->> 'creditsRemaining' AS balance FROM billing_events ORDER BY id"),
            self.statement(),
        ]


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def text(hour: int) -> str:
    return at(hour).isoformat()


def assert_books_are_right(world: World) -> None:
    """What holds at every instant (design §4.5), from the ledger and the movements alone."""
    assert (
        world.rows(
            "SELECT c.id FROM campaigns c LEFT JOIN credit_grants g ON g.campaign_id = c.id LEFT JOIN LATERAL "
            "(SELECT sum(credits) AS moved FROM credit_movements WHERE grant_id = g.id) m ON true "
            "GROUP BY c.id HAVING coalesce(c.credits_remaining, 0) <> coalesce(sum(g.credits - coalesce(m.moved, 0)), 0)"
        )
        == []
    )
    assert (
        world.rows(
            "SELECT r.id FROM billing_usage_records r LEFT JOIN credit_movements m ON m.record_id = r.id "
            "LEFT JOIN billing_usage_records s ON s.corrects = r.id WHERE r.event_type = 'credit_usage' GROUP BY r.id, s.id "
            "HAVING coalesce(sum(m.credits), 0) <> CASE WHEN s.id IS NULL THEN r.quantity ELSE 0 END"
        )
        == []
    )
    assert (
        world.rows(
            "SELECT g.id FROM credit_grants g LEFT JOIN credit_movements m ON m.grant_id = g.id GROUP BY g.id "
            "HAVING coalesce(sum(m.credits), 0) NOT BETWEEN 0 AND g.credits OR coalesce(sum(m.credits), 0) <> g.moved"
        )
        == []
    )


@settings(max_examples=20, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=steps)
def test_a_random_history_gives_the_books_that_the_design_describes_and_the_same_when_it_is_played_again(
    world: World, history: list[Any]
) -> None:
    snapshots = []
    for _ in range(2):
        world.empty()
        player = Player(world)
        for step in history:
            player.play(*step)
        snapshots.append(player.snapshot())

    assert snapshots[0] == snapshots[1]
    event(f"overage: {any(record.overage for record in player.books.records.values())}")


@settings(max_examples=12, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    used=st.lists(st.tuples(hours, credits), min_size=2, max_size=10, unique_by=lambda each: each[0]),
    order=st.randoms(use_true_random=False),
    allocation=st.sampled_from(["20", "1000"]),
)
def test_in_any_order_usage_is_burned_or_overage_and_statements_are_the_same_where_credits_suffice_at_one_price(
    world: World, used: list[tuple[int, str]], order: Any, allocation: str
) -> None:
    sums, statements = set(), set()
    for waiting in (used, order.sample(used, len(used))):
        shuffled = list(waiting)
        world.empty()
        player = Player(world)
        player.allocate(allocation)
        while shuffled:
            size = order.randint(1, 3)
            player.record(shuffled[:size])
            shuffled = shuffled[size:]
        player.compare()
        sums.add(world.value("SELECT coalesce(sum(credits), 0) FROM credit_movements WHERE kind IN ('burned', 'overage')"))
        statements.add(player.statement())

    assert sums == {sum(Decimal(quantity) for _, quantity in used)}
    if allocation == "1000":
        assert len(statements) == 1


def remaining(world: World) -> list[Any]:
    """What is left of each grant, the oldest first."""
    return [row["remaining"] for row in world.rows("SELECT credits - moved AS remaining FROM credit_grants ORDER BY id")]


def test_the_lowest_priority_pays_first_then_what_expires_first_then_the_oldest(world: World) -> None:
    player = Player(world)
    player.allocate("0")
    for priority, expires in ((150, 50), (100, None), (100, 200), (100, 100), (100, 200)):
        player.grant("10", "20", priority, expires)

    left = []
    for _ in range(6):
        player.record([(1, "10")])
        left.append(remaining(world)[-5:])

    assert left == [
        [10, 10, 10, 0, 10],
        [10, 10, 0, 0, 10],
        [10, 10, 0, 0, 0],
        [10, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_a_grant_pays_for_what_was_used_before_the_instant_of_its_expiry_and_not_at_it(world: World) -> None:
    player = Player(world)
    player.allocate("0")
    player.grant("10", "20", None, 10)

    player.record([(10, "3")])
    at_its_expiry = remaining(world)[-1]
    player.record([(9, "3")])

    assert (at_its_expiry, remaining(world)[-1]) == (10, 7)


def test_the_records_of_a_batch_burn_in_the_order_of_their_instants(world: World) -> None:
    player = Player(world)
    player.allocate("5")

    player.record([(2, "5"), (1, "5")])

    paid = world.rows("SELECT occurred_at, kind FROM credit_movements WHERE record_id IS NOT NULL ORDER BY occurred_at")
    assert [(row["occurred_at"], row["kind"]) for row in paid] == [(at(1), "burned"), (at(2), "overage")]


def test_a_smaller_quantity_gives_back_overage_first(world: World) -> None:
    player = Player(world)
    player.allocate("10")
    player.record([(0, "15")])

    player.correct([(0, None, "12")])

    assert (remaining(world), world.value("SELECT sum(credits) FROM credit_movements WHERE grant_id IS NULL")) == ([0], 2)


def test_a_smaller_quantity_gives_back_what_was_burned_last(world: World) -> None:
    player = Player(world)
    player.allocate("10")
    player.grant("10", "20", None, None)
    player.record([(0, "15")])

    player.correct([(0, None, "12")])

    assert remaining(world) == [0, 8]


def test_credits_given_back_do_not_pay_for_overage_from_before_they_were_burned(world: World) -> None:
    player = Player(world)
    player.allocate("0")
    player.record([(0, "5")])
    player.grant("10", "20", None, None)
    player.record([(1, "4")])

    player.correct([(1, None, "1")])

    (bought,) = world.rows("SELECT credits - moved AS remaining FROM credit_grants WHERE source = 'purchase'")
    assert bought["remaining"] == 9
    assert world.value("SELECT sum(credits) FROM credit_movements WHERE grant_id IS NULL AND record_id IS NOT NULL") == 5


def test_what_returns_to_a_grant_that_expired_72_hours_ago_expires_at_once(world: World) -> None:
    player = Player(world)
    player.allocate("0")
    player.grant("10", "20", None, 10)
    player.record([(1, "6")])

    player.job(10 + 71)
    before = world.balance(player.campaign)
    player.job(10 + 72)
    after = world.balance(player.campaign)
    player.correct([(0, None, "2")])

    assert (before, after, world.balance(player.campaign)) == (4, 0, 0)


def test_a_lower_allocation_takes_from_the_last_grant_of_it_first(world: World) -> None:
    player = Player(world)

    player.allocate("60")
    player.allocate("50")

    assert remaining(world) == [40, 10]
