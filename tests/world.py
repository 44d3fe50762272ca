"""The world around the handlers: rows of other services, requests of API Gateway, events of EventBridge."""

import importlib
import json
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

from pg8000.native import Connection, identifier

from local.artefacts.compare import EVENTS
from local.aws_events import ALL_SCOPES, PLATFORM_SCOPE, Context, http_request

_numbers = count(1)

EMPTY = """
DO $$
DECLARE
    unguard text;
    guard text;
    clear text;
BEGIN
    SELECT string_agg(format('ALTER TABLE %s DISABLE TRIGGER %I;', tgrelid::regclass, tgname), ''),
        string_agg(format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', tgrelid::regclass, tgname), '')
        INTO unguard, guard FROM pg_trigger WHERE tgenabled = 'A' AND NOT tgisinternal;
    SELECT string_agg(format('DELETE FROM %s;', oid::regclass), '') INTO clear FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT IN ('schema_migrations', 'time_zones');
    -- Foreign keys, and triggers that are not ALWAYS on, do not fire for a replica.
    PERFORM set_config('session_replication_role', 'replica', true);
    EXECUTE unguard || clear || guard;
END $$
"""


class World:
    """The database as its superuser sees it: other services' rows go in, and what the handlers did is looked at."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def empty(self) -> None:
        """Every table but the list of migrations; only a superuser who disables the triggers can do this."""
        self.connection.run(EMPTY)

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        values = self.connection.run(sql, **parameters) or []
        return [dict(zip((column["name"] for column in self.connection.columns or []), row, strict=True)) for row in values]

    def value(self, sql: str, **parameters: Any) -> Any:
        return next(iter(self.rows(sql, **parameters)[0].values()))

    def insert(self, table: str, **values: Any) -> str:
        values = {"id": f"{table.rstrip('s')}-{next(_numbers)}"} | values
        columns, places = ", ".join(map(identifier, values)), ", ".join(f":{name}" for name in values)
        given = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in values.items()}
        return str(self.value(f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", **given))

    def company(self, **values: Any) -> str:
        return self.insert("companies", **{"name": "Harbour Foundation"} | values)

    def campaign(self, company_id: str, pricing_model: str = "seats", **values: Any) -> str:
        terms = {"name": "Beach clean-up", "status": "active", "currency": "EUR"} | TERMS[pricing_model] | values
        return self.insert("campaigns", company_id=company_id, pricing_model=pricing_model, **terms)

    def subscription(self, company_id: str, annual_price: str = "50000.00", currency: str = "EUR", **values: Any) -> str:
        number = next(_numbers)
        bundle_id = self.insert(
            "l2i_bundles", sku=f"L2I-{number}", name="L2I bundle", annual_price=annual_price, currency=currency
        )
        period = {"current_period_start": "2025-01-01T00:00:00Z", "current_period_end": "2026-01-01T00:00:00Z"}
        return self.insert("l2i_subscriptions", company_id=company_id, bundle_id=bundle_id, **period | values)

    def sample(self) -> None:
        """The rows that the sample events, and so the examples of the OpenAPI document, speak of."""
        self.connection.run((EVENTS / "rows.sql").read_text())

    def tables(self) -> list[str]:
        """All tables but the list of migrations."""
        sql = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
        return [str(row["relname"]) for row in self.rows(sql) if row["relname"] != "schema_migrations"]

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        return {table: self.rows(f"SELECT row::text FROM {table} AS row ORDER BY 1") for table in self.tables()}

    def ledger(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM billing_usage_records ORDER BY id")

    def balance(self, campaign_id: str) -> Any:
        return self.value("SELECT credits_remaining FROM campaigns WHERE id = :id", id=campaign_id)


TERMS: dict[str, dict[str, Any]] = {
    "seats": {"seat_price_per_month": "500.00"},
    "credits": {"credit_allocation": "10000", "budget_allocated": "5000.00", "credit_consumption_rate": "1"},
    "bundle": {},
    "iaas": {"iaas_metrics": {"pricePerLearner": "12.50"}},
    "custom": {"custom_pricing_terms": {"fixedFee": "1000.00"}, "start_date": "2025-01-01"},
}


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


def invoke(function: str, event: dict[str, Any], context: Context | None = None) -> Any:
    """The answer of a function's `lambda_handler`."""
    return importlib.import_module(f"functions.{function}.app").lambda_handler(event, context or Context())


def request(
    function: str,
    method: str,
    path: str,
    body: Any = None,
    *,
    query: dict[str, str] | None = None,
    company: str | None = None,
    scopes: str = ALL_SCOPES,
    **changes: Any,
) -> Answer:
    """What a function answers to a request of API Gateway; `company` absent is the platform's own token."""
    answer = invoke(function, api_event(method, path, body, query=query, company=company, scopes=scopes) | changes)
    text = answer["body"]
    return Answer(answer["statusCode"], json.loads(text) if text else None, answer["headers"])


def api_event(
    method: str,
    path: str,
    body: Any = None,
    *,
    query: dict[str, str] | None = None,
    company: str | None = None,
    scopes: str = ALL_SCOPES,
) -> dict[str, Any]:
    """A request of a caller with these scopes, as API Gateway sends it."""
    claims = {"scope": scopes} | ({"company_id": company} if company else {"scope": f"{scopes} {PLATFORM_SCOPE}"})
    return http_request(
        method,
        path,
        host="api.example.org",
        claims=claims,
        query=query,
        raw_query=urlencode(query or {}),
        headers={"content-type": "application/json", "host": "api.example.org"},
        body=body if body is None or isinstance(body, str) else json.dumps(body),
    )
