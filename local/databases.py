"""Databases: whether `DATABASE_URL` names one that can be used, and scratch ones of a test run, a benchmark, one function."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit, urlunsplit

from pg8000.native import Connection, DatabaseError

from billing import settings
from billing.database.session import Session, server_message

URL_FORM = "postgresql://user:password@host:port/database"


def fault() -> str | None:
    """Why the database of `DATABASE_URL` cannot be used, in one line and without the password; None where it can."""
    try:
        parts = urlsplit(os.environ["DATABASE_URL"].strip())
        target = settings.database()
    except ValueError:  # its text may hold a part of the password
        return f"DATABASE_URL cannot be read as {URL_FORM}; the port must be a number from 1 to 65535."
    if parts.scheme not in ("postgresql", "postgres"):
        begins = f"begins with {parts.scheme}:" if parts.scheme else "has no scheme"
        return f"DATABASE_URL {begins}; it must be {URL_FORM}."
    try:
        Session(target).close()
    except Exception as error:  # the driver has no one error for what it cannot read
        return f"DATABASE_URL points to {target.host}:{target.port}, {_reason(error)}."
    return None


def _reason(error: Exception) -> str:
    match error:
        case DatabaseError():
            return f"and the server there refuses: {server_message(error)}"
        case socket.gaierror():
            return "and no host has that name"
        case ConnectionRefusedError():
            return "and nothing listens there"
        case TimeoutError():
            return "which does not respond"
        case OSError():
            return f"which cannot be reached: {error.strerror or error}"
    return "and what listens there does not respond as Postgres does"


def connect(url: str) -> Connection:
    """A connection of the superuser that the URL names."""
    parts = urlsplit(url)
    return Connection(
        unquote(parts.username or "postgres"),
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 5432,
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        ssl_context=False,
    )


@contextmanager
def scratch(server_url: str, copy_of: str = "") -> Iterator[str]:
    """The URL of a database that is there while the block runs: empty, or like the one at the URL `copy_of`, which nobody
    may be connected to."""
    name = f"billing_scratch_{secrets.token_hex(6)}"
    admin = connect(server_url)
    admin.run(f"CREATE DATABASE {name} TEMPLATE {urlsplit(copy_of).path.lstrip('/') or 'template1'}")
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        admin.run(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()
