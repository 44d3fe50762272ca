"""Lets containers reach a Postgres that listens on loopback only: a port on their own network, forwarded to it."""

import shutil
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_WR, create_connection, socket
from urllib.parse import urlsplit


@contextmanager
def forwarded(database_url: str, host: str) -> Iterator[str]:
    """The `user:password@host:port` by which that host's network reaches the server of the URL, while the block runs."""
    parts = urlsplit(database_url)
    target = (parts.hostname or "127.0.0.1", parts.port or 5432)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with create_connection(target) as server:
                threading.Thread(target=_pass_on, args=(server, self.request), daemon=True).start()
                _pass_on(self.request, server)

    with socketserver.ThreadingTCPServer((host, 0), Connection) as forwarder:
        forwarder.daemon_threads = True
        threading.Thread(target=forwarder.serve_forever, daemon=True).start()
        yield f"{parts.netloc.rpartition('@')[0]}@{host}:{forwarder.server_address[1]}"
        forwarder.shutdown()


def _pass_on(source: socket, target: socket) -> None:
    with suppress(OSError), source.makefile("rb", buffering=0) as reading, target.makefile("wb", buffering=0) as writing:
        shutil.copyfileobj(reading, writing)
        target.shutdown(SHUT_WR)
