"""The demo's statements and report as plain text, at most 100 columns wide. The amounts are the handlers' answers."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from demo.files import HOUR, Row

WIDTH = 98
COVERED_BY = {"none": "–", "prepaid_credits": "prepaid credits", "subscription": "subscription"}
ALERTS = {"credits.low": "credits run low", "credits.depleted": "credits are used up"}
TOTALS = ("totalAmount", "coveredAmount", "amountDue")
USED = {
    "seatsUsed": "{} seats at the peak",
    "averageSeats": "{} on average",
    "seatHours": "{} seat-hours",
    "creditsConsumed": "{} credits",
    "learnersServed": "{} learners",
    "sessionsCompleted": "{} sessions",
}


def company(row: Row, usages: list[Row], splits: list[Row]) -> list[str]:
    """A company's statements, and how its subscriptions are split."""
    start, end = (datetime.fromisoformat(usages[0]["period"][name]) for name in ("start", "end"))
    first, last = (instant.astimezone(ZoneInfo(row["time_zone"])).isoformat(" ", "minutes") for instant in (start, end))
    currency = usages[0]["billing"]["currency"]
    return [
        "",
        "═" * WIDTH,
        _sides(row["name"], f"{currency} · {row['time_zone']}"),
        _sides(f"{first} until {last}", f"{(end - start) // HOUR} hours"),
        "═" * WIDTH,
        f"  {'':<30}{'Quantity':>14} {'Unit':<11}{'Unit price':>11}{'Amount':>12}  Covered by",
        *(line for usage in usages for line in _statement(usage)),
        *(line for split in splits for line in _split(split)),
    ]


def _statement(usage: Row) -> list[str]:
    billing = usage["billing"]
    return [
        "",
        _sides(f"{usage['campaignName']} · {usage['pricingModel']}", usage["campaignId"]),
        f"  Used: {_used(usage['usage'])}",
        *_beside(usage),
        *map(_line, billing["lines"]),
        _sides("", _totals(billing)),
    ]


def _line(line: Row) -> str:
    quantity, price, amount = (f"{Decimal(line[name]):,}" for name in ("quantity", "unitPrice", "amount"))
    covered_by = COVERED_BY[line["coveredBy"]]
    return f"  {line['description']:<30}{quantity:>14} {line['unit']:<11}{price:>11}{amount:>12}  {covered_by}"


def _used(usage: Row) -> str:
    used = [text.format(_plain(usage[name])) for name, text in USED.items() if Decimal(usage[name])]
    return ", ".join(used) or "nothing"


def _beside(usage: Row) -> list[str]:
    """What only some models report."""
    lines = []
    if share := usage.get("l2iAllocation"):
        lines.append(f"  Share: {_percent(share['allocationPercentage'])} of {share['subscriptionId']}")
    if iaas := usage.get("iaas"):
        delivered, committed = (_plain(iaas[name]) for name in ("learnersDelivered", "learnersCommitted"))
        lines.append(f"  Delivered: {delivered} of {committed} learners so far")
        lines += map(_outcome, iaas["outcomes"])
    return lines


def _outcome(outcome: Row) -> str:
    met = {True: "met", False: "not met", None: "not measured yet"}[outcome["met"]]
    return f"  Outcome: {outcome['name']}, {_plain(outcome['threshold'])}: {met}"


def _split(split: Row) -> list[str]:
    validation = split["validation"]
    return [
        "",
        f"Split of {split['subscriptionId']}: {Decimal(split['totalBudget']):,} {split['currency']} a year",
        *(_share(c["campaignName"], c["allocationPercentage"], c["allocatedAmount"]) for c in split["campaigns"]),
        f"  {'Together':<45}{_percent(split['totalAllocationPercentage']):>10}",
        "  Valid: the parts add up to the whole."
        if validation["isValid"]
        else f"  Not valid: {' '.join(validation['errors'])}",
    ]


def _share(name: str, share: str, amount: str) -> str:
    return f"  {name:<45}{_percent(share):>10}{Decimal(amount):>15,}"


