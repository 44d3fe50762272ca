"""What `make build` makes is what Lambda runs: complete, no more than that, and answering as its source does."""

import csv
import io
import json
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import artefacts
from local.artefacts import BUILD, LAYER, compare, emulator
from local.postgres import ROOT
from local.template import Function, functions

# The SAM CLI's environment is set up once, so what uses it runs on one worker.
pytestmark = pytest.mark.slow

PACKAGE = ROOT / "layers" / "billing" / "billing"
REQUIREMENTS = (ROOT / "layers" / "billing" / "requirements.txt").read_text().split()
UNZIPPED_MB, ZIPPED_MB = 20, 7.5
"""Lambda takes 250 MB, unzipped."""

UNCHECKED_HASH = 1
"""The flags of bytecode that is loaded without a look at its source (PEP 552)."""

X86_64 = 62
"""The machine in the header of an ELF file."""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    """Only where these tests are chosen: it takes some seconds, and the template's Python."""
    try:
        artefacts.make()
    except artefacts.NoInterpreter as reason:
        if "CI" in os.environ:
            raise
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def copies(database_url: str) -> Iterator[compare.Copies]:
    with compare.copies(database_url) as copies:
        yield copies


def files(folder: Path) -> set[str]:
    """All but bytecode, relative to the folder."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix() for path in paths}


def recorded(record: Path) -> set[str]:
    """The files of an installed package, as its wheel lists them."""
    return {name for name, *_ in csv.reader(io.StringIO(record.read_text()))}


def test_the_bill_of_materials_names_every_package_of_the_layers_with_its_version() -> None:
    bill = json.loads((BUILD.parent / "sbom.json").read_text())

    pins = [line for path in (ROOT / "layers").glob("*/requirements.txt") for line in path.read_text().split()]
    assert bill["bomFormat"] == "CycloneDX"
    assert sorted(part["purl"] for part in bill["components"]) == sorted(f"pkg:pypi/{pin.replace('==', '@')}" for pin in pins)


@pytest.mark.parametrize("function", functions().values(), ids=lambda function: function.name)
def test_a_built_function_answers_its_events_as_its_source_does(copies: compare.Copies, function: Function) -> None:
    events = [json.loads(path.read_text()) for path in compare.events(function.name)]
    with copies(function.name) as url:
        expected = compare.of_source(function.name, events, url)

    with copies(function.name) as url, emulator.running(function, url) as call:
        answers = [compare.comparable(call(event)) for event in events]

    assert answers == expected


@pytest.mark.parametrize("function", functions().values(), ids=lambda function: function.name)
def test_a_function_is_built_of_its_app_alone(function: Function) -> None:
    assert files(BUILD / function.logical_id) == {"app.py"}


def test_the_layer_has_every_file_of_the_package() -> None:
    assert files(LAYER / "billing") == files(PACKAGE)
    assert all((LAYER / "billing" / name).read_bytes() == (PACKAGE / name).read_bytes() for name in files(PACKAGE))


def test_the_layer_has_what_its_requirements_pin_and_no_more() -> None:
    lists = list(LAYER.glob("*.dist-info/RECORD"))
    pinned = {requirement.replace("-", "_").replace("==", "-") for requirement in REQUIREMENTS}

    assert {record.parent.name.removesuffix(".dist-info") for record in lists} == pinned
    assert {name for name in files(LAYER) if not name.startswith("billing/")} <= set().union(*map(recorded, lists))
    assert not [name for name in files(LAYER) if "/tests/" in f"/{name}"]


def test_every_binary_is_for_the_templates_python_and_architecture() -> None:
    binaries = list(LAYER.rglob("*.so"))

    assert binaries
    assert all("cpython-313-x86_64" in path.name for path in binaries)
    assert {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in binaries} == {X86_64}


def test_every_module_has_bytecode_that_is_loaded_unchecked() -> None:
    for source in [*LAYER.rglob("*.py"), *BUILD.glob("*/app.py")]:
        (bytecode,) = source.parent.glob(f"__pycache__/{source.stem}.cpython-313.pyc")
        assert struct.unpack_from("<I", bytecode.read_bytes(), 4)[0] == UNCHECKED_HASH, source


def test_the_layer_stays_small() -> None:
    paths = [path for path in LAYER.rglob("*") if path.is_file()]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in paths:
            zipped.write(path, path.relative_to(LAYER))

    assert sum(path.stat().st_size for path in paths) < UNZIPPED_MB * 1_000_000
    assert len(archive.getvalue()) < ZIPPED_MB * 1_000_000
