"""`make invoke`: one handler on one event; its response on standard output, its logs on standard error."""

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from local import postgres
from local.runtime import functions, invoke


def main() -> None:
    name, path = sys.argv[1], Path(sys.argv[2])
    if name not in functions():
        sys.exit(f"There is no function {name}; there are: {', '.join(sorted(functions()))}")
    event = _event(path)
    with contextlib.redirect_stdout(sys.stderr), postgres.running() as url:
        os.environ["DATABASE_URL"] = url
        _call("migrate", {})
        answer = _call(name, event)
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def _event(path: Path) -> dict[str, Any]:
    try:
        event = json.loads(path.read_text())
    except FileNotFoundError:
        sys.exit(f"There is no event {path}; sample events are in events/")
    except (OSError, ValueError) as error:
        sys.exit(f"{path} is not JSON: {error}")
    if not isinstance(event, dict):
        sys.exit(f"{path} is no event: it is not a JSON object")
    return event


def _call(name: str, event: dict[str, Any]) -> Any:
    try:
        return invoke(name, event)
    except Exception as error:  # whatever a handler raises is what Lambda would report of it
        sys.exit(f"{name} raised {type(error).__name__}: {error}")


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
