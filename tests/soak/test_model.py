"""The handlers and the plain model of the design agree after every step of a random history (design §4 to §14).

A few histories with a fixed seed; `make soak` tries as many others as there is time for.
"""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import Billing
from tests.world import World

HISTORIES, STEPS = 8, 30


def test_the_handlers_and_the_model_agree_after_every_step(world: World) -> None:
    Billing.world = world
    run_state_machine_as_test(
        Billing,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
