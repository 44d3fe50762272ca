"""Reads a file of `demo/`, and says of whatever is wrong in it where it stands: `demo/seats.yaml:7: what`."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from billing.errors import field_error

FOLDER = Path(__file__).parent

Place = tuple[str | int, ...]
"""Where a value stands in a YAML file: the keys and the numbers of items that lead to it."""


class BadFile(Exception):
    """A file that the demo cannot use. The message has a line for each fault."""


def csv_rows(name: str, row_type: TypeAdapter[Any], known: Mapping[str, Any]) -> Iterator[Any]:
    """The rows of a CSV file, each read as the type; `known` is the context of its validators. Raises `BadFile`."""
    reader = csv.reader(_text(name).splitlines(keepends=True))
    header = next(reader, [])
    if len(header) == 1 and ";" in header[0]:
        raise BadFile(at(name, 1, "separates its columns with semicolons; separate them with commas"))
    for row in reader:
        if len(row) != len(header):
            mend = "put a value with a comma in quotation marks, and write 1.5 for 1,5"
            raise BadFile(at(name, reader.line_num, f"has {len(row)} values for {len(header)} columns; {mend}"))
        yield _checked(name, dict(zip(header, row, strict=True)), row_type, known, {(): reader.line_num})


def yaml_value(name: str, value_type: TypeAdapter[Any], known: Mapping[str, Any], lines: dict[Place, int]) -> Any:
    """A YAML file's content, read as the type; numbers reach it as the text that they are written as. `lines` is filled
    with the line of each place. Raises `BadFile`."""
    try:
        root = yaml.compose(_text(name), Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(at(name, line, f"is not YAML: {error.problem}")) from None
    return _checked(name, _plain(root, (), lines), value_type, known, lines)


def at(name: str, line: int, what: str) -> str:
    return f"demo/{name}:{line}: {what}"


def _text(name: str) -> str:
    data = (FOLDER / name).read_bytes()
    if data.startswith(b"\xef\xbb\xbf"):
        raise BadFile(at(name, 1, "begins with a byte order mark; save the file as UTF-8 without one (not as “CSV UTF-8”)"))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadFile(at(name, data[: error.start].count(b"\n") + 1, "is not UTF-8")) from None


def _plain(node: yaml.Node | None, place: Place, lines: dict[Place, int]) -> Any:
    """Dicts, lists and strings; no scalar becomes a float."""
    lines.setdefault(place, node.start_mark.line + 1 if node else 1)
    match node:
        case yaml.MappingNode():
            lines |= {(*place, key.value): key.start_mark.line + 1 for key, _ in node.value}
            return {key.value: _plain(value, (*place, key.value), lines) for key, value in node.value}
        case yaml.SequenceNode():
            return [_plain(item, (*place, number), lines) for number, item in enumerate(node.value)]
    return node.value if node else None


def _checked(name: str, value: Any, value_type: TypeAdapter[Any], known: Mapping[str, Any], lines: Mapping[Place, int]) -> Any:
    try:
        return value_type.validate_python(value, context=known)
    except ValidationError as errors:
        faults = (_fault(name, error, lines) for error in errors.errors())
        raise BadFile("\n".join(dict.fromkeys(faults))) from None


def _fault(name: str, error: Any, lines: Mapping[Place, int]) -> str:
    place = tuple(part for part in error["loc"] if part != "[key]")
    line = next(lines[place[:length]] for length in range(len(place), -1, -1) if place[:length] in lines)
    value = error["input"]
    given = f" (it is {value})" if isinstance(value, str) and value != place[-1] else ""
    return at(name, line, f"{place[-1]} {field_error(error).detail}{given}" if place else field_error(error).detail)
