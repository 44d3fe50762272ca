"""`make serve`: the HTTP API on loopback, through the same handlers, on the embedded Postgres."""

import os
import signal
import sys
from typing import NoReturn

from werkzeug.serving import make_server

from local import postgres
from local.gateway import application
from local.runtime import functions, invoke

HOST = "127.0.0.1"


def main() -> None:
    signal.signal(signal.SIGTERM, _leave)
    port = int(os.environ.get("PORT", "8000"))
    with postgres.running() as url:
        os.environ["DATABASE_URL"] = url
        invoke("migrate", {})
        try:
            server = make_server(HOST, port, application, threaded=True)
        except (OSError, SystemExit):
            sys.exit(f"Port {port} of {HOST} is taken; choose another: PORT=8001 make serve")
        print(_welcome(port), file=sys.stderr, flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)


def _welcome(port: int) -> str:
    routes = [(route.method, route.path) for function in functions().values() for route in function.routes]
    return "\n".join(
        [
            f"Campaign billing on http://{HOST}:{port}",
            *(f"  {method:<7}{path}" for method, path in routes),
            "Headers: X-Company-Id (absent: the platform), X-Scopes (absent: all). Stop with Ctrl-C.",
        ]
    )


def _leave(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
