"""Random histories of everything that changes what is charged, on the real handlers and in the model, compared step by step."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count, pairwise
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from pg8000.native import DatabaseError

from billing.database.session import violated_constraint
from billing.invoices.chain import breaks
from local.aws_events import scheduled_event
from tests.credits.books import Books, Grant, TooLittleLeft
from tests.operations.invoicing import adjust, credit, plant, post_invoices, preview, put_profile, put_seller
from tests.operations.test_reconciliation import reconciled
from tests.soak.model import (
    BEGINNING,
    HOUR,
    Activity,
    Campaign,
    Change,
    Company,
    Document,
    Line,
    Record,
    Refused,
    Subscription,
    midnight,
    months_later,
    six,
)
from tests.world import World, invoke, request

WINDOWS = [
    # Clocks change in spring; by half an hour; a day that never was; a midnight that is skipped; a leap day; the year 2000.
    (date(2025, 3, 1), "Europe/Oslo", "Asia/Kolkata"),
    (date(2025, 3, 1), "Australia/Lord_Howe", "America/St_Johns"),
    (date(2011, 12, 1), "Pacific/Apia", "America/Sao_Paulo"),
    (date(2018, 10, 1), "America/Sao_Paulo", "Asia/Kathmandu"),
    (date(2024, 2, 1), "Asia/Kathmandu", "UTC"),
    (date(2000, 1, 1), "UTC", "Asia/Tehran"),
]
"""The first of three months that things happen in, and the zones of the two companies."""

DAYS = 88
MODELS = ["seats", "credits", "iaas", "bundle", "bundle", "custom"]
PRICE = Fraction(30_000)
edges = st.tuples(st.sampled_from([0, 28, 29, 30, 31, 40, 59, 60, 61]), st.integers(-14, 14))
hours = st.one_of(
    st.integers(0, DAYS * 24),
    edges.map(lambda at: max(0, at[0] * 24 + at[1])),
    st.integers(0, DAYS // 4).map(lambda number: number * 4 * 24),
)
"""Since the first day, in UTC: anywhere, around the ends of months and of the subscription, and where others are too."""

moments = st.tuples(hours, st.sampled_from([0, 0, 15, 30, 59]))
companies = st.integers(0, 1)
campaigns = st.integers(0, len(MODELS) - 1)
with_credits = st.one_of(st.just(1), st.just(1), campaigns)
with_shares = st.one_of(st.sampled_from([3, 4]), st.sampled_from([3, 4]), campaigns)
kinds = st.sampled_from(["seat_usage", "credit_usage", "credit_usage", "learner_served", "session_completed"])
quantities = st.sampled_from(["0", "0.5", "1", "3", "10", "25.25", "60"])
usage = st.tuples(companies, campaigns, kinds, moments, quantities, st.booleans())
sinces = st.one_of(
    st.tuples(st.just("hour"), hours), st.tuples(st.just("day"), st.integers(0, DAYS)), st.tuples(st.just("ahead"), hours)
)
shares = st.sampled_from(["0.25", "0.3333", "0.5", "0.501", "0.6667", "1"])
customs = st.fixed_dictionaries(
    {
        "variableComponents": st.sampled_from(
            [
                [],
                [{"name": "Sessions", "unit": "session", "rate": "3.35", "cap": "40"}],
                [{"name": "Hours", "unit": "hour", "rate": "1.15"}, {"name": "Seats", "unit": "seat_month", "rate": "19.99"}],
                [{"name": "Sessions", "unit": "session", "rate": "4.15", "cap": "12.5"}],
                [{"name": "Learners", "unit": "learner", "rate": "0.125", "cap": "70"}],
            ]
        )
    },
    optional={
        "fixedFee": st.sampled_from(["100.00", "33.33"]),
        "fixedFeeInterval": st.sampled_from(["once", "month", "quarter", "year"]),
        "milestonePayments": st.integers(0, DAYS).map(lambda day: [{"name": "Signed", "amount": "12.34", "day": day}]),
    },
)
terms = st.one_of(
    st.tuples(campaigns, st.builds(dict, status=st.sampled_from(["active", "paused", "completed", "recruiting"]))),
    st.tuples(campaigns, st.builds(dict, active=st.booleans())),
    st.tuples(
        st.just(0),
        st.builds(dict, committed=st.sampled_from(["0", "3", "12.5"]), seat_price=st.sampled_from(["10.00", "33.33"])),
    ),
    st.tuples(st.just(1), st.builds(dict, credit_price=st.sampled_from(["1", "2.5", "7.77"]))),
    st.tuples(st.just(1), st.builds(dict, rate=st.sampled_from(["1", "2.5"]))),
    st.tuples(st.just(2), st.builds(dict, learner_price=st.sampled_from(["12.50", "0.3333"]))),
    st.tuples(st.just(5), st.builds(dict, custom=customs)),
    st.tuples(
        campaigns,
        st.builds(
            dict,
            model=st.sampled_from(["seats", "credits", "iaas", "bundle", "custom"]),
            seat_price=st.just("20.00"),
            learner_price=st.just("4.04"),
            custom=customs,
        ),
    ),
)
"""What a change sets, and of which campaign."""

API_NAMES = {
    "status": "status",
    "active": "isActive",
    "model": "pricingModel",
    "committed": "committedSeats",
    "seat_price": "seatPricePerMonth",
    "credit_price": "creditPrice",
    "rate": "creditConsumptionRate",
}
EXACT = {"committed", "seat_price", "credit_price", "rate", "learner_price", "share"}
"""Terms that the model holds as fractions."""


class Sent(NamedTuple):
    """A usage event that was sent, and how the model knows it again."""

    body: dict[str, Any]
    campaign: Campaign
    name: tuple[Any, ...]
    payload: tuple[Any, ...]


class Billing(RuleBasedStateMachine):
    """Whoever runs it sets `world`; `steps` counts the steps of all histories."""

    world: World
    steps: ClassVar[Counter[str]] = Counter()

    @initialize(window=st.sampled_from(WINDOWS), later=st.booleans())
    def begin(self, window: tuple[date, str, str], later: bool) -> None:
        self.world.empty()
        self.first, *zones = window
        self.names = (f"name-{number}" for number in count(1))
        self.sent: list[Sent] = []
        self.known: dict[tuple[Any, ...], tuple[Record, tuple[Any, ...]]] = {}
        self.records: list[Record] = []
        self.corrections: list[tuple[dict[str, Any], Record]] = []
        self.seat_hours: set[tuple[str, datetime]] = set()
        self.seats_done: datetime | None = None
        put_seller()
        self.companies = [self._company(f"company-{number}", zone, later) for number, zone in enumerate(zones)]
        self._compare(self.all)

    @property
    def all(self) -> list[Campaign]:
        return [campaign for company in self.companies for campaign in company.campaigns]

    def _company(self, name: str, zone: str, later: bool) -> Company:
        company = Company(name, ZoneInfo(zone), months_later(self.first, int(later)))
        self.world.company(id=name, time_zone=zone)
        put_profile(name, invoiceFrom=f"{company.invoice_from:%Y-%m}")
        ends = midnight(self.first + timedelta(40), company.zone)
        begins = ends.replace(year=ends.year - 1)
        subscription = self.world.subscription(
            name, str(PRICE), id=f"bought-{name}", current_period_start=begins, current_period_end=ends
        )
        company.subscriptions[subscription] = Subscription(subscription, [(begins, PRICE, 1, begins, ends)])
        company.campaigns = [self._campaign(company, number, model) for number, model in enumerate(MODELS)]
        return company

    def _campaign(self, company: Company, number: int, model: str) -> Campaign:
        start = self.first - timedelta(1) if number % 2 else self.first + timedelta(4)
        given: dict[str, Any] = {
            "seat_price_per_month": "50.00",
            "committed_seats": "2",
            "credit_price": "6.50",
            "credit_allocation": "40",
            "credit_consumption_rate": "1.5",
            "iaas_metrics": {"pricePerLearner": "12.50"},
            "custom_pricing_terms": {"fixedFee": "99.99", "fixedFeeInterval": "month"},
        }
        name = self.world.campaign(company.id, model, id=f"{company.id}-{number}-{model}", start_date=start, **given)
        held = {
            "status": "active",
            "active": True,
            "model": model,
            "committed": Fraction(2),
            "seat_price": Fraction(50),
            "credit_price": Fraction("6.50"),
            "rate": Fraction("1.5"),
            "learner_price": Fraction("12.50"),
            "custom": given["custom_pricing_terms"],
            "subscription": None,
            "share": None,
        }
        books = Books(Decimal(40), Fraction("6.50"))
        return Campaign(name, company.zone, start, None, [Change(BEGINNING, held)], books)

    # What is used

    @rule(events=st.lists(usage, min_size=1, max_size=5), repeats=st.lists(st.integers(0, 500), max_size=2))
    def track(self, events: list[Any], repeats: list[int]) -> None:
        batch = [self._event(*event) for event in events] + [self.sent[n % len(self.sent)] for n in repeats if self.sent]
        self._send(batch)

    @precondition(lambda self: self.sent)
    @rule(which=st.integers(0, 500), quantity=quantities, moment=moments)
    def reuse_an_id(self, which: int, quantity: str, moment: tuple[int, int]) -> None:
        before = self.sent[which % len(self.sent)]
        changed = before.body | {"quantity": quantity, "timestamp": self._moment(*moment).isoformat()}
        self._send([self._as_sent(changed, before.campaign)])

    @precondition(lambda self: self.sent)
    @rule(which=st.integers(0, 500))
    def send_as_another_company(self, which: int) -> None:
        sent = self.sent[which % len(self.sent)]
        (other,) = (company.id for company in self.companies if sent.campaign not in company.campaigns)
        answer = request("track_usage", "POST", "/v1/usage-events", {"events": [sent.body]}, company=other)
        assert answer.body["results"][0]["status"] == "rejected"
        self._step("send_as_another_company", [])

    def _event(self, company: int, which: int, kind: str, moment: tuple[int, int], quantity: str, named: bool) -> Sent:
        campaign = self.companies[company].campaigns[which]
        at = self._moment(*moment).astimezone(campaign.zone).isoformat()
        body = {"campaignId": campaign.id, "eventType": kind, "quantity": quantity, "timestamp": at}
        return self._as_sent(body | ({"id": next(self.names)} if named else {}), campaign)

    def _as_sent(self, body: dict[str, Any], campaign: Campaign) -> Sent:
        at = datetime.fromisoformat(body["timestamp"]).astimezone(UTC)
        payload = campaign.id, body["eventType"], at, Decimal(body["quantity"])
        company = next(company.id for company in self.companies if campaign in company.campaigns)
        return Sent(body, campaign, ("id", company, body["id"]) if "id" in body else ("content", *payload), payload)

    def _send(self, batch: list[Sent]) -> None:
        answer = request("track_usage", "POST", "/v1/usage-events", {"events": [sent.body for sent in batch]})
        burned: dict[Campaign, dict[str, tuple[datetime, Decimal]]] = {}
        for sent, result in zip(batch, answer.body["results"], strict=True):
            if sent.name in self.known:
                record, payload = self.known[sent.name]
                expected = "duplicate" if payload == sent.payload else "conflict"
                assert (result["status"], result["usageRecordId"]) == (expected, record.id)
                if expected == "duplicate":
                    same(result.get("supersededBy"), record.superseded_by and record.superseded_by.id)
                continue
            assert result["status"] == "recorded", result
            record = self._recorded(sent.campaign, sent.body["eventType"], sent.payload[3], sent.payload[2])
            record.id = result["usageRecordId"]
            self.known[sent.name] = record, sent.payload
            self.sent.append(sent)
            if record.kind == "credit_usage":
                burned.setdefault(sent.campaign, {})[record.id] = record.at, record.quantity
        for campaign, used in burned.items():
            campaign.books.record(used)
        self._step("track", [sent.campaign for sent in batch])

    def _recorded(self, campaign: Campaign, kind: str, quantity: Decimal, at: datetime) -> Record:
        record = Record(campaign, kind, quantity, at)
        campaign.records.append(record)
        self.records.append(record)
        return record

    @precondition(lambda self: self.records)
    @rule(
        wanted=st.lists(
            st.tuples(st.integers(0, 500), st.none() | moments, st.none() | quantities),
            min_size=1,
            max_size=3,
        ),
        again=st.booleans(),
    )
    def correct(self, wanted: list[Any], again: bool) -> None:
        """A quantity of 0 voids; a record that is superseded is a conflict; the same correction again is a duplicate."""
        chosen = {self.records[number % len(self.records)]: (moment, quantity) for number, moment, quantity in wanted}
        bodies = []
        for record, (moment, quantity) in chosen.items():
            values: dict[str, Any] = {} if quantity is None and moment else {"quantity": quantity or "0"}
            values |= {"timestamp": self._moment(*moment).isoformat()} if moment else {}
            bodies.append({"usageRecordId": record.id, "id": next(self.names), "reason": "Wrong"} | values)
        repeated = self.corrections[-1:] if again else []
        sent = [*bodies, *(body for body, _ in repeated)]
        answer = request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": sent})
        results = answer.body["results"]
        assert [(r["status"], r["usageRecordId"]) for r in results[len(bodies) :]] == [("duplicate", r.id) for _, r in repeated]
        taken_over: dict[Campaign, dict[str, tuple[str, datetime, Decimal]]] = {}
        for record, body, result in zip(chosen, bodies, results, strict=False):
            if record.superseded_by:
                assert (result["status"], result["usageRecordId"]) == ("conflict", record.superseded_by.id)
                continue
            assert result["status"] == "recorded", result
            at = datetime.fromisoformat(body.get("timestamp", record.at.isoformat()))
            correction = self._recorded(record.campaign, record.kind, Decimal(body.get("quantity", record.quantity)), at)
            correction.id, correction.corrects, record.superseded_by = result["usageRecordId"], record, correction
            self.corrections.append((body, correction))
            if record.kind == "credit_usage":
                taken_over.setdefault(record.campaign, {})[correction.id] = record.id, at, correction.quantity
        for campaign, corrections in taken_over.items():
            campaign.books.correct(corrections)
        self._step("correct", [record.campaign for record in chosen])

    @rule(
        company=companies,
        which=with_credits,
        kind=st.sampled_from(["volunteer_hours", "session", "evidence"]),
        moment=moments,
        quantity=st.sampled_from(["0.5", "1", "4"]),
    )
    def act(self, company: int, which: int, kind: str, moment: tuple[int, int], quantity: str) -> None:
        campaign, at = self.companies[company].campaigns[which], self._moment(*moment)
        self.world.insert("campaign_activities", campaign_id=campaign.id, kind=kind, quantity=quantity, occurred_at=at)
        campaign.activities.append(Activity(kind, Decimal(quantity), at))
        self._step("act", [campaign])

    @rule(company=companies, which=campaigns, volunteers=st.sampled_from([0, 1, 7]))
    def recruit(self, company: int, which: int, volunteers: int) -> None:
        campaign = self.companies[company].campaigns[which]
        self.world.rows("UPDATE campaigns SET current_volunteers = :n WHERE id = :id", n=volunteers, id=campaign.id)
        campaign.volunteers = volunteers
        self._step("recruit", [])

    # The jobs

    @rule(hour=hours, near=st.none() | st.sampled_from([-2, 0, 1, 1, 3]))
    def seat_job(self, hour: int, near: int | None) -> None:
        at = self._moment(hour, 0) if near is None or self.seats_done is None else self.seats_done + near * HOUR
        if self.seats_done and at - self.seats_done > timedelta(days=1):
            at = self.seats_done + timedelta(hours=9)
        each = at if self.seats_done is None or at <= self.seats_done else self.seats_done + HOUR
        expected: Counter[tuple[str, datetime, int]] = Counter()
        now = datetime.now(UTC)
        while each <= at:
            for campaign in self.all:
                held = campaign.terms_at(now)
                runs = held["active"] and held["status"] in ("active", "recruiting") and campaign.volunteers > 0
                if runs and campaign.begins_at <= each < campaign.ends_at and (campaign.id, each) not in self.seat_hours:
                    self.seat_hours.add((campaign.id, each))
                    expected[campaign.id, each, campaign.volunteers] += 1
            each += HOUR
        self.seats_done = max(at, self.seats_done or at)
        result = invoke("track_seat_usage", scheduled_event(at))
        assert result["usageRecordsCreated"] == expected.total()
        new = self._new_rows()
        assert Counter((row["campaign_id"], row["event_timestamp"], row["quantity"]) for row in new) == expected
        self._take_in(new)
        self._step("seat_job", [])

    @rule(hour=st.integers(0, DAYS * 24 + 200))
    def credit_job(self, hour: int) -> None:
        at, now = self._moment(hour, 0), datetime.now(UTC)
        expected: dict[tuple[str, datetime, str], Decimal] = {}
        for campaign in self.all:
            held = campaign.terms_at(now)
            for activity in campaign.activities if held["active"] and held["model"] == "credits" else ():
                if not activity.charged:
                    activity.charged = True
                    hour_of = activity.at.replace(minute=0, second=0, microsecond=0)
                    credits = six(Fraction(activity.quantity) * campaign.terms_at(hour_of)["rate"])
                    where = campaign.id, hour_of, activity.kind
                    expected[where] = expected.get(where, Decimal(0)) + credits
        invoke("track_credit_usage", scheduled_event(at))
        new = self._new_rows()
        charged = [((row["campaign_id"], row["event_timestamp"], row["metadata"]["kind"]), row["quantity"]) for row in new]
        same(sorted(charged), sorted(expected.items()))
        for campaign in self._take_in(new):
            mine = [row for row in new if row["campaign_id"] == campaign.id]
            campaign.books.record({str(row["id"]): (row["event_timestamp"], row["quantity"]) for row in mine})
        for campaign in self.all:
            campaign.books.expire(at)
        self._step("credit_job", self._take_in([]))

    def _new_rows(self) -> list[dict[str, Any]]:
        known = {record.id for record in self.records}
        return [row for row in self.world.ledger() if str(row["id"]) not in known]

    def _take_in(self, rows: list[dict[str, Any]]) -> list[Campaign]:
        by_id = {campaign.id: campaign for campaign in self.all}
        for row in rows:
            record = self._recorded(by_id[row["campaign_id"]], row["event_type"], row["quantity"], row["event_timestamp"])
            record.id = str(row["id"])
        return [by_id[name] for name in {row["campaign_id"] for row in rows}]

    # What is agreed

    @rule(
        company=companies,
        change=terms,
        since=sinces,
        dry=st.sampled_from([False, False, True]),
        retroactive=st.sampled_from([True, True, False]),
        again=st.booleans(),
    )
    def set_terms(self, company: int, change: Any, since: Any, dry: bool, retroactive: bool, again: bool) -> None:
        owner, (which, given) = self.companies[company], change
        campaign, (instant, text) = owner.campaigns[which], self._since(owner, since)
        given = self._dated(given)
        body = {
            "id": next(self.names),
            "effectiveFrom": text,
            "terms": self._in_the_api(given),
            "reason": "Agreed",
            "retroactive": retroactive,
        }
        months = [months_later(self.first, number) for number in range(3)]
        before = {month: self._total(owner, campaign, month) for month in months}
        try:
            first = instant.astimezone(owner.zone).date().replace(day=1)
            refused = not retroactive and any(month >= first for month in owner.closed)
            owner.change(campaign, instant, {name: Fraction(v) if name in EXACT else v for name, v in given.items()})
            if refused:
                campaign.changes.pop()
        except Refused:
            refused = True
        path = f"/v1/campaigns/{campaign.id}/terms"
        answer = request("set_terms", "PUT", path, body, query={"dryRun": "true"} if dry else None)
        assert (answer.status == 200) != refused, answer.body
        if not refused:
            told = {each["month"]: (each["before"], each["after"]) for each in answer.body["months"]}
            for month in months:
                if f"{month:%Y-%m}" in told:
                    after = self._total(owner, campaign, month)
                    assert told[f"{month:%Y-%m}"] == (f"{before[month]:.2f}", f"{after:.2f}")
            if dry:
                campaign.changes.pop()
            elif again:
                assert request("set_terms", "PUT", path, body).status == 200
        self._step("set_terms", [campaign])

    def _total(self, owner: Company, campaign: Campaign, month: date) -> Decimal:
        start, end = midnight(month, owner.zone), midnight(months_later(month, 1), owner.zone)
        return sum((line.amount for line in owner.statement(campaign, start, end)), Decimal(0))

    @rule(company=companies, which=campaigns, days=st.integers(-3, 60), length=st.none() | st.integers(0, 60))
    def set_dates(self, company: int, which: int, days: int, length: int | None) -> None:
        """They hold from the beginning of time."""
        owner = self.companies[company]
        campaign = owner.campaigns[which]
        start = self.first + timedelta(days)
        end = None if length is None else start + timedelta(length)
        body = {
            "id": next(self.names),
            "effectiveFrom": self.first.isoformat(),
            "terms": {"startDate": start.isoformat(), "endDate": end and end.isoformat()},
            "reason": "Agreed",
            "retroactive": True,
        }
        assert request("set_terms", "PUT", f"/v1/campaigns/{campaign.id}/terms", body).status == 200
        campaign.start, campaign.end = start, end
        self._step("set_dates", [campaign])

    @rule(
        company=companies,
        which=campaigns,
        given=st.one_of(
            st.builds(dict, status=st.sampled_from(["active", "paused", "recruiting"])),
            st.builds(dict, is_active=st.booleans()),
            st.builds(dict, committed_seats=st.sampled_from(["1", "8"])),
        ),
    )
    def write_as_the_platform(self, company: int, which: int, given: dict[str, Any]) -> None:
        """From the latest instant of its kind that has come, which lies after all that is stated here."""
        owner = self.companies[company]
        campaign, now = owner.campaigns[which], datetime.now(UTC)
        ((column, value),) = given.items()
        name = {"is_active": "active", "committed_seats": "committed"}.get(column, column)
        new = Fraction(value) if name in EXACT else value
        refused = False
        if campaign.terms_at(now)[name] != new:
            since = max(now.replace(minute=0, second=0, microsecond=0), midnight(now.astimezone(owner.zone).date(), owner.zone))
            try:
                owner.change(campaign, since, {name: new})
            except Refused:
                refused = True
        try:
            self.world.rows(f"UPDATE campaigns SET {column} = :value WHERE id = :id", value=value, id=campaign.id)
            assert not refused
        except DatabaseError as error:
            assert refused and violated_constraint(error) == "shares_of_a_subscription"
        self._step("write_as_the_platform", [campaign])

    @rule(company=companies, which=with_shares, since=sinces | st.none(), share=shares)
    def link(self, company: int, which: int, since: Any, share: str) -> None:
        owner = self.companies[company]
        campaign, (instant, text) = owner.campaigns[which], self._since(owner, since)
        (subscription,) = owner.subscriptions
        held, new = campaign.terms_at(instant), {"subscription": subscription, "share": Fraction(share)}
        refused = held["model"] != "bundle"
        if not refused and any(held[name] != value for name, value in new.items()):
            try:
                owner.change(campaign, instant, new)
            except Refused:
                refused = True
        body = {"subscriptionId": subscription, "allocationPercentage": share}
        body |= {"effectiveFrom": text} if since else {}
        answer = request("link_campaign", "PUT", f"/v1/campaigns/{campaign.id}/subscription", body)
        assert (answer.status == 200) != refused, (answer.status, answer.body)
        self._step("link", owner.campaigns[3:5])

    @rule(company=companies, which=with_shares, since=sinces)
    def unlink(self, company: int, which: int, since: Any) -> None:
        owner = self.companies[company]
        campaign, (instant, text) = owner.campaigns[which], self._since(owner, since)
        refused = False
        if campaign.terms_at(instant)["subscription"] is not None:
            try:
                owner.change(campaign, instant, {"subscription": None, "share": None})
            except Refused:
                refused = True
        path = f"/v1/campaigns/{campaign.id}/subscription"
        answer = request("unlink_campaign", "DELETE", path, query={"effectiveFrom": text})
        assert (answer.status == 204) != refused, (answer.status, answer.body)
        self._step("unlink", [campaign])

    @rule(company=companies, quantity=st.integers(1, 3))
    def renew(self, company: int, quantity: int) -> None:
        """The subscription's next year, from the end of this one."""
        owner = self.companies[company]
        (subscription,) = owner.subscriptions.values()
        *_, begins = subscription.versions[-1]
        if begins > midnight(months_later(self.first, 3), owner.zone):
            return
        ends = begins.replace(year=begins.year + 1)
        self.world.rows(
            "UPDATE l2i_subscriptions SET quantity = :quantity, current_period_start = :begins, current_period_end = :ends "
            "WHERE id = :id",
            quantity=quantity,
            begins=begins,
            ends=ends,
            id=subscription.id,
        )
        subscription.versions.append((begins, PRICE, quantity, begins, ends))
        self._step("renew", owner.campaigns[3:5])

    # Credits

    @rule(
        company=companies,
        which=with_credits,
        bought=st.sampled_from(["5", "20", "33.5"]),
        amount=st.sampled_from([None, "0", "100", "37"]),
        priority=st.sampled_from([None, 50, 150]),
        expires=st.none() | hours,
        again=st.booleans(),
    )
    def top_up(
        self, company: int, which: int, bought: str, amount: str | None, priority: int | None, expires: int | None, again: bool
    ) -> None:
        campaign = self.companies[company].campaigns[which]
        expires_at = None if expires is None else self._moment(expires, 0)
        given = {"amount": amount, "priority": priority, "expiresAt": expires_at and expires_at.isoformat()}
        body = {"credits": bought, "id": next(self.names)} | {name: value for name, value in given.items() if value is not None}
        for _ in range(1 + again):
            assert request("top_up_credits", "POST", f"/v1/campaigns/{campaign.id}/credits", body).status == 200
        price = campaign.list_price(datetime.now(UTC)) if amount is None else Fraction(amount) / Fraction(bought)
        campaign.books.grant(Grant(Decimal(bought), price, "purchase", 100 if priority is None else priority, expires_at))
        self._step("top_up", [campaign])

    @rule(company=companies, which=with_credits, allocation=st.sampled_from(["0", "10", "40", "80"]))
    def allocate(self, company: int, which: int, allocation: str) -> None:
        campaign = self.companies[company].campaigns[which]
        campaign.books.list_prices = [(None, campaign.list_price(datetime.now(UTC)))]
        sql = "UPDATE campaigns SET credit_allocation = :credits, credits_remaining = 7777 WHERE id = :id"
        try:
            campaign.books.allocate(Decimal(allocation))
        except TooLittleLeft:
            try:
                self.world.rows(sql, credits=allocation, id=campaign.id)
                raise AssertionError("an allocation was lowered below what is used of it")
            except DatabaseError as error:
                assert violated_constraint(error) == "used_credits_stay"
        else:
            self.world.rows(sql, credits=allocation, id=campaign.id)
        self._step("allocate", [campaign])

    # Documents

    @rule(company=companies, month=st.integers(0, 2), next_one=st.booleans())
    def issue(self, company: int, month: int, next_one: bool) -> None:
        owner = self.companies[company]
        wanted = owner.next_month if next_one else months_later(self.first, month)
        if wanted > months_later(self.first, 4):
            return
        answer = post_invoices(owner.id, f"{wanted:%Y-%m}")
        before = owner.next_month
        try:
            made = owner.close(wanted)
            assert answer.status == (201 if made else 200), answer.body
        except Refused:
            assert answer.status == 409, answer.body
        self._settle([owner] if owner.next_month != before else [])
        self._number_documents()
        self._step("issue", [])

    @rule(hours_after=st.integers(-2, 2), month=st.integers(1, 3), zone_of=companies)
    def invoice_job(self, hours_after: int, month: int, zone_of: int) -> None:
        """Around 72 hours after a month's end."""
        end = midnight(months_later(self.first, month), self.companies[zone_of].zone)
        at = (end + timedelta(hours=72 + hours_after)).replace(minute=0)
        invoke("issue_invoices", scheduled_event(at))
        before = [owner.next_month for owner in self.companies]
        for owner in self.companies:
            while midnight(months_later(owner.next_month, 1), owner.zone) + timedelta(hours=72) <= at:
                owner.close(owner.next_month)
        self._settle([owner for owner, month in zip(self.companies, before, strict=True) if owner.next_month != month])
        self._number_documents()
        self._step("invoice_job", [])

    @rule(company=companies, which=st.integers(0, 20))
    def credit(self, company: int, which: int) -> None:
        owner = self.companies[company]
        if not owner.documents:
            return
        document = owner.documents[which % len(owner.documents)]
        answer = credit(document.number, id=next(self.names))
        if document.kind == "credit_note" or document.credited:
            assert answer.status == 409, answer.body
        else:
            assert answer.status == 201, answer.body
            owner.credit(document)
        self._number_documents()
        self._step("credit", [])

    @rule(company=companies, which=campaigns | st.none(), amount=st.sampled_from(["-40.00", "7.50", "-0.01"]))
    def adjust(self, company: int, which: int | None, amount: str) -> None:
        owner, name = self.companies[company], next(self.names)
        campaign = None if which is None else owner.campaigns[which].id
        given = {"campaignId": campaign} if campaign else {}
        assert adjust(owner.id, amount, id=name, **given).status in (200, 201)
        owner.adjustments[name] = campaign, Decimal(amount)
        self._step("adjust", [])

    @rule(company=companies)
    def preview(self, company: int) -> None:
        owner = self.companies[company]
        if owner.next_month > months_later(self.first, 3):
            return
        shown = preview(owner.id, f"{owner.next_month:%Y-%m}").body
        draft = owner.draft(owner.next_month)
        same([_document(each) for each in shown["invoices"]], [_expected(draft)] if draft else [])
        self._step("preview", [])

    @rule(company=companies)
    def reconcile(self, company: int) -> None:
        result = reconciled(self.companies[company].id)
        assert result["ok"], [check for check in result["checks"] if check["differences"]]
        self._step("reconcile", [])

    def _settle(self, closed: list[Company]) -> None:
        """A closing takes for unseen what came in the seconds before it, in which a history has done everything: no cause would
        ever be missed."""
        for owner in closed:
            plant(self.world, f"UPDATE billing_months SET settled = clock_timestamp() WHERE company_id = '{owner.id}'")

    def _number_documents(self) -> None:
        """Give the model's documents the numbers that those of the database have."""
        for owner in self.companies:
            rows = self.world.rows("SELECT document FROM invoices WHERE company_id = :id ORDER BY year, sequence", id=owner.id)
            assert len(rows) == len(owner.documents)
            for row, document in zip(rows, owner.documents, strict=True):
                document.number = row["document"]["number"]
                same((_document(row["document"]), row["document"]["corrects"]), (_expected(document), document.corrects))
        chain = [row["document"] for row in self.world.rows("SELECT document FROM invoices ORDER BY year, sequence")]
        assert list(breaks(chain)) == []
        assert [int(each["number"][-6:]) for each in chain] == list(range(1, len(chain) + 1))

    # The comparison

    def _step(self, name: str, touched: list[Campaign]) -> None:
        Billing.steps[name] += 1
        self._compare(touched)

    def _compare(self, touched: list[Campaign]) -> None:
        self._compare_ledger()
        self._compare_grants()
        for campaign in {each.id: each for each in touched}.values():
            self._compare_statements(campaign)
        for owner in self.companies:
            self._compare_split(owner)

    def _compare_ledger(self) -> None:
        found = {
            (str(r["id"]), r["campaign_id"], r["event_type"], r["quantity"], r["event_timestamp"], str(r["corrects"]))
            for r in self.world.ledger()
        }
        same(
            found,
            {(r.id, r.campaign.id, r.kind, r.quantity, r.at, r.corrects.id if r.corrects else "None") for r in self.records},
        )

    def _compare_grants(self) -> None:
        grants = self.world.rows("SELECT id, campaign_id, credits - moved AS remaining FROM credit_grants ORDER BY id")
        moved = self.world.rows(
            "SELECT record_id, grant_id, sum(credits) AS credits FROM credit_movements WHERE record_id IS NOT NULL "
            "GROUP BY record_id, grant_id HAVING sum(credits) <> 0"
        )
        paid: dict[str, dict[Any, Decimal]] = {}
        for row in moved:
            paid.setdefault(str(row["record_id"]), {})[row["grant_id"]] = row["credits"]
        balances = {row["id"]: row for row in self.world.rows("SELECT id, credits_remaining, credits_granted FROM campaigns")}
        alerts = self.world.rows(
            "SELECT subject, type FROM billing_events WHERE type IN ('credits.low', 'credits.depleted') ORDER BY id"
        )
        expected: dict[str, dict[Any, Decimal]] = {}
        for campaign in self.all:
            mine = [row for row in grants if row["campaign_id"] == campaign.id]
            same([row["remaining"] for row in mine], [grant.left for grant in campaign.books.grants])
            ids = {grant: row["id"] for grant, row in zip(campaign.books.grants, mine, strict=True)} | {None: None}
            for name, record in campaign.books.records.items():
                if by_grant := record.paid():
                    expected[name] = {ids[grant]: credits for grant, credits in by_grant.items()}
            row = balances[campaign.id]
            same((row["credits_remaining"], row["credits_granted"]), (campaign.books.balance, campaign.books.base))
            same([alert["type"] for alert in alerts if alert["subject"] == campaign.id], campaign.books.alerts)
        same(paid, expected)

    def _compare_statements(self, campaign: Campaign) -> None:
        owner = next(company for company in self.companies if campaign in company.campaigns)
        months = [midnight(months_later(self.first, number), owner.zone) for number in range(4)]
        turn = Billing.steps.total()
        middle = self._moment(turn * 7 % (DAYS * 24), turn % 60)
        next_year = datetime.now(UTC).year + 1
        ahead = [midnight(date(next_year, month, 1), owner.zone) for month in (1, 3)]
        periods = [*pairwise(months), (months[0], middle), (middle, months[3]), (ahead[0], ahead[1])]
        periods = [periods[turn % 3], periods[3 + turn % 3]]
        for start, end in periods:
            if start < end:
                query = {"start": start.isoformat(), "end": end.isoformat()}
                answer = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign.id}/usage", query=query)
                assert answer.status == 200, answer.body
                same(_lines(answer.body["billing"]), owner.statement(campaign, start, end))

    def _compare_split(self, owner: Company) -> None:
        (subscription,) = owner.subscriptions
        body = request("split_bundle", "GET", f"/v1/subscriptions/{subscription}/allocation").body
        valid, total, amounts = owner.split(subscription, datetime.now(UTC))
        same((body["validation"]["isValid"], Decimal(body["totalAllocationPercentage"])), (valid, six(total)))
        if valid:
            same([(each["campaignId"], Decimal(each["allocatedAmount"])) for each in body["campaigns"]], amounts)

    def _moment(self, hour: int, minute: int) -> datetime:
        return datetime(self.first.year, self.first.month, 1, minute=minute, tzinfo=UTC) + hour * HOUR

    def _since(self, owner: Company, since: Any) -> tuple[datetime, str]:
        """An instant from which terms can hold, and how a request writes it."""
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        kind, number = since or ("now", 0)
        if kind == "day":
            day = self.first + timedelta(number)
            return midnight(day, owner.zone), day.isoformat()
        instant = {"hour": self._moment(number, 0), "now": now}.get(kind, now + timedelta(days=30) + number * HOUR)
        return instant, instant.isoformat()

    def _dated(self, given: dict[str, Any]) -> dict[str, Any]:
        custom = given.get("custom")
        if not custom or "milestonePayments" not in custom:
            return given
        due = [
            {name: value for name, value in each.items() if name != "day"}
            | {"dueDate": (self.first + timedelta(each["day"])).isoformat()}
            for each in custom["milestonePayments"]
        ]
        return given | {"custom": custom | {"milestonePayments": due}}

    def _in_the_api(self, given: dict[str, Any]) -> dict[str, Any]:
        named = {API_NAMES[name]: value for name, value in given.items() if name in API_NAMES}
        if "learner_price" in given:
            named["iaasMetrics"] = {"pricePerLearner": given["learner_price"]}
        return named | ({"customPricingTerms": given["custom"]} if "custom" in given else {})


