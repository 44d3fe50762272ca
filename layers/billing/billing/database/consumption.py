"""Loads what campaigns used into the parts that the pricing models take: one round trip for each kind of usage, however many
campaigns there are."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, compress, islice, zip_longest
from typing import NamedTuple

from billing.database.session import Session, load_json, table
from billing.instants import EARLIEST
from billing.money import quotient
from billing.periods import Month, Period, first_hour, months
from billing.pricing import custom
from billing.pricing.statement import Part
from billing.sql import queries
from billing.terms.campaign import Campaign, Version
from billing.terms.models import SeatTerms
from billing.usage.consumption import Burned, Consumption, SeatMonth

CHARGED_BY_TOTALS = {"iaas", "custom"}
"""The models that charge sums of usage; seats are charged by the hour, credits by their movements, bundles by time."""

_SQL = queries("consumption")


class Charged(NamedTuple):
    """A campaign, the parts of the period, and those of its life before it, where its terms look so far back."""

    campaign: Campaign
    parts: list[Part]
    earlier: list[Part]


class _Cut(NamedTuple):
    """A part that is not loaded yet."""

    campaign: Campaign
    version: Version
    period: Period
    months: Sequence[Month]


_Totals = dict[str, Decimal | int]
"""What was used, by the kind of usage."""


class _Total(NamedTuple):
    part: int
    kind: str
    quantity: Decimal | int


class _Seats(NamedTuple):
    part: int
    seat_hours: Decimal
    additional_seat_hours: Decimal
    peak: Decimal
    estimated_seat_hours: Decimal
    estimated_additional_seat_hours: Decimal
    hours_above: int


class _Movement(NamedTuple):
    part: int
    price_amount: Decimal | int | None
    price_credits: Decimal | int | None
    credits: Decimal | int


def load_consumption(db: Session, campaigns: Sequence[tuple[Campaign, Period]], *, all_usage: bool = False) -> list[Charged]:
    """What each campaign used in its period, cut where its terms change: what it is charged for and measured by, or
    `all_usage`."""
    within = [list(_cut(campaign, period)) for campaign, period in campaigns]
    before = [list(_earlier(campaign, period, cuts)) for (campaign, period), cuts in zip(campaigns, within, strict=True)]
    loaded = iter(_load(db, [*chain.from_iterable(within), *chain.from_iterable(before)], all_usage))
    parts, earlier = ([list(islice(loaded, len(cuts))) for cuts in some] for some in (within, before))
    return [Charged(campaign, *found) for (campaign, _), *found in zip(campaigns, parts, earlier, strict=True)]


def _cut(campaign: Campaign, period: Period) -> Iterator[_Cut]:
    for version in campaign.versions_in(period.start, period.end):
        whole = version.starts_at <= period.start and period.end <= version.ends_at
        part = period if whole else Period(max(period.start, version.starts_at), min(period.end, version.ends_at))
        yield _Cut(campaign, version, part, months(part, campaign.zone))


def _earlier(campaign: Campaign, period: Period, within: Sequence[_Cut]) -> Iterator[_Cut]:
    """The parts before the period in which terms had a component that is capped in it."""
    terms = [custom.custom_terms(cut.version) for cut in within]
    capped = [each for agreed in terms if agreed for each in agreed.variable_components if each.cap is not None]
    if not capped or period.start <= EARLIEST:
        return
    for cut in _cut(campaign, Period(EARLIEST, period.start)):
        agreed = custom.custom_terms(cut.version)
        if agreed and any(agreed.component(each.name, each.unit) for each in capped):
            yield cut


def load_rest(db: Session, company_id: str, so_far: Sequence[Charged], period: Period, now: datetime) -> list[Charged]:
    """`load_consumption` of a company's campaigns for a period, of which the part up to `now` is loaded, or has not begun. Few
    have usage after it; custom terms look at activities, too, and at what was before the period."""
    ahead = Period(max(now, period.start), period.end)
    used = set(db.value(_SQL["used_later"], company_id=company_id, instant=ahead.start))
    asked = [each.campaign for each in so_far if each.campaign.id in used or _has_custom_terms(each.campaign, ahead)]
    rest = {each.campaign.id: each for each in load_consumption(db, [(campaign, ahead) for campaign in asked])}
    return [
        Charged(each.campaign, [*each.parts, *later.parts], each.earlier or later.earlier)
        if (later := rest.get(each.campaign.id))
        else _extended(each, period)
        for each in so_far
    ]


def _has_custom_terms(campaign: Campaign, period: Period) -> bool:
    return any(map(custom.custom_terms, campaign.versions_in(period.start, period.end)))


def nothing_used(campaign: Campaign, period: Period) -> Charged:
    """`load_consumption` of a campaign that used nothing."""
    return _extended(Charged(campaign, [], []), period)


def _extended(charged: Charged, period: Period) -> Charged:
    """With nothing used in what follows until the period's end."""
    parts = []
    for cut, used in zip_longest(_cut(charged.campaign, period), (part.consumption for part in charged.parts)):
        consumption = used or Consumption()
        unused = _unused(cut.months[len(consumption.seat_months) :])
        whole = consumption._replace(seat_months=consumption.seat_months + unused) if unused else consumption
        parts.append(Part(cut.version, cut.period, cut.months, whole))
    return Charged(charged.campaign, parts, charged.earlier)


def _unused(some: Sequence[Month]) -> tuple[SeatMonth, ...]:
    return tuple(SeatMonth(month.hours_in_month) for month in some)


