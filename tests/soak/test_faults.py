"""Some requests, struck at every message; `make soak` strikes all that writes, in every way."""

import pytest

from tests.faults import Fault
from tests.soak.faults import strike
from tests.world import World

STRUCK = {"track_usage", "correct_usage", "top_up_credits", "link_campaign", "credit_invoice_201_new"}


def test_whatever_answer_is_lost_the_caller_is_told_of_no_success_and_a_retry_completes_it(world: World) -> None:
    struck = dict(strike(world, "lose", only=lambda call: call.name in STRUCK))

    assert struck.keys() == STRUCK


@pytest.mark.parametrize("fault", ["delay", "swallow"])
def test_what_comes_late_changes_nothing_and_what_never_comes_is_ended_by_the_time_out(world: World, fault: Fault) -> None:
    quick = {"track_usage", "set_seller"}

    assert dict(strike(world, fault, only=lambda call: call.name in quick)).keys() == quick
