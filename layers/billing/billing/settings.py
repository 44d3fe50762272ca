"""What the environment decides, read when it is needed, so that a test or a local runner may change it."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit


class Database(NamedTuple):
    """Where the database is, and how to log in: a password, a secret that holds one, or (neither) an IAM token."""

    host: str
    port: int
    name: str
    user: str
    password: str | None = None
    secret_arn: str | None = None
    verified_tls: bool = True


def database() -> Database:
    """`DATABASE_URL` (`postgresql://user:password@host:port/name[?sslmode=verify-full]`; any `sslmode` but
    `disable` is that one, which keeps what the weaker ones promise), or on AWS `DATABASE_HOST`, `DATABASE_PORT`,
    `DATABASE_NAME` with `DATABASE_USER` (IAM) or `DATABASE_SECRET_ARN` (the master user's secret)."""
    if url := os.environ.get("DATABASE_URL"):
        return _at(url)
    return Database(
        host=os.environ["DATABASE_HOST"],
        port=int(os.environ.get("DATABASE_PORT", "5432")),
        name=os.environ["DATABASE_NAME"],
        user=os.environ.get("DATABASE_USER", ""),
        secret_arn=os.environ.get("DATABASE_SECRET_ARN"),
    )


@cache
def _at(url: str) -> Database:
    parts = urlsplit(url)
    return Database(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        name=unquote(parts.path.lstrip("/")) or "postgres",
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password or ""),
        verified_tls=parse_qs(parts.query).get("sslmode", ["disable"]) != ["disable"],
    )


def statement_timeout() -> int:
    """Seconds that a statement may take, and since Postgres 17 a whole transaction (`DATABASE_STATEMENT_TIMEOUT`); with the
    time to connect below the function's own timeout, so that the caller gets a response."""
    return int(os.environ.get("DATABASE_STATEMENT_TIMEOUT", "15"))


def ca_bundle() -> str:
    """The file of certificates that the database's own is verified with (`DATABASE_CA_BUNDLE`); Amazon's where absent."""
    return os.environ.get("DATABASE_CA_BUNDLE") or str(Path(__file__).parent / "database" / "certificates.pem")


def save_job_results() -> bool:
    """Whether runs are stored in `job_executions` (design §7)."""
    return os.environ.get("SAVE_JOB_RESULTS", "true").lower() == "true"


def only_reads() -> bool:
    """Whether this function logs in as the role that has no right to write (`DATABASE_USER`)."""
    return os.environ.get("DATABASE_USER") == "billing_reader"


def takes_demo_data() -> bool:
    """Whether the demo's rows may be loaded here (`DEMO_DATA`), as on no stage where people are billed."""
    return os.environ.get("DEMO_DATA") == "true"


def grace_hours() -> int:
    """Hours after which usage that is reported late no longer counts as it would have in time (`GRACE_HOURS`; design §11)."""
    return int(os.environ.get("GRACE_HOURS", "72"))


def alert_bus_name() -> str | None:
    """The EventBridge bus that alerts are published to; without one they wait in the outbox."""
    return os.environ.get("ALERT_BUS_NAME")


def usage_dead_letters() -> str | None:
    """The URL of the queue for usage that can never be recorded (`USAGE_DEAD_LETTERS_URL`); without one it stays in the
    usage queue, whose own redrive policy moves it."""
    return os.environ.get("USAGE_DEAD_LETTERS_URL")
