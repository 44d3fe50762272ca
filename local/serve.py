"""`make serve`: the HTTP API on loopback, through the same handlers, on the embedded Postgres."""

import os
import signal
import socket
import sys
from typing import NoReturn

from werkzeug.serving import make_server

from local import postgres
from local.gateway import application, index
from local.runtime import migrate

HOST = "127.0.0.1"
"""Loopback and nothing else: there is no authorizer here."""


def main() -> None:
    signal.signal(signal.SIGTERM, _leave)
    with _listener(os.environ.get("PORT", "8000")) as listener, postgres.running() as url:
        os.environ["DATABASE_URL"] = url
        migrate()
        port = listener.getsockname()[1]
        server = make_server(HOST, port, application, threaded=True, fd=listener.fileno())
        print(_welcome(port), file=sys.stderr, flush=True)
        server.serve_forever()


def _listener(port: str) -> socket.socket:
    try:
        return socket.create_server((HOST, int(port)))
    except (ValueError, OverflowError):
        sys.exit(f"PORT is {port}, which is no port")
    except OSError as error:
        sys.exit(
            f"Port {port} of {HOST} cannot be used ({os.strerror(error.errno or 0)}); choose another: make serve PORT=8001"
        )


def _welcome(port: int) -> str:
    example = f"curl 'http://{HOST}:{port}/v1/campaigns/demo-skills-evenings/usage?start=2025-03-01&end=2025-04-01'"
    opening = f"Open http://{HOST}:{port}/console in a browser to look at it, /docs to try each call; stop with Ctrl-C."
    return f"Campaign billing on http://{HOST}:{port}\n{index()}\nTry, after make demo: {example}\n{opening}"


def _leave(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
