"""The answer to every message is lost, of a request of each kind; `make soak` strikes all that writes, in every way."""

from tests.soak.faults import strike
from tests.world import World

STRUCK = {"track_usage", "correct_usage", "top_up_credits", "link_campaign", "credit_invoice_201_new"}


def test_whatever_answer_is_lost_the_caller_is_told_of_no_success_and_a_retry_completes_it(world: World) -> None:
    struck = strike(world, ("lose",), only=lambda call: call.name in STRUCK)

    assert struck.keys() == STRUCK
