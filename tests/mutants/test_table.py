"""The table of mutants fits the code; `make mutants` tries them."""

import pytest

from local.postgres import ROOT
from tests.mutants.table import ACCEPTED, MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.path}: {mutant.new}"[:100])
def test_what_a_mutant_changes_is_there_and_so_are_its_tests(mutant: Mutant) -> None:
    assert mutant.old in (ROOT / mutant.path).read_text()
    assert mutant.old != mutant.new
    assert (ROOT / mutant.tests).exists()


def test_only_mutants_are_accepted() -> None:
    assert ACCEPTED.keys() <= {(mutant.path, mutant.new) for mutant in MUTANTS}
