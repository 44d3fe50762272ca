"""How the demo prints what follows the month: invoices, reconciliation, opportunities, events."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from textwrap import wrap

from billing.money import round_money, show_quantity
from billing.signals.opportunities import Opportunity
from demo.portfolio import Row
from demo.screen import heading, sides

EVENTS = {
    "capacity.near": "{name} has used {used} of {committed} {unit}s",
    "capacity.at": "{name} has used all of its {committed} {unit}s",
    "credits.low": "{name} has {creditsRemaining} of {creditAllocation} credits left",
    "credits.depleted": "{name} has no credits left",
    "credits.granted": "{name} has bought {credits} credits",
    "credits.expired": "{credits} credits of {name} have expired",
    "terms.changed": "{name} has new terms from {effectiveFrom:.10} on",
    "usage.corrected": "a record of {name} was corrected: {quantity}",
    "invoice.issued": "{number} over {totalAmount:,} {currency} was issued to {company}",
    "invoice.credited": "{invoiceId} was taken back by {number}",
    "opportunity.opened": "{company}, {rule}: {suggestion}",
    "pricing_signals.published": "{company} can read what a seat or a learner has cost it",
}
"""The types of events that the demo causes, in words; `name` is the subject's."""

EVIDENCE = {
    "hoursOver": "hours above the commitment",
    "hours": "hours in all",
    "left": "credits left",
    "additionalSeatMonths": "seat-months above it",
    "burnPerDay": "used a day",
    "daysToEnd": "days to its end",
    "listUnitPrice": "list price",
    "total": "charged one by one",
    "bundle": "a bundle pro rata",
}
"""Names of numbers that need other words than their own."""


def invoices(documents: list[Row], reasons: dict[str, str], files: Iterable[Path]) -> list[str]:
    """The documents as a table, with adjustments and what takes back what; `reasons` by the numbers of credit notes, `files`
    hold the first document as pages."""
    lines = [
        *heading("Invoices and credit notes, which stay as they were issued; the statements above are as of now"),
        f"  {'Number':<19}{'Month':<9}{'Kind':<13}{'To':<22}{'Net':>10}{'Tax':>9}{'Total':>10}",
    ]
    for each in documents:
        net, tax, total = (f"{Decimal(each[name]):,}" for name in ("netAmount", "taxAmount", "totalAmount"))
        kind = each["kind"].replace("_", " ")
        lines.append(
            f"  {each['number']:<19}{each['month']:<9}{kind:<13}{each['buyer']['legalName']:<22}"
            f"{net:>10}{tax:>9}{total:>10} {each['currency']}"
        )
        if each["corrects"]:
            lines.append(f"    takes back {each['corrects']}: {reasons[each['number']]}")
        lines += [f"    {line['description']}" for line in each["lines"] if line["kind"] == "adjustment"]
    return [*lines, "  The first one as a page: " + ", ".join(map(str, files)) if documents else "  None: nothing is due."]


def reconciliation(found: list[tuple[str, Row]]) -> list[str]:
    """What `GET …/reconciliation` says of each company."""
    checks = ", ".join(check["check"] for check in found[0][1]["checks"])
    lines = heading("Reconciliation: every figure that is kept, recomputed")
    for name, result in found:
        differing = [check["check"] for check in result["checks"] if check["differences"]]
        said = f"differences in {', '.join(differing)}" if differing else "no difference"
        pending = len(result["pending"])
        lines.append(f"  {name:<32}{said}, {pending or 'nothing'} pending for the next invoice")
    return [*lines, f"  Checks: {checks}"]


def opportunities(found: list[tuple[str, list[Opportunity]]], at: datetime, names: dict[str, str]) -> list[str]:
    """What a conversation with each company could be about, with the numbers that say so."""
    lines = heading(sides(f"Opportunities, as of {at:%Y-%m-%d %H:%M} UTC", "At stake"))
    for company, of_company in found:
        lines += ["", company]
        for each in of_company:
            amount = f"{round_money(each.amount, each.currency):,} {each.currency}"
            numbers = (f"{EVIDENCE.get(one.name) or _words(one.name)} {_number(one.value)}" for one in each.evidence)
            lines += [
                sides(f"  {names.get(each.subject, each.subject)} ({each.rule})", amount),
                f"    {each.suggestion}",
                *wrap(", ".join(numbers), 98, initial_indent="    ", subsequent_indent="    "),
            ]
    return lines


def events(first: Iterable[Row], names: dict[str, str]) -> list[str]:
    """The first event of each type that the demo causes; `names` of companies, subscriptions and campaigns by their ids."""
    lines = heading("Events that tell other systems and people: the first of each type")
    for event in first:
        if event["type"] in EVENTS:
            data, company = event["data"], names.get(event["company_id"], event["company_id"])
            data |= {"totalAmount": Decimal(data.get("totalAmount", 0))}
            subject = data.get("campaignId", event["subject"])
            name = names.get(subject, subject)
            lines.append(f"  {event['type']:<27}{EVENTS[event['type']].format(name=name, company=company, **data)}")
    return [*lines, "  In a deployment a bus delivers them; here the demo has taken them all."]


def _number(value: Fraction) -> str:
    return f"{show_quantity(value):,.2f}".removesuffix(".00")


def _words(name: str) -> str:
    """A name of the API in words.

    >>> _words("learnersServed")
    'learners served'
    """
    return re.sub("([A-Z0-9]+)", r" \1", name).lower()
