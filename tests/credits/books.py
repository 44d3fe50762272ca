"""The books of one credits campaign as design §11 and §12 describe them, in memory: no SQL, no handler, no clock.

It is what the database is compared with, step by step. Instants are `datetime`s, credits `Decimal`s, prices `Fraction`s.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.money import round_money

GRACE = timedelta(hours=72)
NOTHING = Decimal(0)


@dataclass(eq=False)
class Grant:
    credits: Decimal
    price: Fraction
    source: str
    priority: int = 100
    expires_at: datetime | None = None
    left: Decimal = NOTHING
    withdrawn: Decimal = NOTHING
    expired: bool = False

    def pays_at(self, instant: datetime) -> bool:
        return self.expires_at is None or self.expires_at > instant


@dataclass(eq=False)
class Burn:
    grant: Grant
    credits: Decimal
    place: int


@dataclass(eq=False)
class Record:
    timestamp: datetime
    quantity: Decimal
    place: int
    burned: list[Burn] = field(default_factory=list)
    overage: Decimal = NOTHING
    superseded: bool = False

    def paid(self) -> dict[Grant | None, Decimal]:
        """The credits that each grant paid; those that none did have None."""
        credits: Counter[Grant | None] = Counter()
        for burn in self.burned:
            credits[burn.grant] += burn.credits  # type: ignore[assignment]
        credits[None] += self.overage  # type: ignore[assignment]
        return {grant: Decimal(paid) for grant, paid in credits.items() if paid and not self.superseded}


class TooLittleLeft(Exception):
    """An allocation cannot be lowered below what is used of it."""


class Books:
    def __init__(self, allocation: Decimal, list_price: Fraction) -> None:
        self.grants: list[Grant] = []
        self.records: dict[str, Record] = {}
        self.list_prices: list[tuple[datetime | None, Fraction]] = [(None, list_price)]
        self.alerts: list[str] = []
        self.allocation = NOTHING
        self._places = 0
        self.allocate(allocation)
        self.alerts.clear()

    @property
    def balance(self) -> Decimal:
        return sum((grant.left for grant in self.grants), NOTHING)

    @property
    def base(self) -> Decimal:
        """What alerts are measured by."""
        return sum((grant.credits - grant.withdrawn for grant in self.grants if not grant.expired), NOTHING)

    def grant(self, grant: Grant) -> None:
        def add() -> None:
            grant.left = grant.credits
            self.grants.append(grant)

        self._statement(add)

    def allocate(self, allocation: Decimal) -> None:
        """Raised: a further grant at the list price; lowered: withdrawn from the last allocation grant first."""
        change = allocation - self.allocation
        given = [grant for grant in reversed(self.grants) if grant.source == "allocation"]
        if -change > sum((grant.left for grant in given), NOTHING):
            raise TooLittleLeft
        self.allocation = allocation
        if change > 0:
            self.grant(Grant(change, self.list_prices[-1][1], "allocation"))
            return

        def withdraw() -> None:
            lowered = -change
            for grant in given:
                taken = min(grant.left, lowered)
                grant.left -= taken
                grant.withdrawn += taken
                lowered -= taken

        self._statement(withdraw)

    def record(self, used: dict[str, tuple[datetime, Decimal]]) -> None:
        """Records of one statement, by their ids: in the order of their timestamps, then ids."""

        def burn() -> None:
            for record_id, (timestamp, quantity) in sorted(used.items(), key=lambda item: (item[1][0], int(item[0]))):
                record = self.records[record_id] = Record(timestamp, quantity, self._next_place())
                self._burn(record, quantity)

        self._statement(burn)

    def correct(self, corrections: dict[str, tuple[str, datetime, Decimal]]) -> None:
        """Corrections of one statement, by their ids: the id of the record that each supersedes, and its own values."""

        def take_over() -> None:
            for record_id, (corrected, timestamp, quantity) in sorted(
                corrections.items(), key=lambda item: (item[1][1], int(item[0]))
            ):
                self._take_over(record_id, self.records[corrected], timestamp, quantity)

        self._statement(take_over)

    def expire(self, hour: datetime) -> None:
        """What the credit job of an hour books."""

        def book() -> None:
            for grant in self.grants:
                if grant.expires_at is not None and grant.expires_at + GRACE <= hour:
                    grant.left, grant.expired = NOTHING, True

        self._statement(book)

    def list_price(self, instant: datetime) -> Fraction:
        return next(price for since, price in reversed(self.list_prices) if since is None or since <= instant)

    def statement(self, start: datetime, end: datetime) -> tuple[Decimal, Decimal, Decimal]:
        """The credits consumed in a period, the amount covered, and the amount due."""
        covered: Counter[Fraction] = Counter()
        due: Counter[Fraction] = Counter()
        consumed = NOTHING
        for record in self.records.values():
            if record.superseded or not start <= record.timestamp < end:
                continue
            consumed += record.quantity
            for burn in record.burned:
                covered[burn.grant.price] += Fraction(burn.credits)  # type: ignore[assignment]
            due[self.list_price(record.timestamp)] += Fraction(record.overage)  # type: ignore[assignment]
        return consumed, _amount(covered), _amount(due)

    def _next_place(self) -> int:
        self._places += 1
        return self._places

    def _statement(self, change: Callable[[], None]) -> None:
        """A line is crossed when the balance was at or above it before, and is below it after."""
        balance, base = self.balance, self.base
        change()
        if balance >= base / 10 and self.balance < self.base / 10:
            self.alerts.append("credits.low")
        if balance > 0 and self.balance == 0:
            self.alerts.append("credits.depleted")

    def _burn(self, record: Record, quantity: Decimal) -> None:
        for grant in self._in_order(record.timestamp):
            taken = min(grant.left, quantity)
            grant.left -= taken
            quantity -= taken
            record.burned.append(Burn(grant, taken, self._next_place()))
        record.overage += quantity

    def _in_order(self, instant: datetime) -> Iterator[Grant]:
        """Lowest priority number first, then earliest expiry, none last, then oldest."""
        able = [grant for grant in self.grants if grant.left > 0 and grant.pays_at(instant)]
        never = max((grant.expires_at for grant in able if grant.expires_at), default=instant) + timedelta(1)
        yield from sorted(able, key=lambda grant: (grant.priority, grant.expires_at or never))

    def _take_over(self, record_id: str, superseded: Record, timestamp: datetime, quantity: Decimal) -> None:
        superseded.superseded = True
        correction = self.records[record_id] = Record(timestamp, quantity, self._next_place())
        excess = max(superseded.quantity - quantity, NOTHING)
        forgiven = min(excess, superseded.overage)
        correction.overage = superseded.overage - forgiven
        excess -= forgiven
        freed: list[Burn] = []
        for burn in sorted(superseded.burned, key=lambda burn: burn.place, reverse=True):
            taken = min(burn.credits, excess)
            excess -= taken
            freed.append(Burn(burn.grant, taken, burn.place))
            correction.burned.append(Burn(burn.grant, burn.credits - taken, burn.place))
        if quantity > superseded.quantity:
            self._burn(correction, quantity - superseded.quantity)
        for burn in freed:
            self._give_back(burn)

    def _give_back(self, burn: Burn) -> None:
        """First to the overage of effective records recorded after the burn, in their order; the rest to the grant."""
        credits = burn.credits
        for record in sorted(self.records.values(), key=lambda record: record.place):
            if record.superseded or record.place < burn.place or not burn.grant.pays_at(record.timestamp):
                continue
            paid = min(credits, record.overage)
            credits -= paid
            record.overage -= paid
            record.burned.append(Burn(burn.grant, paid, self._next_place()))
        burn.grant.left += NOTHING if burn.grant.expired else credits


def _amount(credits: Mapping[Fraction, int | Fraction]) -> Decimal:
    """Each price is a line, rounded once."""
    return sum((round_money(Fraction(price) * Fraction(used), "EUR") for price, used in credits.items()), NOTHING)
