"""An engine of the tests' own, deployed from core.yaml."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.deploy import Deployment, deploy
from local.engine import Engine, new_root_credentials
from tests.contract.engine_wire import ORIGIN, Wire, free_port

REPOSITORY = Path(__file__).resolve().parents[2]


def engine_venv() -> Path:
    """Where the engine's environment is: as the runner says, unless the environment names another."""
    if named := os.environ.get("COUNTERSIGN_ENGINE_VENV"):
        return Path(named)
    where = [str(REPOSITORY / "local" / "bootstrap.sh"), "--where", "engine"]
    return Path(subprocess.run(where, check=True, capture_output=True, text=True).stdout.strip())


@pytest.fixture(scope="session")
def new_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Engine]]:
    """Makes engines, not yet started, and stops them all at the end."""
    made: list[Engine] = []

    def make(state_dir: Path | None = None) -> Engine:
        folder = state_dir or tmp_path_factory.mktemp("engine")
        made.append(Engine(free_port(), folder, engine_venv(), new_root_credentials()))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()


@pytest.fixture(scope="session")
def running_engine(new_engine: Callable[..., Engine]) -> Engine:
    engine = new_engine()
    engine.prepare()
    with os.fdopen(os.open(engine.state_dir / "output", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as output:
        engine.start(output)
    engine.wait_ready()
    return engine


@pytest.fixture(scope="session")
def deployment(running_engine: Engine) -> Deployment:
    return deploy(
        running_engine.endpoint,
        running_engine.root_credentials,
        running_engine.state_dir / "deployment.json",
        cors_origins=[ORIGIN],
    )


@pytest.fixture(scope="session")
def wire(deployment: Deployment, running_engine: Engine) -> Wire:
    return Wire(deployment, running_engine.port)
