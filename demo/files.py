"""The sample month as a person edits it in `demo/`, checked as the API checks a request. No number is ever a float."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationInfo
from pydantic.alias_generators import to_snake

from billing.contract.types import Amount, InstantIn, Quantity, Reason, Text
from billing.contract.types import Month as CalendarMonth
from billing.invoices.parties import BillingProfile, Seller
from billing.terms.changes import TermsChange
from billing.usage.event import UsageEvent
from demo import portfolio
from demo.checked import FOLDER, BadFile, Place, at, check, csv_rows, yaml_value
from demo.portfolio import Day, DemoId, Row

HOUR = timedelta(hours=1)
ACTIVITIES = "activities.csv"
SEATS = "seats.yaml"
MONTH = "month.yaml"
BILLING = "billing.yaml"
EVENT_MEMBERS = {"id", "campaignId", "eventType", "quantity", "timestamp"}

Known = dict[str, Any]
"""What the validators compare with: the ids of campaigns and companies, and for events what time it is."""


def _check_campaign(campaign: str, info: ValidationInfo) -> str:
    if campaign not in (info.context or {})["campaigns"]:
        raise ValueError(f"is not a campaign of {portfolio.FILE}")
    return campaign


def _check_company(company: str, info: ValidationInfo) -> str:
    if company not in (info.context or {})["companies"]:
        raise ValueError(f"is not a company of {portfolio.FILE}")
    return company


def _check_pattern(counts: dict[int, int]) -> dict[int, int]:
    if 0 not in counts:
        raise ValueError("must begin with hour 0")
    return counts


def _check_file(name: str) -> str:
    if not (FOLDER / "usage" / name).is_file():
        raise ValueError("is not a file of demo/usage")
    return name


CampaignId = Annotated[str, AfterValidator(_check_campaign)]
CompanyId = Annotated[str, AfterValidator(_check_company)]
UsageFile = Annotated[str, AfterValidator(_check_file)]
Counts = Annotated[dict[Annotated[int, Field(ge=0, le=23)], Annotated[int, Field(ge=0)]], AfterValidator(_check_pattern)]


class Week(BaseModel):
    """How many volunteers there are from an hour of the day on."""

    weekdays: Counts
    weekends: Counts


class _Activity(BaseModel):
    id: DemoId
    campaign_id: CampaignId
    kind: Literal["volunteer_hours", "session", "evidence"]
    quantity: Quantity
    occurred_at: InstantIn
    recorded_at: InstantIn


class _Event(UsageEvent):
    """A caller's event, as the API takes it."""

    campaign_id: CampaignId


class _Mistake(BaseModel):
    """An event that a caller got wrong: its values are the API's to judge."""

    campaignId: CampaignId  # noqa: N815 - as the API names it
    eventType: str  # noqa: N815
    quantity: str
    timestamp: str
    id: str | None = None
    metadata: dict[str, str]


class _Request(BaseModel):
    """`rejected` are the lines that the API rejects: the month has callers who make mistakes."""

    at: InstantIn
    file: UsageFile
    rejected: list[int] = []


class _TopUp(BaseModel):
    at: InstantIn
    campaignId: CampaignId  # noqa: N815
    id: Text
    credits: Quantity
    note: str
    amount: Amount | None = None
    priority: int | None = None
    expiresAt: InstantIn | None = None  # noqa: N815


class _TermsChange(BaseModel):
    at: InstantIn
    campaignId: CampaignId  # noqa: N815
    id: Text
    effectiveFrom: Day  # noqa: N815
    terms: TermsChange
    reason: Reason


class _Correction(BaseModel):
    """`event` is the id by which a caller sent the event whose record is wrong."""

    at: InstantIn
    event: str
    id: Text
    quantity: Quantity
    reason: Reason


class _Month(BaseModel):
    start: Day
    end: Day
    late_hours: list[InstantIn]
    requests: list[_Request]
    top_ups: list[_TopUp]
    terms_changes: list[_TermsChange]
    corrections: list[_Correction]


class _Credit(BaseModel):
    id: Text
    reason: Reason


