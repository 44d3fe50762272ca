"""Lets containers reach a Postgres that listens on loopback only: a port on their own network, forwarded to it."""

import ipaddress
import json
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_WR, create_connection, socket
from urllib.parse import urlsplit


def host_of_containers() -> str:
    """This machine's address on the network of the containers, which know it as host.docker.internal."""
    if sys.platform != "linux":  # Docker Desktop leads that name to loopback
        return "127.0.0.1"
    command = ["docker", "network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"]
    network = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return str(network.get("Gateway") or ipaddress.ip_network(network["Subnet"])[1])


@contextmanager
def forwarded(database_url: str, host: str, port: int = 0) -> Iterator[str]:
    """The `user:password@host:port` by which that host's network reaches the server of the URL, while the block runs; a
    port that is free where none is named."""
    parts = urlsplit(database_url)
    target = (parts.hostname or "127.0.0.1", parts.port or 5432)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with create_connection(target) as server:
                threading.Thread(target=_pass_on, args=(server, self.request), daemon=True).start()
                _pass_on(self.request, server)

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer((host, port), Connection) as forwarder:
        forwarder.daemon_threads = True
        threading.Thread(target=forwarder.serve_forever, daemon=True).start()
        yield f"{parts.netloc.rpartition('@')[0]}@{host}:{forwarder.server_address[1]}"
        forwarder.shutdown()


def _pass_on(source: socket, target: socket) -> None:
    with suppress(OSError), source.makefile("rb", buffering=0) as reading, target.makefile("wb", buffering=0) as writing:
        shutil.copyfileobj(reading, writing)
        target.shutdown(SHUT_WR)
