"""Databases beside a server's own, for a while: of a test run, of a benchmark, of one function that is tried."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit, urlunsplit

from pg8000.native import Connection


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
