"""The whole of the billing in memory, as docs/design.md describes it and as plainly as can be: no SQL, no handler, no clock.

What a campaign is charged is listed charge by charge, each with the instant at which it arises, from the beginning of time; a
statement is the charges of its period. Instants are in UTC, quantities and prices are `Fraction`s. Grants, and what burns
them, are in `tests/credits/books.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import floor
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.credits.books import Books

HOUR = timedelta(hours=1)
CENT = Decimal("0.01")
BEGINNING, END_OF_TIME = datetime(1990, 1, 1, tzinfo=UTC), datetime(2250, 1, 1, tzinfo=UTC)
CHARGED = {"recruiting", "active", "paused"}
STEPS = {"month": 1, "quarter": 3, "year": 12}
TAX_RATE = Decimal(25)


class Charge(NamedTuple):
    """What arises at an instant; charges that agree in all but instant and quantity are one line."""

    at: datetime
    key: str
    unit: str
    price: Fraction
    covered_by: str
    quantity: Fraction


class Line(NamedTuple):
    """A line of a statement, as the API shows it: the quantity and the price with at most six decimals."""

    unit: str
    quantity: Decimal
    price: Decimal
    covered_by: str
    amount: Decimal


@dataclass(eq=False)
class Record:
    """A row of the ledger."""

    campaign: "Campaign"
    kind: str
    quantity: Decimal
    at: datetime
    corrects: "Record | None" = None
    superseded_by: "Record | None" = None
    id: str = ""


@dataclass
class Activity:
    kind: str
    quantity: Decimal
    at: datetime
    charged: bool = False


@dataclass
class Subscription:
    """`versions` are (from when, annual price, quantity, period start, period end), in the order of recording."""

    id: str
    versions: list[tuple[datetime, Fraction, int, datetime, datetime]]

    def in_force(self, instant: datetime) -> tuple[Fraction, int, datetime, datetime] | None:
        held = [version for version in sorted(self.versions, key=lambda version: version[0]) if version[0] <= instant]
        return held[-1][1:] if held else None


@dataclass
class Change:
    since: datetime
    terms: dict[str, Any]


class Refused(Exception):
    """The design refuses the change."""


@dataclass(eq=False)
class Campaign:
    id: str
    zone: ZoneInfo
    start: date
    end: date | None
    changes: list[Change]
    books: Books
    volunteers: int = 0
    records: list[Record] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)

    def terms_at(self, instant: datetime) -> dict[str, Any]:
        """All changes until the instant, the later one overriding the earlier one term by term (design §10)."""
        terms: dict[str, Any] = {}
        for change in sorted(self.changes, key=lambda change: change.since):
            if change.since <= instant:
                terms |= change.terms
        return terms

    def edges(self) -> list[datetime]:
        """Every instant at which terms may change."""
        return sorted({change.since for change in self.changes})

    @property
    def begins_at(self) -> datetime:
        return midnight(self.start, self.zone)

    @property
    def ends_at(self) -> datetime:
        return END_OF_TIME if self.end is None else midnight(self.end + timedelta(1), self.zone)

    def effective(self) -> list[Record]:
        return [record for record in self.records if record.superseded_by is None]

    def list_price(self, instant: datetime) -> Fraction:
        price: Fraction = self.terms_at(instant)["credit_price"]
        return price


@dataclass
class Document:
    kind: str
    month: date
    lines: dict[tuple[str | None, str, date], Decimal]
    number: str = ""
    corrects: str | None = None
    credited: bool = False

    @property
    def net(self) -> Decimal:
        return sum(self.lines.values(), Decimal("0.00"))

    @property
    def tax(self) -> Decimal:
        """Half away from zero (design §13)."""
        return (self.net * TAX_RATE / 100).quantize(CENT, ROUND_HALF_UP)


@dataclass
class Company:
    id: str
    zone: ZoneInfo
    invoice_from: date
    campaigns: list[Campaign] = field(default_factory=list)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    closed: list[date] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    adjustments: dict[str, tuple[str | None, Decimal]] = field(default_factory=dict)

    # Terms

    def change(self, campaign: Campaign, since: datetime, terms: dict[str, Any]) -> None:
        """Raises `Refused` where a link would be of another model than bundle, or the shares too many, at any later instant."""
        if terms.get("model", "bundle") != "bundle":
            terms = terms | {"subscription": None, "share": None}
        campaign.changes.append(Change(since, terms))
        later = [instant for instant in self._edges() if instant >= since]
        held = [campaign.terms_at(instant) for instant in later]
        impossible = any(each["subscription"] and each["model"] != "bundle" for each in held)
        crowded = any(
            each["subscription"] and each["active"] and self.taken(each["subscription"], instant) > Fraction("1.001")
            for each, instant in zip(held, later, strict=True)
        )
        if impossible or (crowded and terms.keys() & {"subscription", "share", "active", "model"}):
            campaign.changes.pop()
            raise Refused

    def taken(self, subscription: str, instant: datetime) -> Fraction:
        """The shares of the active campaigns at an instant."""
        held = [campaign.terms_at(instant) for campaign in self.campaigns]
        return sum((each["share"] for each in held if each["subscription"] == subscription and each["active"]), Fraction(0))

    def _edges(self) -> list[datetime]:
        return sorted({instant for campaign in self.campaigns for instant in campaign.edges()})

    # Statements

    def statement(self, campaign: Campaign, start: datetime, end: datetime) -> list[Line]:
        """The lines of a period whose quantity is not zero."""
        lines: dict[tuple[str, str, Fraction, str], Fraction] = defaultdict(Fraction)
        for at, key, unit, price, covered_by, quantity in self.charges(campaign, start, end):
            if start <= at < end:
                lines[key, unit, price, covered_by] += quantity
        return sorted(
            Line(unit, six(quantity), six(price), covered_by, cents(price * quantity))
            for (_, unit, price, covered_by), quantity in lines.items()
            if quantity
        )

    def due(self, campaign: Campaign, month: date) -> dict[str, Decimal]:
        """The sum of the rounded due lines of each key on the statement of a calendar month (design §13)."""
        start, end = midnight(month, campaign.zone), midnight(months_later(month, 1), campaign.zone)
        lines: dict[tuple[str, str, Fraction], Fraction] = defaultdict(Fraction)
        for at, key, unit, price, covered_by, quantity in self.charges(campaign, start, end):
            if start <= at < end and covered_by == "none":
                lines[key, unit, price] += quantity
        due: dict[str, Decimal] = defaultdict(Decimal)
        for (key, _, price), quantity in lines.items():
            due[key] += cents(price * quantity)
        return due

    def charges(self, campaign: Campaign, start: datetime, end: datetime) -> Iterator[Charge]:
        """At least those of the period."""
        yield from _seats(campaign, start, end)
        yield from _credits(campaign)
        yield from _learners(campaign)
        yield from self._shares(campaign, start, end)
        yield from _fees(campaign, end)
        yield from _components(campaign)
        yield from _milestones(campaign)

    def _shares(self, campaign: Campaign, start: datetime, end: datetime) -> Iterator[Charge]:
        edges = {start, end, *campaign.edges()}
        for subscription in self.subscriptions.values():
            for since, _, _, period_start, period_end in subscription.versions:
                edges |= {since, period_start, period_end}
        for instant, until in pairwise(sorted(edge for edge in edges if start <= edge <= end)):
            terms = campaign.terms_at(instant)
            if terms["model"] != "bundle" or not terms["active"] or terms["subscription"] is None:
                continue
            bought = self.subscriptions[terms["subscription"]].in_force(instant)
            if bought and bought[2] <= instant < bought[3]:
                price, quantity, period_start, _ = bought
                begun = period_start.astimezone(campaign.zone)
                year = begun.replace(year=begun.year + 1).astimezone(UTC) - period_start
                part = Fraction((until - instant) // timedelta.resolution, year // timedelta.resolution)
                yield Charge(instant, "bundle.share", "bundle", price, "subscription", quantity * terms["share"] * part)

    def split(self, subscription: str, now: datetime) -> tuple[bool, Fraction, list[tuple[str, Decimal]]]:
        """Whether the split is valid, the sum of the shares, and the amounts of a valid one (design §6)."""
        bought = self.subscriptions[subscription].in_force(now)
        assert bought
        budget = bought[0] * bought[1]
        shares = {
            campaign.id: terms["share"]
            for campaign in self.campaigns
            if (terms := campaign.terms_at(now))["subscription"] == subscription and terms["active"]
        }
        total = sum(shares.values(), Fraction(0))
        if abs(total - 1) > Fraction("0.001"):
            return False, total, []
        exact = {name: budget * 100 * share / total for name, share in shares.items()}
        units = {name: floor(amount) for name, amount in exact.items()}
        by_remainder = sorted(exact, key=lambda name: units[name] - exact[name])
        for name in by_remainder[: round(budget * 100) - sum(units.values())]:
            units[name] += 1
        return True, total, [(name, Decimal(units[name]) / 100) for name in sorted(units)]

    # Documents

    def invoiced(self, campaign: str | None, key: str, month: date | None = None) -> Decimal:
        """The signed sum on all documents; of a manual adjustment, in any month."""
        return sum(
            (
                amount
                for document in self.documents
                for (whose, named, of), amount in document.lines.items()
                if (whose, named) == (campaign, key) and month in (None, of)
            ),
            Decimal(0),
        )

    def draft(self, month: date) -> Document | None:
        """What a document of a month carries now: charge − invoiced."""
        lines: dict[tuple[str | None, str, date], Decimal] = {}
        for campaign in self.campaigns:
            for each in months_between(self.invoice_from, month):
                due = self.due(campaign, each)
                known = {key for document in self.documents for whose, key, of in document.lines if whose == campaign.id}
                for key in {*due, *(key for key in known if not key.startswith("manual:"))}:
                    difference = due.get(key, Decimal(0)) - self.invoiced(campaign.id, key, each)
                    if difference:
                        lines[campaign.id, key, each] = difference
        for name, (whose, amount) in self.adjustments.items():
            difference = amount - self.invoiced(whose, f"manual:{name}")
            if difference:
                lines[whose, f"manual:{name}", month] = difference
        if not lines:
            return None
        document = Document("invoice", month, lines)
        document.kind = "credit_note" if document.net < 0 else "invoice"
        return document

    @property
    def next_month(self) -> date:
        return months_later(self.closed[-1], 1) if self.closed else self.invoice_from

    def of_month(self, month: date) -> list[Document]:
        return [each for each in self.documents if each.month == month and each.corrects is None]

    def close(self, month: date) -> Document | None:
        """The document that closing a month, or issuing it again, makes. Raises `Refused` where an earlier one is open."""
        if month < self.invoice_from or month > self.next_month:
            raise Refused
        if month in self.closed:
            issued = self.of_month(month)
            if not issued or not all(each.credited for each in issued):
                return None
        else:
            self.closed.append(month)
        draft = self.draft(month)
        if draft:
            self.documents.append(draft)
        return draft

    def credit(self, document: Document) -> Document:
        document.credited = True
        lines = {line: -amount for line, amount in document.lines.items()}
        note = Document("credit_note", document.month, lines, corrects=document.number)
        self.documents.append(note)
        return note


def _seats(campaign: Campaign, start: datetime, end: datetime) -> Iterator[Charge]:
    taken, hours = _seats_of_hours(campaign), Counter[date]()
    for since, until in pairwise(sorted({start, end, *(edge for edge in campaign.edges() if start < edge < end)})):
        hour, terms = _first_hour(since), campaign.terms_at(since)
        while hour < until:
            yield from _seats_of_hour(campaign, hour, terms, taken.get(hour, Fraction(0)), hours)
            hour += HOUR


def _seats_of_hour(
    campaign: Campaign, hour: datetime, terms: dict[str, Any], taken: Fraction, hours: Counter[date]
) -> Iterator[Charge]:
    if terms["model"] != "seats":
        return
    of_month, price = _hours_of_month(hour, campaign.zone, hours), terms["seat_price"]
    if campaign.begins_at <= hour < campaign.ends_at and terms["active"] and terms["status"] in CHARGED:
        yield Charge(hour, "seats.committed", "seat-month", price, "none", terms["committed"] / of_month)
    yield Charge(hour, "seats.additional", "seat-month", price, "none", max(taken - terms["committed"], Fraction(0)) / of_month)


def _seats_of_hours(campaign: Campaign) -> dict[datetime, Fraction]:
    seats: dict[datetime, Fraction] = {}
    for record in campaign.effective():
        if record.kind == "seat_usage":
            hour = record.at.replace(minute=0, second=0, microsecond=0)
            seats[hour] = max(seats.get(hour, Fraction(0)), Fraction(record.quantity))
    return seats


def _credits(campaign: Campaign) -> Iterator[Charge]:
    for record in campaign.books.records.values():
        if record.superseded or campaign.terms_at(record.timestamp)["model"] != "credits":
            continue
        for burn in record.burned:
            price, quantity = burn.grant.price, Fraction(burn.credits)
            yield Charge(record.timestamp, "credits.prepaid", "credit", price, "prepaid_credits", quantity)
        price = campaign.list_price(record.timestamp)
        yield Charge(record.timestamp, "credits.overage", "credit", price, "none", Fraction(record.overage))


def _learners(campaign: Campaign) -> Iterator[Charge]:
    for record in campaign.effective():
        terms = campaign.terms_at(record.at)
        if record.kind == "learner_served" and terms["model"] == "iaas":
            yield Charge(record.at, "iaas.learners", "learner", terms["learner_price"], "none", Fraction(record.quantity))


def _fees(campaign: Campaign, end: datetime) -> Iterator[Charge]:
    for instant in sorted({campaign.begins_at, *campaign.edges()}):
        if fee := _fee(campaign, instant, "once"):
            yield Charge(instant, "custom.fee", "fee", fee, "none", Fraction(1))
            break
    for interval, step in STEPS.items():
        number, instant = 0, campaign.begins_at
        while instant < end:
            if fee := _fee(campaign, instant, interval):
                yield Charge(instant, "custom.fee", interval, fee, "none", Fraction(1))
            number += step
            instant = midnight(months_later(campaign.start, number), campaign.zone)


def _fee(campaign: Campaign, instant: datetime, interval: str) -> Fraction | None:
    terms = campaign.terms_at(instant)
    charged = terms["active"] and terms["status"] in CHARGED and campaign.begins_at <= instant < campaign.ends_at
    custom = terms["custom"] if terms["model"] == "custom" else {}
    if not charged or custom.get("fixedFeeInterval", "once") != interval or "fixedFee" not in custom:
        return None
    return Fraction(custom["fixedFee"])


def _components(campaign: Campaign) -> Iterator[Charge]:
    hours = Counter[date]()
    used: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for at, unit, quantity in sorted(_used(campaign, hours)):
        terms = campaign.terms_at(at)
        for component in terms["custom"].get("variableComponents", ()) if terms["model"] == "custom" else ():
            if component["unit"] == unit:
                name = component["name"], unit
                before, used[name] = used[name], used[name] + quantity
                cap = Fraction(component.get("cap", "1000000000"))
                charged = min(cap, used[name]) - min(cap, before)
                rate, shown = Fraction(component["rate"]), unit.replace("_", "-")
                yield Charge(at, f"custom.component:{component['name']}", shown, rate, "none", charged)


def _used(campaign: Campaign, hours: Counter[date]) -> Iterator[tuple[datetime, str, Fraction]]:
    units = {"session_completed": "session", "learner_served": "learner", "credit_usage": "credit"}
    for record in campaign.effective():
        if record.kind in units:
            yield record.at, units[record.kind], Fraction(record.quantity)
    for hour, seats in _seats_of_hours(campaign).items():
        yield hour, "seat_month", seats / _hours_of_month(hour, campaign.zone, hours)
    for activity in campaign.activities:
        if activity.kind == "volunteer_hours":
            yield activity.at, "hour", Fraction(activity.quantity)


def _milestones(campaign: Campaign) -> Iterator[Charge]:
    """Looked for at each instant at which terms change or a day on which one is due begins."""
    agreed = [change.terms["custom"] for change in campaign.changes if change.terms.get("custom")]
    days = {each["dueDate"] for custom in agreed for each in custom.get("milestonePayments", ())}
    paid: set[str] = set()
    for instant in sorted({*campaign.edges(), *(midnight(date.fromisoformat(day), campaign.zone) for day in days)}):
        terms = campaign.terms_at(instant)
        for each in terms["custom"].get("milestonePayments", ()) if terms["model"] == "custom" else ():
            name = each.get("name", each["dueDate"])
            if name not in paid and midnight(date.fromisoformat(each["dueDate"]), campaign.zone) <= instant:
                paid.add(name)
                yield Charge(instant, f"custom.milestone:{name}", "milestone", Fraction(each["amount"]), "none", Fraction(1))


@cache
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of the day, looked for by quarters of an hour."""
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=26)
    while instant.astimezone(zone).date() < day:
        instant += timedelta(minutes=15)
    return instant


def months_later(day: date, count: int) -> date:
    """The same day so many months later, or the last day of that month."""
    first = day.replace(day=1)
    for _ in range(count):
        first = (first + timedelta(31)).replace(day=1)
    last = (first + timedelta(31)).replace(day=1) - timedelta(1)
    return min(first + timedelta(day.day - 1), last)


def months_between(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = months_later(first, 1)


def _first_hour(instant: datetime) -> datetime:
    whole = instant.replace(minute=0, second=0, microsecond=0)
    return whole if whole == instant else whole + HOUR


def _hours_of_month(instant: datetime, zone: ZoneInfo, known: Counter[date]) -> int:
    """The whole hours whose first instant lies in the month, counted one by one."""
    month = instant.astimezone(zone).date().replace(day=1)
    if month not in known:
        hour, end = _first_hour(midnight(month, zone)), midnight(months_later(month, 1), zone)
        while hour < end:
            known[month] += 1
            hour += HOUR
    return known[month]


def six(value: Fraction) -> Decimal:
    return Decimal(round(value * 1_000_000)) / 1_000_000


def cents(amount: Fraction) -> Decimal:
    """Half to even."""
    return Decimal(round(amount * 100)) / 100
