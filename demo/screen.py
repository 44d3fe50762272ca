"""The demo's statements and report as plain text, at most 100 columns wide. The amounts come from the handlers' responses."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from textwrap import wrap
from zoneinfo import ZoneInfo

from demo.files import HOUR
from demo.portfolio import Row

WIDTH = 98
COVERED_BY = {"none": "–", "prepaid_credits": "prepaid credits", "subscription": "subscription"}
MODELS = {"iaas": "a price for each learner"}
"""Pricing models that have another name in `docs/finance.md`."""

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


def company(
    row: Row, period: tuple[datetime, datetime], campaigns: list[Row], usages: list[Row], splits: list[tuple[Row, Row, Row]]
) -> list[str]:
    """A company's statements with their totals, and how its subscriptions (each with its bundle and split) are divided."""
    zone, (start, end) = ZoneInfo(row["time_zone"]), period
    currencies = sorted({usage["billing"]["currency"] for usage in usages})
    return [
        *heading(
            sides(row["name"], " · ".join([*currencies, row["time_zone"]])),
            sides(_instants(start, end, zone), f"{(end - start) // HOUR} hours"),
        ),
        f"  {'':<31}{'Quantity':>14} {'Unit':<11}{'Unit price':>11}{'Amount':>12}  Covered by" if usages else "  No campaigns.",
        *(line for campaign, usage in zip(campaigns, usages, strict=True) for line in _statement(campaign, usage, zone)),
        *_company_totals(row["name"], [usage["billing"] for usage in usages]),
        *(line for split in splits for line in _split(*split, zone)),
    ]


def _statement(campaign: Row, usage: Row, zone: ZoneInfo) -> list[str]:
    billing, model = usage["billing"], usage["pricingModel"]
    return [
        "",
        sides(f"{usage['campaignName']} · {MODELS.get(model, model)}", usage["campaignId"]),
        *_dates(campaign, usage["period"], zone),
        f"  Used: {_used(usage['usage'])}",
        *_beside(usage),
        *_list_price(campaign),
        *(text for line in billing["lines"] for text in _line(line, usage["period"], zone)),
        sides("", _totals(billing)),
    ]


def _dates(campaign: Row, period: Row, zone: ZoneInfo) -> list[str]:
    """The campaign's first and last day, those that it has, where one of them lies in the period."""
    start, end = (datetime.fromisoformat(period[name]).astimezone(zone).date() for name in ("start", "end"))
    first, last = (date.fromisoformat(campaign[name]) if campaign[name] else None for name in ("start_date", "end_date"))
    if not ((first and start < first < end) or (last and start <= last < end)):
        return []
    return ["  Runs" + (f" from {first}" if first else "") + (f" to {last}" if last else "")]


def _list_price(campaign: Row) -> list[str]:
    """Where the price of a credit comes from, if no list price was agreed."""
    if campaign["pricing_model"] != "credits" or campaign["credit_price"]:
        return []
    paid, granted = (Decimal(campaign[name]) for name in ("budget_allocated", "credit_allocation"))
    return [f"  List price: that of the first grant, {paid:,} ÷ {plain(granted)} credits"]


def _line(line: Row, period: Row, zone: ZoneInfo) -> list[str]:
    """A line, its arithmetic, the instants between which it holds if not the whole period, and what of it is estimated."""
    quantity, price, amount = (f"{Decimal(line[name]):,}" for name in ("quantity", "unitPrice", "amount"))
    covered_by = COVERED_BY[line["coveredBy"]]
    first, last = (datetime.fromisoformat(line[name]) for name in ("from", "to"))
    cut = [f"    from {_instants(first, last, zone)}"] if (line["from"], line["to"]) != (period["start"], period["end"]) else []
    estimated = Decimal(line["estimatedAmount"])
    return [
        f"  {line['description']:<31}{quantity:>14} {line['unit']:<11}{price:>11}{amount:>12}  {covered_by}",
        *wrap(line["derivation"], WIDTH, initial_indent="    = ", subsequent_indent="      "),
        *cut,
        *([f"    of which {estimated:,} for hours whose seats are estimated"] if estimated else []),
    ]


