"""The world around the handlers: rows of other services, requests of API Gateway, events of EventBridge."""

import importlib
import json
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode

from pg8000.native import Connection, identifier

from local import comparison

ALL_SCOPES = " ".join(
    f"billing/{scope}" for scope in ("usage.write", "usage.correct", "read", "write", "terms.write", "invoice.write")
)
TABLES = """SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    AND c.relname NOT IN ('schema_migrations', 'time_zones')"""
_numbers = count(1)


class World:
    """The database as its superuser sees it: other services' rows go in, and what the handlers did is looked at."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def empty(self) -> None:
        """Only a superuser who disables the triggers can do this: those that refuse it are the ones that fire always."""
        tables = [row["name"] for row in self.rows(TABLES)]
        always = self.rows("SELECT tgrelid::regclass::text AS name, tgname FROM pg_trigger WHERE tgenabled = 'A'")
        self.connection.run(
            "SET session_replication_role = replica;"
            + "".join(f"ALTER TABLE {row['name']} DISABLE TRIGGER {row['tgname']};" for row in always)
            + "".join(f"DELETE FROM {table};" for table in tables)
            + "".join(f"ALTER TABLE {row['name']} ENABLE ALWAYS TRIGGER {row['tgname']};" for row in always)
            + "SET session_replication_role = origin;"
        )

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
        self.connection.run((comparison.EVENTS / "rows.sql").read_text())

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
class Context:
    """What the handlers read of Lambda's context."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:test"
    aws_request_id: str = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    seconds_left: float = 900

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds_left * 1000)


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
    """A request as API Gateway's HTTP API sends it, payload format 2.0."""
    claims = {"scope": scopes} | ({"company_id": company} if company else {"scope": f"{scopes} billing/platform"})
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {"content-type": "application/json", "host": "api.example.org"},
        **({"queryStringParameters": query} if query else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "authorizer": {"jwt": {"claims": claims, "scopes": claims["scope"].split()}},
            "domainName": "api.example.org",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "tests",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "12/Mar/2025:19:03:58 +0000",
            "timeEpoch": 1741806238390,
        },
        **({} if body is None else {"body": body if isinstance(body, str) else json.dumps(body)}),
        "isBase64Encoded": False,
    }


def scheduled_event(instant: datetime) -> dict[str, Any]:
    """EventBridge's scheduled event."""
    return {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": f"{instant:%Y-%m-%dT%H:%M:%SZ}",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:123456789012:rule/hourly"],
        "detail": {},
    }