def credits(moved: Iterable[Row], balances: list[Row]) -> list[str]:
    """The account of each credits campaign: what was bought and its alerts in their order, what was used, what is left."""
    lines = _heading("Credits")
    rows = list(moved)
    for account in balances:
        used, gone = account["burned"], account["gone"]
        lines += ["", account["name"]]
        lines += [_moved(row) for row in rows if row["campaign_id"] == account["id"]]
        beyond = f", and {_plain(account['overage'])} more that no credits were left for" if account["overage"] else ""
        lines.append(f"  used      {_plain(used):>10} credits{beyond}")
        lines += [f"  expired   {_plain(gone):>10} credits"] if gone else []
        lines.append(f"  left      {_plain(account['credits_remaining']):>10} credits")
    return lines


def _moved(row: Row) -> str:
    if row["what"] == "grant":
        return f"  bought    {_plain(row['credits']):>10} credits at {row['price']:.2f}: {row['text']}"
    return f"  alert     {_plain(row['credits']):>10} left: {ALERTS[row['what']]}"


def requests(sent: list[tuple[Row, Row]]) -> list[str]:
    """Each request with what became of its events, and why some were not recorded."""
    lines = _heading("Sent by callers")
    lines.append(f"  {'Request':<32}{'Events':>8}{'Recorded':>10}{'Duplicates':>12}{'Conflicts':>11}{'Rejected':>10}")
    for request, answer in sent:
        count = Counter(result["status"] for result in answer["results"])
        lines.append(
            f"  {request['file']:<32}{len(request['events']):>8}{count['recorded']:>10}{count['duplicate']:>12}"
            f"{count['conflict']:>11}{count['rejected']:>10}"
        )
        pairs = zip(request["events"], answer["results"], strict=True)
        lines += [text for event, result in pairs if result["reason"] for text in _refused(event, result)]
    return lines


def _refused(event: Row, result: Row) -> tuple[str, str]:
    name = event.get("id") or event["campaignId"]
    what = f"{event['eventType']} of {event['quantity']} at {event['timestamp']}"
    return f"    {result['status']}: {name}, {what}", f"      {result['reason']}"


def jobs(seat_job: Counter[str], credit_job: Counter[str]) -> list[str]:
    """What the runs of the hourly jobs did."""
    lines = _heading("The hourly jobs")
    lines.append(f"  {'Job':<32}{'Runs':>8}{'Recorded':>10}{'Duplicates':>12}{'Alerts':>11}")
    for name, job in (("Seat usage", seat_job), ("Credit usage", credit_job)):
        recorded, duplicates, alerts = job["usageRecordsCreated"], job["duplicatesDetected"], job["lowCreditAlerts"]
        lines.append(f"  {name:<32}{job['runs']:>8,}{recorded:>10,}{duplicates:>12,}{alerts:>11,}")
    return lines


def ledger(rows: list[Row], recorded: int) -> list[str]:
    """What is in the ledger, and how much of it this run has recorded."""
    estimated, records = (sum(row[name] for row in rows) for name in ("estimated", "records"))
    nothing = "all there before this run, which recorded nothing again"
    fresh = f"{recorded:,} recorded by this run" if recorded else nothing
    return [
        *_heading(f"The ledger: {records:,} records, {fresh}"),
        *(f"  {row['event_type']:<32}{row['records']:>8,}" for row in rows),
        f"  {estimated} of the seat records fill hours whose scheduled events came late; they are marked as estimated.",
    ]


def _heading(text: str) -> list[str]:
    return ["", "═" * WIDTH, text, "═" * WIDTH]


def _sides(left: str, right: str) -> str:
    return f"{left}{right:>{WIDTH - len(left)}}"


def _totals(billing: Row) -> str:
    total, covered, due = (f"{Decimal(billing[name]):,}" for name in TOTALS)
    return f"total {total:>10}   covered {covered:>10}   due {due:>10} {billing['currency']}"


def _percent(share: str) -> str:
    return f"{Decimal(share):.2%}".replace("%", " %")


def _plain(number: object) -> str:
    """Without trailing zeros."""
    text = f"{Decimal(str(number)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
