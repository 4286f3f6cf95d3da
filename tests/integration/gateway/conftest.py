"""nginx as the gateway configures it, in front of something that answers with what it received."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.integration.gateway.echo_upstream import EchoUpstream
from tests.integration.gateway.gateway_process import Gateway, short_folder


@pytest.fixture(scope="session")
def upstream() -> Iterator[EchoUpstream]:
    folder = short_folder()
    server = EchoUpstream(folder / "echo.sock")
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def gateway(upstream: EchoUpstream) -> Iterator[Gateway]:
    """A gateway without rate limits, for all tests that leave it as they found it."""
    running = Gateway(upstream.address)
    yield running
    running.stop()


@pytest.fixture
def a_gateway(upstream: EchoUpstream) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways that end with the test."""
    made: list[Gateway] = []

    def make(upstream_address: str = upstream.address, **settings: object) -> Gateway:
        made.append(Gateway(upstream_address, **settings))  # type: ignore[arg-type] # settings are the environment's
        return made[-1]

    yield make
    for running in made:
        running.stop()