def _instants(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    return " until ".join(instant.astimezone(zone).isoformat(" ", "minutes") for instant in (start, end))


def _company_totals(name: str, billings: list[Row]) -> list[str]:
    """The sums of the statements, in each currency."""
    return [
        "",
        *(
            sides(name, _totals({"currency": currency} | {total: _sum(billings, total, currency) for total in TOTALS}))
            for currency in sorted({billing["currency"] for billing in billings})
        ),
    ]


def _sum(billings: list[Row], name: str, currency: str) -> Decimal:
    return sum((Decimal(billing[name]) for billing in billings if billing["currency"] == currency), Decimal(0))


def _used(usage: Row) -> str:
    used = [text.format(plain(usage[name])) for name, text in USED.items() if Decimal(usage[name])]
    return ", ".join(used) or "nothing"


def _beside(usage: Row) -> list[str]:
    """What only some models report."""
    lines = []
    if share := usage.get("l2iAllocation"):
        lines.append(f"  Share: {_percent(share['allocationPercentage'])} of {share['subscriptionId']}")
    if iaas := usage.get("iaas"):
        delivered, committed = (plain(iaas[name]) for name in ("learnersDelivered", "learnersCommitted"))
        lines.append(f"  Delivered: {delivered} of {committed} learners so far")
        lines += map(_outcome, iaas["outcomes"])
    return lines


def _outcome(outcome: Row) -> str:
    met = {True: "met", False: "not met", None: "not measured yet"}[outcome["met"]]
    return f"  Outcome, which changes no charge: {outcome['name']}, {plain(outcome['threshold'])}: {met}"


def _split(subscription: Row, bundle: Row, split: Row, zone: ZoneInfo) -> list[str]:
    validation = split["validation"]
    start, end = (datetime.fromisoformat(subscription[f"current_period_{name}"]) for name in ("start", "end"))
    bought = f"{subscription['quantity']} × {bundle['name']} at {Decimal(bundle['annual_price']):,}"
    return [
        "",
        f"Split of {split['subscriptionId']}: {bought} = {Decimal(split['totalBudget']):,} {split['currency']} a year",
        f"  from {_instants(start, end, zone)}",
        *(_share(c["campaignName"], c["allocationPercentage"], c["allocatedAmount"]) for c in split["campaigns"]),
        f"  {'Together':<45}{_percent(split['totalAllocationPercentage']):>10}",
        "  Valid: the parts add up to the whole."
        if validation["isValid"]
        else f"  Not valid: {' '.join(validation['errors'])}",
    ]


def _share(name: str, share: str, amount: str) -> str:
    return f"  {name:<45}{_percent(share):>10}{Decimal(amount):>15,}"


def credits(moved: Iterable[Row], accounts: list[Row]) -> list[str]:
    """The account of each credits campaign: opening + bought − (used − overage) − expired = closing."""
    lines, rows = heading("Credits accounts"), list(moved)
    for account in accounts:
        of_account = [row for row in rows if row["campaign_id"] == account["id"]]
        lines += [
            "",
            sides(account["name"], account["id"]),
            _entry("opening", account["opening"]),
            *(_grant(row) for row in of_account if row["source"] == "allocation"),
            _entry("bought", account["bought"]),
            *(_grant(row) for row in of_account if row["source"] not in ("allocation", None)),
            _entry("used", account["used"]),
            *(f"    {ALERTS[row['what']]}: {plain(row['credits'])} left" for row in of_account if row["what"] in ALERTS),
            _entry("  of which overage", account["overage"]),
            _entry("expired", account["expired"]),
            _entry("closing", account["closing"]),
        ]
    return lines


def _entry(name: str, credits: Decimal) -> str:
    return f"  {name:<22}{plain(credits):>10}"


def _grant(row: Row) -> str:
    paid, granted = row["price_amount"], row["price_credits"]
    division = f"{paid:,.2f} ÷ {plain(granted)} = " if granted != 1 else ""
    expiry = f", expires {row['expires_at']:%Y-%m-%d %H:%M} UTC" if row["expires_at"] else ""
    return f"    {plain(row['credits'])} credits at {division}{paid / granted:.2f}: {row['text']}{expiry}"


def requests(sent: list[tuple[Row, Row]]) -> list[str]:
    """Each request with what became of its events, and why some were not recorded."""
    lines = heading("Sent by callers")
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


def corrections(made: list[tuple[Row, Row]]) -> list[str]:
    """Each correction with what became of it, and why it was made."""
    lines = heading("Corrected")
    for correction, answer in made:
        (result,) = answer["results"]
        lines.append(f"  {result['status']}: {correction['event']}, quantity {plain(correction['quantity'])}")
        lines.append(f"    {correction['reason']}")
    return lines


def jobs(seat_job: Counter[str], credit_job: Counter[str]) -> list[str]:
    """What the runs of the hourly jobs did."""
    lines = heading("The hourly jobs")
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
        *heading(f"The ledger: {records:,} records, {fresh}"),
        *(f"  {row['event_type']:<32}{row['records']:>8,}" for row in rows),
        f"  {estimated} of the seat records fill hours whose scheduled events came late; they are marked as estimated.",
    ]


def heading(*texts: str) -> list[str]:
    """The lines that begin a section."""
    return ["", "═" * WIDTH, *texts, "═" * WIDTH]


def sides(left: str, right: str) -> str:
    """A line with a text at each end."""
    return f"{left}{right:>{WIDTH - len(left)}}"


def _totals(billing: Row) -> str:
    total, covered, due = (f"{Decimal(billing[name]):,}" for name in TOTALS)
    return f"total {total:>10}   covered {covered:>10}   due {due:>10} {billing['currency']}"


def _percent(share: str) -> str:
    return f"{Decimal(share):.2%}".replace("%", " %")


def plain(number: object) -> str:
    """Without trailing zeros."""
    text = f"{Decimal(str(number)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
