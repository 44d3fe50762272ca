"""Loads what campaigns used into the parts that the pricing models take: one round trip for each kind of usage, however many
campaigns there are."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.database.session import Session
from billing.instants import EARLIEST
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


class _Total(NamedTuple):
    part: int
    kind: str
    quantity: Decimal


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
    price_amount: Decimal | None
    price_credits: Decimal | None
    credits: Decimal


def load_consumption(db: Session, campaigns: Sequence[tuple[Campaign, Period]]) -> list[Charged]:
    """What each campaign used in its period, cut where its terms change."""
    cuts = [(list(_cut(campaign, period)), list(_earlier(campaign, period))) for campaign, period in campaigns]
    loaded = iter(_load(db, [cut for within, before in cuts for cut in (*within, *before)]))
    return [
        Charged(campaign, [next(loaded) for _ in within], [next(loaded) for _ in before])
        for (campaign, _), (within, before) in zip(campaigns, cuts, strict=True)
    ]


def _cut(campaign: Campaign, period: Period) -> Iterator[_Cut]:
    for version in campaign.versions_in(period.start, period.end):
        part = Period(max(period.start, version.starts_at), min(period.end, version.ends_at))
        yield _Cut(campaign, version, part, months(part, campaign.zone))


def _earlier(campaign: Campaign, period: Period) -> Iterator[_Cut]:
    """The parts before the period in which terms had a component that is capped in it."""
    terms = [custom.custom_terms(version) for version in campaign.versions_in(period.start, period.end)]
    capped = [each for agreed in terms if agreed for each in agreed.variable_components if each.cap is not None]
    if not capped or period.start <= EARLIEST:
        return
    for cut in _cut(campaign, Period(EARLIEST, period.start)):
        agreed = custom.custom_terms(cut.version)
        if agreed and any(agreed.component(each.name, each.unit) for each in capped):
            yield cut


def _load(db: Session, cuts: list[_Cut]) -> Iterator[Part]:
    totals = _load_totals(db, cuts)
    moved: list[list[_Movement]] = [[] for _ in cuts]
    by_credit = [number for number, cut in enumerate(cuts) if cut.version.pricing_model == "credits"]
    if by_credit:
        for movement in db.all(_Movement, _SQL["movements"], **_where([cuts[number] for number in by_credit])):
            moved[by_credit[movement.part]].append(movement)
    seats = iter(_load_seats(db, cuts))
    for cut, used, movements in zip(cuts, totals, moved, strict=True):
        consumption = _consumption([next(seats) for _ in cut.months], used)._replace(
            burned=_burned(movements),
            overage=sum((each.credits for each in movements if each.price_amount is None), Decimal(0)),
        )
        yield Part(cut.version, cut.period, cut.months, consumption)


def _load_totals(db: Session, cuts: list[_Cut]) -> list[dict[str, Decimal]]:
    """The sums of each part. Parts that follow each other and are not charged by them share one, which the first gets."""
    firsts = [number for number, cut in enumerate(cuts) if number == 0 or not _shares_totals(cuts[number - 1], cut)]
    spans = [
        cuts[first]._replace(period=Period(cuts[first].period.start, cuts[following - 1].period.end))
        for first, following in zip(firsts, [*firsts[1:], len(cuts)], strict=True)
    ]
    totals: list[dict[str, Decimal]] = [{} for _ in cuts]
    for total in db.all(_Total, _SQL["totals"], **_where(spans)):
        totals[firsts[total.part]][total.kind] = total.quantity
    return totals


def _shares_totals(before: _Cut, cut: _Cut) -> bool:
    follows = before.campaign.id == cut.campaign.id and before.period.end == cut.period.start
    return follows and not {before.version.pricing_model, cut.version.pricing_model} & CHARGED_BY_TOTALS


def _where(cuts: list[_Cut]) -> dict[str, list[str]]:
    return {
        "campaign_ids": [cut.campaign.id for cut in cuts],
        "starts": _texts(cut.period.start for cut in cuts),
        "ends": _texts(cut.period.end for cut in cuts),
    }


def _texts(instants: Iterable[datetime]) -> list[str]:
    """As Postgres reads them. Many parts begin and end at few instants."""
    known: dict[datetime, str] = {}
    return [known.get(instant) or known.setdefault(instant, instant.isoformat()) for instant in instants]


def _burned(movements: list[_Movement]) -> tuple[Burned, ...]:
    return tuple(
        Burned(Fraction(each.price_amount) / Fraction(each.price_credits), each.credits)
        for each in movements
        if each.price_amount is not None and each.price_credits is not None
    )


def _load_seats(db: Session, cuts: list[_Cut]) -> list[SeatMonth]:
    """The seats of each month of each part, in their order. An hour belongs to the part that holds its first instant."""
    slices = [(cut, month) for cut in cuts for month in cut.months]
    rows = db.all(
        _Seats,
        _SQL["seats"],
        campaign_ids=[cut.campaign.id for cut, _ in slices],
        starts=_texts(first_hour(month.start) for _, month in slices),
        ends=_texts(first_hour(month.end) for _, month in slices),
        committed=[str(_committed(cut.version)) for cut, _ in slices],
    )
    sums = {row.part: row for row in rows}
    return [_seat_month(month, sums.get(number)) for number, (_, month) in enumerate(slices)]


def _committed(version: Version) -> Decimal:
    return version.terms.committed if isinstance(version.terms, SeatTerms) else Decimal(0)


def _seat_month(month: Month, sums: _Seats | None) -> SeatMonth:
    if sums is None:
        return SeatMonth(month.hours_in_month)
    return SeatMonth(month.hours_in_month, *sums[1:])


def load_learners(db: Session, campaign_ids: Sequence[str], until: datetime) -> dict[str, Decimal]:
    """The learners served in campaigns' lives until an instant, by the campaigns that served any."""
    starts, ends = (len(campaign_ids) * [end] for end in ("-infinity", until.isoformat()))
    totals = db.all(_Total, _SQL["totals"], campaign_ids=list(campaign_ids), starts=starts, ends=ends)
    return {campaign_ids[total.part]: total.quantity for total in totals if total.kind == "learner_served"}


def load_series(db: Session, campaign: Campaign, points: Sequence[Period]) -> list[Consumption]:
    """What a campaign used in each of periods, whatever terms were in force; who paid for credits is left out."""
    cuts = [_Cut(campaign, campaign.versions[-1], each, [Month(each.start, each.end, each.hours)]) for each in points]
    totals: list[dict[str, Decimal]] = [{} for _ in cuts]
    for total in db.all(_Total, _SQL["totals"], **_where(cuts)):
        totals[total.part][total.kind] = total.quantity
    return [_consumption([seats], used) for seats, used in zip(_load_seats(db, cuts), totals, strict=True)]


def _consumption(seats: Sequence[SeatMonth], used: dict[str, Decimal]) -> Consumption:
    return Consumption(
        seat_months=tuple(seats),
        credits=used.get("credit_usage", Decimal(0)),
        learners=used.get("learner_served", Decimal(0)),
        sessions=used.get("session_completed", Decimal(0)),
        volunteer_hours=used.get("volunteer_hours", Decimal(0)),
    )
