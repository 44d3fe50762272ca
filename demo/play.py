"""Plays the sample month through the handlers: hour by hour, with the events that EventBridge and API Gateway send, and then
what is issued of it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, cast

from pydantic_core import to_jsonable_python
from werkzeug.test import Client, TestResponse

from demo import platform
from demo.checked import Place
from demo.files import HOUR, Billing, Month
from demo.portfolio import Row
from local.aws_events import scheduled_event
from local.gateway import application
from local.runtime import invoke

DELIVERY = timedelta(seconds=7)
"""EventBridge sends its event some seconds after the full hour."""

BEGIN_ANEW = "`make demo-reset` begins anew."
JOBS = SEAT_JOB, CREDIT_JOB = "track_seat_usage", "track_credit_usage"
RESULTS = ("usageRecordsCreated", "duplicatesDetected", "lowCreditAlerts")


class Refused(Exception):
    """The API refused a request that the demo relies on; the message is its response."""


@dataclass
class Report:
    """What came of the month: the responses to the requests and corrections, and the sums of the jobs' results."""

    requests: list[tuple[Row, Row]] = field(default_factory=list)
    corrections: list[tuple[Row, Row]] = field(default_factory=list)
    seat_job: Counter[str] = field(default_factory=Counter)
    credit_job: Counter[str] = field(default_factory=Counter)

    @property
    def record_ids(self) -> list[str]:
        """The records of the requests' events and of the corrections, those that were there before this run included."""
        answers = (answer for _, answer in (*self.requests, *self.corrections))
        return [result["usageRecordId"] for answer in answers for result in answer["results"] if result["usageRecordId"]]

    @property
    def recorded(self) -> int:
        by_jobs = self.seat_job["usageRecordsCreated"] + self.credit_job["usageRecordsCreated"]
        return by_jobs + sum(int(answer["recorded"]) for _, answer in (*self.requests, *self.corrections))

    def record_of(self, event_id: str) -> str:
        """The record of the event that a caller sent by that id."""
        pairs = (pair for sent, answer in self.requests for pair in zip(sent["events"], answer["results"], strict=True))
        return next(str(result["usageRecordId"]) for event, result in pairs if event.get("id") == event_id)


def call(method: str, path: str, company: str | None = None, **request: Any) -> Any:
    """The response of the API; without a company, to the platform's own token."""
    return json.loads(_open(method, path, {"X-Company-Id": company} if company else {}, **request).data)


def fetch(path: str, media_type: str) -> bytes:
    """The API's response in a form other than JSON."""
    return bytes(_open("GET", path, {"Accept": media_type}).data)


def there(path: str) -> Row | None:
    """The API's response in JSON; None where there is nothing yet."""
    response = Client(application).get(path)
    return None if response.status_code == HTTPStatus.NOT_FOUND else cast("Row", response.json)


def _open(method: str, path: str, headers: dict[str, str], **request: Any) -> TestResponse:
    response = Client(application).open(path, method=method, headers=headers, **request)
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        conflict = response.status_code == HTTPStatus.CONFLICT
        mend = f"\nWas it sent before the files were changed? {BEGIN_ANEW}" if conflict else ""
        raise Refused(f"{method} {path}: {response.text}{mend}")
    return response


def play(month: Month, report: Report) -> Iterator[int]:
    """Deliver each hour's events; yields the number of hours that are done."""
    before, known = datetime.min.replace(tzinfo=UTC), dict[str, int]()
    for done, hour in enumerate(_deliveries(month), start=1):
        now = max(before, hour)
        volunteers = month.volunteers(now)
        if changed := dict(volunteers.items() - known.items()):
            platform.set_volunteers(changed)
        _arrive(month, before, now, report)
        _run(SEAT_JOB, hour, report.seat_job)
        _run(CREDIT_JOB, hour, report.credit_job)
        before, known = now, volunteers
        yield done


def counts(month: Month) -> dict[datetime, dict[str, int]]:
    """How many volunteers of each campaign the seat job finds for each hour: those of the run that fills it, if it is late."""
    return {hour: month.volunteers(_arrival(month, hour)) for hour in month.hours()}


