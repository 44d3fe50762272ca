"""What the database holds beyond what the demo itself wrote, or other than its files say: the database counts."""

from collections import defaultdict
from datetime import datetime

from demo import play
from demo.files import Billing, Month
from demo.platform import rows, to_text
from demo.portfolio import PREFIX, Row

_DIFFERENCES = """
SELECT item.number, key.column_name, to_jsonb(there) ->> key.column_name AS there, to_jsonb(given) ->> key.column_name AS given
FROM jsonb_array_elements(:rows::jsonb) WITH ORDINALITY AS item (entry, number)
CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, item.entry) AS given
JOIN {table} AS there ON there.id = given.id
CROSS JOIN LATERAL jsonb_object_keys(item.entry) AS key (column_name)
WHERE to_jsonb(there) -> key.column_name IS DISTINCT FROM to_jsonb(given) -> key.column_name
ORDER BY item.number, key.column_name
"""
_BEYOND = "SELECT id FROM {table} WHERE starts_with({owner}, :prefix) AND id <> ALL (:ids::text[]) ORDER BY id"
_OWNERS = {"l2i_bundles": "id", "companies": "id", "campaign_activities": "campaign_id"}
"""The column that says whose a row is, where it is not `company_id`."""

_SEATS = """
SELECT campaign_id, event_timestamp AS hour, quantity FROM billing_usage_records
WHERE starts_with(company_id, :prefix) AND event_type = 'seat_usage' AND metadata ->> 'source' = ANY (:jobs::text[])
    AND corrects IS NULL AND event_id IS NULL
ORDER BY campaign_id, event_timestamp
"""
_OTHERS_USAGE = """
SELECT campaign_id, event_type || ' of ' || trim_scale(quantity)
    || to_char(event_timestamp AT TIME ZONE 'UTC', '" at "YYYY-MM-DD HH24:MI" UTC"')
    || coalesce(', which corrects another: ' || reason, '') AS what
FROM billing_usage_records
WHERE starts_with(company_id, :prefix) AND id <> ALL (:ids::bigint[])
    AND (event_timestamp >= :first AND event_timestamp < :last OR corrects IS NOT NULL)
    AND (corrects IS NOT NULL OR event_id IS NOT NULL OR metadata ->> 'source' IS NULL
        OR metadata ->> 'source' <> ALL (:jobs::text[]))
ORDER BY id
"""
_OTHERS_TERMS = """
SELECT campaign_id, CASE source WHEN 'link' THEN 'link' ELSE 'terms ' || coalesce(change_id, 'without an id') END
    || coalesce(to_char(nullif(effective_from, '-infinity') AT TIME ZONE 'UTC', '" from "YYYY-MM-DD HH24:MI" UTC"'), '')
    || ': ' || (terms || dates) AS what
FROM campaign_terms
WHERE starts_with(company_id, :prefix) AND (source = 'set_terms' AND coalesce(change_id, '') <> ALL (:ids::text[])
    OR source = 'link' AND effective_from < :last)
ORDER BY id
"""
_OTHERS_TOP_UPS = """
SELECT campaign_id, 'top-up ' || grant_id || ' of ' || trim_scale(credits) || ' credits' AS what FROM credit_grants
WHERE starts_with(company_id, :prefix) AND grant_id <> ALL (:ids::text[]) ORDER BY id
"""
_OTHERS_DOCUMENTS = """
SELECT company_id, number || ', ' || replace(kind, '_', ' ') || ' of ' || to_char(month, 'YYYY-MM') AS what FROM invoices
WHERE starts_with(company_id, :prefix) AND (credit_id <> ALL (:credits::text[])
    OR company_id || ' ' || to_char(month, 'YYYY-MM') <> ALL (:issued::text[]))
UNION ALL
SELECT company_id, 'adjustment ' || adjustment_id FROM adjustments WHERE starts_with(company_id, :prefix)
ORDER BY company_id, what
"""


def found(month: Month, record_ids: list[str]) -> list[str]:
    """A line for each; `record_ids` are the records of what the demo sends."""
    return [
        *changed_rows(month),
        *changed_seats(month),
        *play.changed_parties(month.billing),
        *added_usage(month, record_ids),
        *added_documents(month.billing),
    ]


def changed_rows(month: Month) -> list[str]:
    """The rows that are not as the files and the month's changes of terms say, and those that are in no file."""
    lines = []
    for table, given in month.tables().items():
        for row in rows(_DIFFERENCES.format(table=table), rows=to_text(given)):
            number, column = row["number"] - 1, row["column_name"]
            what = f"{column} of {given[number]['id']} is {row['given']} here, but {row['there']} in the database, which counts"
            lines.append(month.at(what, table, number, column))
        beyond = _BEYOND.format(table=table, owner=_OWNERS.get(table, "company_id"))
        for row in rows(beyond, prefix=PREFIX, ids=[row["id"] for row in given]):
            lines.append(month.at(f"{row['id']} is not here, but in the database, which counts", table))
    return lines


def changed_seats(month: Month) -> list[str]:
    """The campaigns whose seats the job has counted by another `seats.yaml`."""
    counts, differing = play.counts(month), defaultdict[str, list[Row]](list)
    for row in rows(_SEATS, prefix=PREFIX, jobs=list(play.JOBS)):
        if row["hour"] in counts and row["quantity"] != counts[row["hour"]].get(row["campaign_id"], 0):
            differing[row["campaign_id"]].append(row)
    return [month.at(_counted(campaign, hours, counts), "seats", campaign) for campaign, hours in differing.items()]


def _counted(campaign: str, hours: list[Row], counts: dict[datetime, dict[str, int]]) -> str:
    first, here = hours[0], counts[hours[0]["hour"]].get(campaign, 0)
    there = f"{first['quantity'].normalize():f} in the database, which counts"
    return f"{len(hours)} hours of {campaign} differ, first {first['hour']:%Y-%m-%d %H:%M} UTC: {here} here, but {there}"


def added_usage(month: Month, record_ids: list[str]) -> list[str]:
    """The usage of the month, corrections, changes of terms, and top-ups that neither the demo sent nor the jobs recorded."""
    hours, own = month.hours(), {"prefix": PREFIX, "ids": record_ids, "jobs": list(play.JOBS)}
    others = [
        *rows(_OTHERS_USAGE, first=hours[0], last=hours[-1], **own),
        *rows(_OTHERS_TERMS, prefix=PREFIX, last=hours[-1], ids=[change["id"] for change in month.terms_changes]),
        *rows(_OTHERS_TOP_UPS, prefix=PREFIX, ids=[top_up["id"] for top_up in month.top_ups]),
    ]
    return [f"{row['campaign_id']}: {row['what']}" for row in others]


def added_documents(billing: Billing) -> list[str]:
    """The invoices, credit notes and manual adjustments of the demo's companies that it does not make."""
    credits = [issue["credit"]["id"] for issue in billing.invoices if "credit" in issue]
    issued = [f"{issue['companyId']} {issue['month']}" for issue in billing.invoices]
    others = rows(_OTHERS_DOCUMENTS, prefix=PREFIX, credits=credits, issued=issued)
    return [f"{row['company_id']}: {row['what']}" for row in others]
