"""R01 and "no orphans", held by a machine that does anything a person may do, in any order, and kills at any request.

The real engine, signer and image_service; the model beside it is `simple_account`. Without more said this runs some
short lives. Long runs: `COUNTERSIGN_LIVES=300 COUNTERSIGN_STEPS=40 make test TESTS=tests/reliability`. A failure is
printed as the steps that led to it, with a line for hypothesis that replays it (`@reproduce_failure`).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from metadata_service import kinds
from metadata_service.commands import sweep as sweeper
from metadata_service.config import SweeperConfig
from tests.integration.uploads_stack import Stack, make_app
from tests.reliability import acts, mortal
from tests.reliability import simple_account as model
from tests.reliability.life import Life

LIVES = int(os.environ.get("COUNTERSIGN_LIVES", "6"))
STEPS_OF_A_LIFE = int(os.environ.get("COUNTERSIGN_STEPS", "20"))


@pytest.fixture
def surroundings(stack: Stack, tmp_path: Path) -> Iterator[type[Life]]:
    """The machine with what it runs against."""
    file = tmp_path / "kinds.toml"
    file.write_text(kinds.PACKAGED.read_text().replace("[photo]\n", f"[photo]\nquota_objects = {model.MOST_PHOTOS}\n"))
    environment = stack.metadata_environment | {"KINDS_FILE": str(file), "PENDING_LIMIT": str(model.PENDING_LIMIT)}
    config = SweeperConfig.from_environment(stack.sweeper_environment)

    class OfThisStack(Life):
        new_app = staticmethod(lambda: make_app(environment))
        new_sweeper = staticmethod(lambda: sweeper.made(config, is_dry=False))

    OfThisStack.stack, OfThisStack.app, OfThisStack.environment = stack, make_app(environment), environment
    OfThisStack.sweepers = [sweeper.made(config, is_dry=False) for _ in range(2)]
    stack.register(acts.MODERATOR, ["media:moderate"])
    with mortal.mortals():
        yield OfThisStack


def test_r01_one_valid_picture_or_none_and_nothing_orphaned_whatever_happens(surroundings: type[Life]) -> None:
    run_state_machine_as_test(
        surroundings,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS_OF_A_LIFE,
            deadline=None,
            print_blob=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )
