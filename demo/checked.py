"""Reads a file of `demo/`, and says of whatever is wrong in it where it stands: `demo/seats.yaml:7: what`."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from yaml.reader import ReaderError

from billing.errors import field_error

FOLDER = Path(__file__).parent

Place = tuple[str | int, ...]
"""Where a value stands in a YAML file: the keys and the numbers of items that lead to it."""


class BadFile(Exception):
    """A file that the demo cannot use. The message has a line for each fault."""


def csv_rows(name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, each with its line. Raises `BadFile`."""
    reader = csv.reader(_text(name).splitlines(keepends=True))
    header = next(reader, [])
    if len(header) == 1 and ";" in header[0]:
        raise BadFile(at(name, 1, "separates its columns with semicolons; separate them with commas"))
    for row in reader:
        if len(row) != len(header):
            mend = "put a value with a comma in quotation marks, and write 1.5 for 1,5"
            raise BadFile(at(name, reader.line_num, f"has {len(row)} values for {len(header)} columns; {mend}"))
        yield reader.line_num, dict(zip(header, row, strict=True))


def yaml_value(name: str, value_type: TypeAdapter[Any], known: Mapping[str, Any], lines: dict[Place, int]) -> Any:
    """A YAML file's content, read as the type; numbers reach it as the text that they are written as. `lines` is filled
    with the line of each place. Raises `BadFile`."""
    text = _text(name)
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadFile(at(name, line, f"is not YAML: it has the control character U+{error.character:04X}")) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadFile(at(name, line, f"is not YAML: {error.problem}")) from None
    return check(name, _plain(name, root, (), lines), value_type, known, lines)


def check(name: str, value: Any, value_type: TypeAdapter[Any], known: Mapping[str, Any], lines: Mapping[Place, int]) -> Any:
    """A part of a file, read as the type, which forbids whatever it does not name; `known` is the context of its validators.
    Raises `BadFile`."""
    try:
        return value_type.validate_python(value, context=known, extra="forbid")
    except ValidationError as errors:
        faults = (_fault(name, error, lines) for error in errors.errors())
        raise BadFile("\n".join(dict.fromkeys(faults))) from None


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


def _plain(name: str, node: yaml.Node | None, place: Place, lines: dict[Place, int]) -> Any:
    """Dicts, lists and strings; no scalar becomes a float. Raises `BadFile` for a key that is a list or a mapping, or is there
    twice."""
    lines.setdefault(place, node.start_mark.line + 1 if node else 1)
    match node:
        case yaml.MappingNode():
            members = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise BadFile(at(name, line, "has a name in brackets or braces; put it in quotation marks"))
                if key.value in members:
                    raise BadFile(at(name, line, f"{key.value} is there twice"))
                lines[*place, key.value] = line
                members[key.value] = _plain(name, value, (*place, key.value), lines)
            return members
        case yaml.SequenceNode():
            return [_plain(name, item, (*place, number), lines) for number, item in enumerate(node.value)]
    return node.value if node else None


def _fault(name: str, error: Any, lines: Mapping[Place, int]) -> str:
    place = tuple(part for part in error["loc"] if part != "[key]")
    line = next(lines[place[:length]] for length in range(len(place), -1, -1) if place[:length] in lines)
    detail, value = field_error(error).detail.replace("a field of this request", "known here"), error["input"]
    given = f" (it is {value or 'empty; write 1.5 for 1,5'})" if isinstance(value, str) and value != place[-1] else ""
    return at(name, line, f"{place[-1]} {detail}{given}" if place else detail)
