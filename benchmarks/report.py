"""What `make bench` says: a table on the screen, JSON and a plot in `results/`, and the README's table made from them."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.measure import Row

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- benchmarks/results, by make bench-readme -->", "<!-- end -->"
HEAD = f"{'':<46}{'ours':>14}{'limit':>14}{'ratio':>9}  {'spread':<17}{'target':<15}"
BAR, LEFT, HEIGHT = 380, 330, 24


def line(row: dict[str, Any]) -> str:
    """A row as a line of text."""
    spread = " to ".join(_ratio(each, row["kind"]) for each in row["spread"])
    ratio = _ratio(row["ratio"], row["kind"])
    return f"{row['name']:<46}{row['ours']:>14}{row['limit']:>14}{ratio:>9}  {spread:<17}{row['targetText']:<15}" + (
        "" if row["met"] else "missed"
    )


def write(rows: Sequence[Row], version: str, quick: bool) -> None:
    """The rows of a run as JSON and as a plot."""
    RESULTS.mkdir(exist_ok=True)
    name = "quick" if quick else "full"
    run = {
        "measuredAt": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "processors": os.cpu_count(),
        "postgres": version,
        "python": platform.python_version(),
        "rows": [row.as_json() for row in rows],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n")
    (RESULTS / f"{name}.svg").write_text(_plot(run))


def _plot(run: dict[str, Any]) -> str:
    """A bar for each row, as long as ours is near its target: the line is where the target is just met."""
    height = HEIGHT * (len(run["rows"]) + 2)
    bars = "".join(_bar(number, row) for number, row in enumerate(run["rows"], 1))
    edge = LEFT + BAR / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + BAR + 90}" height="{height}"'
        ' font-family="sans-serif" font-size="12">\n'
        f"<title>Each ratio beside its target, {run['measuredAt']}, Postgres {run['postgres']}</title>\n"
        f'<rect width="100%" height="100%" fill="white"/>\n{bars}'
        f'<line x1="{edge}" x2="{edge}" y1="{HEIGHT / 2}" y2="{height - HEIGHT / 2}" stroke="black" stroke-dasharray="4"/>\n'
        f'<text x="{edge}" y="{HEIGHT / 2}" text-anchor="middle">target; further left is better</text>\n</svg>\n'
    )


def _bar(number: int, row: dict[str, Any]) -> str:
    # The share of the target that is used up, whether a small or a large ratio is better.
    spent = row["target"] / row["ratio"] if row["kind"] == "share" else row["ratio"] / row["target"]
    length, y = min(max(spent, 0), 2) * BAR / 2, number * HEIGHT
    colour = "#2a7f62" if row["met"] else "#b5493b"
    return (
        f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(row["name"])}</text>\n'
        f'<rect x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="15" fill="{colour}"/>\n'
        f'<text x="{LEFT + length + 6:.1f}" y="{y + 14}">{_ratio(row["ratio"], row["kind"])}</text>\n'
    )


def _ratio(value: float, kind: str) -> str:
    return f"{value:.0%}" if kind == "share" else f"{value:.2f} ×"


def table(run: dict[str, Any]) -> str:
    """The README's table."""
    said = f"{run['processors']} processors, Postgres {run['postgres']}, Python {run['python']}, {run['measuredAt']}:\n"
    lines = [said, "| | ours | the limit beside it | | ratio (quartiles) | target |", "|---|---|---|---|---|---|"]
    for row in run["rows"]:
        low, high = (_ratio(each, row["kind"]) for each in row["spread"])
        missed = "" if row["met"] else ", missed"
        ratio = f"{_ratio(row['ratio'], row['kind'])} ({low} to {high})"
        lines.append(
            f"| {row['name']} | {row['ours']} | {row['limitName']} | {row['limit']} | {ratio} | {row['targetText']}{missed} |"
        )
    return "\n".join(lines)


def main() -> None:
    run = max((json.loads(path.read_text()) for path in RESULTS.glob("*.json")), key=lambda run: run["measuredAt"])
    text = README.read_text()
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"README.md has no place for the table: {BEGIN} … {END}")
    README.write_text(f"{before}{BEGIN}\n\n{table(run)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
