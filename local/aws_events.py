"""What AWS hands to a function: API Gateway's requests, EventBridge's scheduled events, Lambda's context."""

import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ALL_SCOPES = " ".join(
    f"billing/{scope}" for scope in ("usage.write", "usage.correct", "read", "write", "terms.write", "invoice.write")
)
PLATFORM_SCOPE = "billing/platform"


def http_request(
    method: str,
    path: str,
    *,
    host: str,
    claims: Mapping[str, str],
    route: str = "",
    query: Mapping[str, str] | None = None,
    raw_query: str = "",
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    cookies: Iterable[str] = (),
    body: str | None = None,
    is_base64: bool = False,
    source_ip: str | None = "192.0.2.1",
    protocol: str = "HTTP/1.1",
) -> dict[str, Any]:
    """A request as API Gateway's HTTP API sends it, payload format 2.0: what a request does not have is absent.

    `route` is the path of the template (absent: `path`), `parameters` are those of the path, and `claims` the token's.
    """
    route_key = f"{method} {route or path}"
    headers = dict(headers or {})
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": raw_query,
        **({"cookies": list(cookies)} if cookies else {}),
        "headers": headers,
        **({"queryStringParameters": dict(query)} if query else {}),
        **({"pathParameters": dict(parameters)} if parameters else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "authorizer": {"jwt": {"claims": dict(claims), "scopes": claims["scope"].split()}},
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": method,
                "path": path,
                "protocol": protocol,
                "sourceIp": source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route_key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": time.time_ns() // 1_000_000,
        },
        **({} if body is None else {"body": body}),
        "isBase64Encoded": is_base64,
    }


def scheduled_event(instant: datetime) -> dict[str, Any]:
    """EventBridge's scheduled event of an instant in UTC."""
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


@dataclass
class Context:
    """What a handler may read of Lambda's context; `timeout` is in seconds and runs from the start."""

    function_name: str = "local"
    timeout: float = 900
    memory_limit_in_mb: int = 512
    function_version: str = "$LATEST"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    log_group_name: str = "local"
    log_stream_name: str = "local"
    started: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.timeout - (time.monotonic() - self.started)))