class _Issue(BaseModel):
    """A month of a company that is issued, and what happens before it is."""

    companyId: CompanyId  # noqa: N815
    month: CalendarMonth
    lateUsage: UsageFile | None = None  # noqa: N815
    credit: _Credit | None = None
    buyerReference: Text | None = None  # noqa: N815


class _Profile(BillingProfile):
    """As the API takes it, where numbers and `true` are text in the file."""

    days_to_pay: Annotated[int, Field(ge=0, le=365)] = 30
    hold: bool = False


class _Billing(BaseModel):
    seller: Seller
    profiles: dict[CompanyId, _Profile]
    invoices: Annotated[list[_Issue], Field(min_length=1)]


Seats = dict[CampaignId, dict[Day, Week]]
"""From a day on, a week of each campaign."""


@dataclass(frozen=True)
class Billing:
    """Who is invoiced by whom, as the API takes it, and the months that are issued in their order. `lateUsage` is a request."""

    seller: Row
    profiles: dict[str, Row]
    invoices: list[Row]
    lines: dict[Place, int]

    def last_profile(self, company_id: str) -> Row:
        """The profile as the last of the company's issues leaves it."""
        later = [
            issue["buyerReference"] for issue in self.invoices if issue["companyId"] == company_id and "buyerReference" in issue
        ]
        return self.profiles[company_id] | ({"buyerReference": later[-1]} if later else {})

    def at(self, place: Place, what: str) -> str:
        """What is said of a part of the file, after the place at which it stands."""
        return at(BILLING, self.lines[place], what)