def _load(db: Session, cuts: list[_Cut], all_usage: bool) -> Iterator[Part]:
    # The capacity of a bundle is measured by the learners of the whole period, whatever the model was before.
    bundled = {cut.campaign.id for cut in cuts if cut.version.pricing_model == "bundle"}
    by_total = [all_usage or cut.version.pricing_model in CHARGED_BY_TOTALS or cut.campaign.id in bundled for cut in cuts]
    by_seat = [all_usage or _charges_seats(cut.version) for cut in cuts]
    by_credit = [cut.version.pricing_model == "credits" for cut in cuts]
    chosen = (list(compress(cuts, some)) for some in (by_total, by_seat, by_credit))
    sums, seat_months, movements = _load_sums(db, *chosen)
    totals, seats, moved = iter(sums), iter(seat_months), iter(movements)
    for cut, has_totals, has_seats, has_moved in zip(cuts, by_total, by_seat, by_credit, strict=True):
        consumption = _consumption(
            tuple(next(seats) for _ in cut.months) if has_seats else _unused(cut.months),
            next(totals) if has_totals else {},
            next(moved) if has_moved else [],
        )
        yield Part(cut.version, cut.period, cut.months, consumption)


def _charges_seats(version: Version) -> bool:
    agreed = custom.custom_terms(version)
    return isinstance(version.terms, SeatTerms) or (
        agreed is not None and any(each.unit == "seat_month" for each in agreed.variable_components)
    )


def _load_sums(
    db: Session, by_total: list[_Cut], by_seat: list[_Cut], by_credit: list[_Cut]
) -> tuple[list[_Totals], list[SeatMonth], list[list[_Movement]]]:
    """The totals of some parts, the seats of each month of some, and who paid for the credits of some, in one round trip.

    Parts that follow each other and are not charged by totals share one, which the first gets. An hour belongs to the part that
    holds its first instant."""
    firsts = [number for number, cut in enumerate(by_total) if number == 0 or not _shares_totals(by_total[number - 1], cut)]
    lasts = [*(following - 1 for following in firsts[1:]), len(by_total) - 1]
    slices = [(cut, month) for cut in by_seat for month in cut.months]
    found = db.rows(
        _SQL["sums"],
        total_ids=[by_total[first].campaign.id for first in firsts],
        total_starts=_texts(by_total[first].period.start for first in firsts),
        total_ends=_texts(by_total[last].period.end for last in lasts[: len(firsts)]),
        seat_ids=[cut.campaign.id for cut, _ in slices],
        seat_starts=_texts(first_hour(month.start) for _, month in slices),
        seat_ends=_texts(first_hour(month.end) for _, month in slices),
        committed=[str(_committed(cut.version)) for cut, _ in slices],
        credit_ids=[cut.campaign.id for cut in by_credit],
        credit_starts=_texts(cut.period.start for cut in by_credit),
        credit_ends=_texts(cut.period.end for cut in by_credit),
    )[0]
    totals: list[_Totals] = [{} for _ in by_total]
    for total in table(_Total, found["totals"]):
        totals[firsts[total.part]][total.kind] = total.quantity
    seats = [SeatMonth(month.hours_in_month) for _, month in slices]
    for sums in table(_Seats, found["seats"]):
        seats[sums.part] = SeatMonth(seats[sums.part].hours_in_month, *sums[1:])
    moved: list[list[_Movement]] = [[] for _ in by_credit]
    for movement in table(_Movement, found["movements"]):
        moved[movement.part].append(movement)
    return totals, seats, moved


def _shares_totals(before: _Cut, cut: _Cut) -> bool:
    follows = before.campaign.id == cut.campaign.id and before.period.end == cut.period.start
    return follows and not {before.version.pricing_model, cut.version.pricing_model} & CHARGED_BY_TOTALS


def _texts(instants: Iterable[datetime]) -> list[str]:
    """As Postgres reads them. Many parts begin and end at few instants."""
    known: dict[datetime, str] = {}
    return [known.get(instant) or known.setdefault(instant, instant.isoformat()) for instant in instants]


def _committed(version: Version) -> Decimal:
    return version.terms.committed if isinstance(version.terms, SeatTerms) else Decimal(0)


def load_learners(db: Session, campaign_ids: Sequence[str], until: datetime, since: datetime = EARLIEST) -> dict[str, Decimal]:
    """The learners served between two instants, or in campaigns' lives until one, by the campaigns that served any."""
    text = db.value(_SQL["learners"], campaign_ids=list(campaign_ids), since=since, until=until)
    return {campaign_id: Decimal(quantity) for campaign_id, quantity in load_json(text or "{}").items()}


def load_series(db: Session, campaign: Campaign, points: Sequence[Period]) -> list[Consumption]:
    """What a campaign used in each of periods, whatever terms were in force; who paid for credits is left out."""
    version = campaign.versions[-1]
    cuts = [_Cut(campaign, version, each, [Month(each.start, each.end, each.hours)]) for each in points]
    totals, seats, _ = _load_sums(db, cuts, cuts, [])
    return [_consumption((hours,), used, []) for hours, used in zip(seats, totals, strict=True)]


def _consumption(seats: tuple[SeatMonth, ...], used: _Totals, movements: Sequence[_Movement]) -> Consumption:
    if not used and not movements:
        return Consumption(seats)
    return Consumption(
        seat_months=seats,
        credits=Decimal(used.get("credit_usage", 0)),
        learners=Decimal(used.get("learner_served", 0)),
        sessions=Decimal(used.get("session_completed", 0)),
        volunteer_hours=Decimal(used.get("volunteer_hours", 0)),
        burned=tuple(
            Burned(quotient(each.price_amount, each.price_credits), Decimal(each.credits))
            for each in movements
            if each.price_amount is not None and each.price_credits is not None
        ),
        overage=sum((Decimal(each.credits) for each in movements if each.price_amount is None), Decimal(0)),
    )
