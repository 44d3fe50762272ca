"""The sample month as a person edits it in `demo/`. Numbers stay the text that they are written as: none is a float."""

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

FOLDER = Path(__file__).parent
HOUR = timedelta(hours=1)
EVENT_MEMBERS = {"id", "campaignId", "eventType", "quantity", "timestamp"}

Row = dict[str, Any]
Pattern = dict[str, dict[str, dict[str, str]]]
"""From a day on: for `weekdays` and `weekends` the volunteers from an hour on."""


@dataclass(frozen=True)
class Month:
    """What other services wrote, what callers sent, and when. `at` is the UTC instant at which a thing arrives."""

    portfolio: dict[str, list[Row]]
    seats: dict[str, Pattern]
    activities: list[Row]
    requests: list[Row]
    top_ups: list[Row]
    late_hours: list[datetime]
    start: date
    end: date

    def campaigns(self, company_id: str) -> list[Row]:
        return [campaign for campaign in self.portfolio["campaigns"] if campaign["company_id"] == company_id]

    def hours(self) -> list[datetime]:
        """The UTC hours of the period in every company's time zone, and on until everything has arrived."""
        zones = [ZoneInfo(company["time_zone"]) for company in self.portfolio["companies"]]
        first = min(datetime.combine(self.start, time(), zone).astimezone(UTC) for zone in zones)
        last = max(datetime.combine(self.end, time(), zone).astimezone(UTC) for zone in zones)
        last = max([last, *(each["at"] + HOUR for each in (*self.activities, *self.requests, *self.top_ups))])
        return [first + HOUR * n for n in range(-((first - last) // HOUR))]

    def volunteers(self, instant: datetime) -> dict[str, int]:
        """How many volunteers each campaign has at an instant, by its company's clock."""
        zones = {company["id"]: ZoneInfo(company["time_zone"]) for company in self.portfolio["companies"]}
        company_of = {campaign["id"]: campaign["company_id"] for campaign in self.portfolio["campaigns"]}
        return {name: _volunteers(p, instant.astimezone(zones[company_of[name]])) for name, p in self.seats.items()}


def read() -> Month:
    """The files of `demo/`."""
    month = _yaml("month.yaml")
    return Month(
        portfolio=_yaml("portfolio.yaml"),
        seats=_yaml("seats.yaml"),
        activities=[row | {"at": _instant(row["recorded_at"])} for row in _csv("activities.csv")],
        requests=[row | {"at": _instant(row["at"]), "events": _events(row["file"])} for row in month["requests"]],
        top_ups=[row | {"at": _instant(row["at"])} for row in month["top_ups"]],
        late_hours=[_instant(hour) for hour in month["late_hours"]],
        start=date.fromisoformat(month["start"]),
        end=date.fromisoformat(month["end"]),
    )


def _volunteers(pattern: Pattern, local: datetime) -> int:
    day = max((day for day in pattern if day <= local.date().isoformat()), default=None)
    if day is None:
        return 0
    by_hour = pattern[day]["weekends" if local.weekday() >= 5 else "weekdays"]
    return int(by_hour[str(max(int(hour) for hour in by_hour if int(hour) <= local.hour))])


def _events(file: str) -> list[Row]:
    """A file's usage events; a column that is not a member of the event is metadata, and an empty field is absent."""
    rows = [{name: value for name, value in row.items() if value} for row in _csv(f"usage/{file}")]
    return [
        {name: row[name] for name in row.keys() & EVENT_MEMBERS}
        | {"metadata": {name: row[name] for name in row.keys() - EVENT_MEMBERS}}
        for row in rows
    ]


def _csv(name: str) -> list[Row]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _yaml(name: str) -> Any:
    # This loader makes no objects, and every scalar a string.
    return yaml.load((FOLDER / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
