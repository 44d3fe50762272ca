"""`make invoke`: one handler on one event; its answer on standard output, its logs on standard error."""

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
        invoke("migrate", {})
        try:
            answer = invoke(name, event)
        except Exception as error:  # whatever a handler raises is what Lambda would report of it
            sys.exit(f"{name} raised {type(error).__name__}: {error}")
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def _event(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        sys.exit(f"There is no event {path}; sample events are in events/")
    except ValueError as error:
        sys.exit(f"{path} is not a JSON object: {error}")


if __name__ == "__main__":
    main()
