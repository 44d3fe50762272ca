"""The demo's files, as a person edits them."""

import shutil
from pathlib import Path

import pytest

from demo import checked, files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo's files, which the demo reads."""
    copy = Path(shutil.copytree(checked.FOLDER, tmp_path / "demo"))
    monkeypatch.setattr(checked, "FOLDER", copy)
    monkeypatch.setattr(files, "FOLDER", copy)
    return copy