def _deliveries(month: Month) -> list[datetime]:
    """The hours in the order in which EventBridge delivers them: a late one after the next that is not."""
    return sorted(month.hours(), key=lambda hour: (_arrival(month, hour), hour in month.late_hours, hour))


def _arrival(month: Month, hour: datetime) -> datetime:
    return _arrival(month, hour + HOUR) if hour in month.late_hours else hour


def _arrive(month: Month, before: datetime, now: datetime, report: Report) -> None:
    """What other services and callers did since the hour before."""

    def arriving(rows: list[Row]) -> list[Row]:
        return [row for row in rows if before < row["at"] <= now]

    for activity in arriving(month.activities):
        platform.add_activity({name: value for name, value in activity.items() if name != "at"})
    for request in arriving(month.requests):
        report.requests.append((request, call("POST", "/v1/usage-events", json={"events": request["events"]})))
    for top_up in arriving(month.top_ups):
        call("POST", f"/v1/campaigns/{top_up['campaignId']}/credits", json=_body(top_up))
    for change in arriving(month.terms_changes):
        call("PUT", f"/v1/campaigns/{change['campaignId']}/terms", json=_body(change))
    for correction in arriving(month.corrections):
        body = _body(correction) | {"usageRecordId": report.record_of(correction["event"])}
        report.corrections.append((correction, call("POST", "/v1/usage-corrections", json={"corrections": [body]})))


def _body(row: Row) -> Row:
    """What is sent of an entry of the month: not when, and not what its path or its record's id say."""
    given = {name: value for name, value in row.items() if name not in ("at", "campaignId", "event")}
    return cast("Row", to_jsonable_python(given))


def _run(job: str, hour: datetime, totals: Counter[str]) -> None:
    result = invoke(job, scheduled_event(hour + DELIVERY))
    totals["runs"] += 1
    totals.update({name: result.get(name, 0) for name in RESULTS})


SELLER = "/v1/seller"


def profile_of(company_id: str) -> str:
    """The path of a company's billing profile."""
    return f"/v1/companies/{company_id}/billing-profile"


def bill(billing: Billing, report: Report) -> None:
    """Say who is invoiced by whom, unless that is there already, and issue each month."""
    for path, body in [(SELLER, billing.seller), *((profile_of(name), body) for name, body in billing.profiles.items())]:
        if there(path) is None:
            call("PUT", path, json=body)
    for issue in billing.invoices:
        _issue(billing, issue, report)


def has_other_seller(billing: Billing) -> bool:
    """Whether somebody else's invoices are numbered here."""
    seller = there(SELLER)
    return seller is not None and seller["numberPrefix"] != billing.seller["numberPrefix"]


def changed_parties(billing: Billing) -> list[str]:
    """Where the seller or a billing profile is not as `billing.yaml` says; what the database holds counts."""
    given: list[tuple[Place, str, Row]] = [(("seller",), SELLER, billing.seller)]
    given += [(("profiles", name), profile_of(name), billing.last_profile(name)) for name in billing.profiles]
    return [
        billing.at(place, f"{place[-1]} is not the same in the database, which counts")
        for place, path, body in given
        if {name: value for name, value in (there(path) or {}).items() if value is not None} != body
    ]


def documents(company_id: str) -> list[Row]:
    """All documents of a company, in the order in which they were issued."""
    path, found, page = f"/v1/companies/{company_id}/invoices", list[Row](), dict[str, str]()
    while True:
        answer = call("GET", path, query_string=page)
        found += answer["invoices"]
        if answer["nextCursor"] is None:
            return found[::-1]
        page = {"cursor": answer["nextCursor"]}


def _issue(billing: Billing, issue: Row, report: Report) -> None:
    company, month = issue["companyId"], issue["month"]
    if late := issue.get("lateUsage"):
        report.requests.append((late, call("POST", "/v1/usage-events", json={"events": late["events"]})))
    if credit := issue.get("credit"):
        first = next(each for each in documents(company) if each["month"] == month)
        call("POST", f"/v1/invoices/{first['invoiceId']}/credit-note", json=credit)
    if "buyerReference" in issue:
        call("PUT", profile_of(company), json=billing.profiles[company] | {"buyerReference": issue["buyerReference"]})
    call("POST", f"/v1/companies/{company}/invoices", json={"month": month})
