"""The SQL of the operations: one file for each subject; each query is named `-- name: …`, described in the line below, and ends
with a semicolon."""

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def queries(subject: str) -> dict[str, str]:
    """The queries of `<subject>.sql` by name."""
    parts = re.split(r"^-- name: (\w+)\n", (_FOLDER / f"{subject}.sql").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