@dataclass(frozen=True)
class Month:
    """What other services wrote, what callers sent, and when. `at` is the UTC instant at which a thing arrives."""

    portfolio: dict[str, list[Row]]
    lines: dict[Place, int]
    seats: Seats
    activities: list[Row]
    requests: list[Row]
    top_ups: list[Row]
    terms_changes: list[Row]
    corrections: list[Row]
    late_hours: list[datetime]
    start: date
    end: date
    billing: Billing

    def campaigns(self, company_id: str) -> list[Row]:
        return [campaign for campaign in self.portfolio["campaigns"] if campaign["company_id"] == company_id]

    def period(self, company: Row) -> tuple[datetime, datetime]:
        """The first and the last instant of the statements of a company, in UTC."""
        zone = ZoneInfo(company["time_zone"])
        start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (self.start, self.end))
        return start, end

    def tables(self) -> dict[str, list[Row]]:
        """The rows that other services write, as they are at the month's end: its changes of terms are in force."""
        campaigns = [self._played(campaign) for campaign in self.portfolio["campaigns"]]
        activities = [{name: value for name, value in row.items() if name != "at"} for row in self.activities]
        return self.portfolio | {"campaigns": campaigns, "campaign_activities": activities}

    def _played(self, campaign: Row) -> Row:
        for change in self.terms_changes:
            if change["campaignId"] == campaign["id"]:
                campaign = campaign | {to_snake(name): value for name, value in change["terms"].items()}
        return campaign

    def at(self, what: str, *place: str | int) -> str:
        """What is said of a part of a file (a table, or the seats), or of the next larger part that has a line."""
        line = next(self.lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in self.lines)
        return at({"campaign_activities": ACTIVITIES, "seats": SEATS}.get(str(place[0]), portfolio.FILE), line, what)

    def hours(self) -> list[datetime]:
        """The UTC hours of the period in every company's time zone, and on until everything has arrived."""
        periods = [self.period(company) for company in self.portfolio["companies"]]
        first, last = min(start for start, _ in periods), max(end for _, end in periods)
        arriving = (*self.activities, *self.requests, *self.top_ups, *self.terms_changes, *self.corrections)
        last = max([last, *(each["at"] + HOUR for each in arriving)])
        return [first + HOUR * n for n in range(-((first - last) // HOUR))]

    def volunteers(self, instant: datetime) -> dict[str, int]:
        """How many volunteers each campaign has at an instant, by its company's clock."""
        zones = {company["id"]: ZoneInfo(company["time_zone"]) for company in self.portfolio["companies"]}
        company_of = {campaign["id"]: campaign["company_id"] for campaign in self.portfolio["campaigns"]}
        return {name: _volunteers(p, instant.astimezone(zones[company_of[name]])) for name, p in self.seats.items()}


def read() -> Month:
    """The files of `demo/`. Raises `BadFile`."""
    lines: dict[Place, int] = {}
    rows = portfolio.read(lines)
    known = {name: {row["id"] for row in rows[name]} for name in ("campaigns", "companies")}
    places: dict[Place, int] = {}
    month = yaml_value(MONTH, TypeAdapter(_Month), known, places).model_dump(by_alias=True, exclude_unset=True)
    if month["start"] >= month["end"]:
        raise BadFile(at(MONTH, 1, "must start before it ends"))
    requests = [row | {"events": _events(row["file"], known, row.get("rejected", []))} for row in month.pop("requests")]
    for number, correction in enumerate(month["corrections"]):
        if correction["event"] not in _sent_before(correction["at"], requests):
            what = f"event must be the id of an event that was sent before (it is {correction['event']})"
            raise BadFile(at(MONTH, places["corrections", number, "event"], what))
    seat_lines: dict[Place, int] = {}
    seats = yaml_value(SEATS, TypeAdapter(Seats), known, seat_lines)
    activities = list(csv_rows(ACTIVITIES))
    lines |= {("seats", *place): line for place, line in seat_lines.items()}
    lines |= {("campaign_activities",): 1} | {("campaign_activities", n): line for n, (line, _) in enumerate(activities)}
    return Month(
        portfolio=rows,
        lines=lines,
        seats=seats,
        activities=[_activity(line, row, known) for line, row in activities],
        requests=requests,
        billing=_billing(known),
        **month,
    )


def _billing(known: Known) -> Billing:
    lines: dict[Place, int] = {}
    read: _Billing = yaml_value(BILLING, TypeAdapter(_Billing), known, lines)
    invoices = [issue.model_dump(exclude_unset=True) for issue in read.invoices]
    for number, issue in enumerate(invoices):
        if issue["companyId"] not in read.profiles:
            place = lines["invoices", number, "companyId"]
            raise BadFile(at(BILLING, place, f"companyId has no profile here (it is {issue['companyId']})"))
        if "credit" in issue and not any(
            (each["companyId"], each["month"]) == (issue["companyId"], issue["month"]) for each in invoices[:number]
        ):
            place = lines["invoices", number, "credit"]
            raise BadFile(at(BILLING, place, "credit takes back an invoice of a month that no entry before this one issues"))
        if file := issue.get("lateUsage"):
            issue["lateUsage"] = {"file": file, "events": _events(file, known)}
    profiles = {company: _body(profile) for company, profile in read.profiles.items()}
    return Billing(seller=_body(read.seller), profiles=profiles, invoices=invoices, lines=lines)


def _body(model: BaseModel) -> Row:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _volunteers(weeks: dict[date, Week], local: datetime) -> int:
    day = max((day for day in weeks if day <= local.date()), default=None)
    if day is None:
        return 0
    counts = weeks[day].weekends if local.weekday() >= 5 else weeks[day].weekdays
    return counts[max(hour for hour in counts if hour <= local.hour)]


def _activity(line: int, row: Row, known: Known) -> Row:
    activity: _Activity = check(ACTIVITIES, row, TypeAdapter(_Activity), known, {(): line})
    return {name: str(value) for name, value in activity} | {"at": activity.recorded_at}


def _events(file: str, known: Known, rejected: Container[int] = ()) -> list[Row]:
    """A file's usage events as they are written, of which the API rejects those at some lines."""
    name, context, events = f"usage/{file}", known | {"now": datetime.now(UTC)}, []
    for line, row in csv_rows(name):
        events.append(_event(row))
        check(name, events[-1], TypeAdapter(_Mistake if line in rejected else _Event), context, {(): line})
    return events


def _event(row: Row) -> Row:
    """A column that is not a member of the event is metadata, and an empty field is absent."""
    given = {name: value for name, value in row.items() if value}
    members = {name: given[name] for name in given.keys() & EVENT_MEMBERS}
    return members | {"metadata": {name: given[name] for name in given.keys() - EVENT_MEMBERS}}


def _sent_before(instant: datetime, requests: list[Row]) -> set[str]:
    """The ids of the events that callers have sent by then."""
    return {event["id"] for request in requests if request["at"] < instant for event in request["events"] if "id" in event}