def same(found: object, expected: object) -> None:
    """Raises with both, whoever runs the machine."""
    if found != expected:
        raise AssertionError(f"the database has\n  {found}\nthe model has\n  {expected}")


def _lines(bill: dict[str, Any]) -> list[Line]:
    lines = [
        Line(each["unit"], Decimal(each["quantity"]), Decimal(each["unitPrice"]), each["coveredBy"], Decimal(each["amount"]))
        for each in bill["lines"]
    ]
    assert Decimal(bill["totalAmount"]) == sum(line.amount for line in lines)
    assert Decimal(bill["amountDue"]) == sum(line.amount for line in lines if line.covered_by == "none")
    return sorted(line for line in lines if line.quantity)


def _document(shown: dict[str, Any]) -> dict[str, Any]:
    lines: dict[Any, Decimal] = {}
    for line in shown["lines"]:
        if line["coveredBy"] == "none":
            where = line["campaignId"], line["key"], date.fromisoformat(f"{line['month']}-01")
            lines[where] = lines.get(where, Decimal(0)) + Decimal(line["amount"])
    money = [Decimal(shown[name]) for name in ("netAmount", "taxAmount", "totalAmount")]
    return {"kind": shown["kind"], "month": shown["month"], "lines": lines, "money": money}


def _expected(document: Document) -> dict[str, Any]:
    money = [document.net, document.tax, document.net + document.tax]
    return {"kind": document.kind, "month": f"{document.month:%Y-%m}", "lines": document.lines, "money": money}
