"""The whole stack, as `make run` starts it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from tests.e2e.chromium import empty, new_browser
from tests.e2e.local_stack import Runner, alive


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A stack for all tests that leave it as usable as they found it; afterwards nothing of it runs."""
    # Many tests are one address: what limits people would only make them wait.
    runner = Runner.on_free_ports(tmp_path_factory.mktemp("stack"), RATE_LIMIT="1000").start()
    try:
        runner.wait_ready()
        yield runner
        started = runner.processes()
        assert runner.stop() == 0, runner.text()
        assert not {pid for pid in started if alive(pid)}
    finally:
        runner.discard()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """One browser for all; `browser` is the one that a test begins with."""
    browser = new_browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome, stack: Runner) -> Iterator[webdriver.Chrome]:
    """The browser as if newly installed."""
    yield chromium
    empty(chromium, stack.gateway)


@pytest.fixture(scope="session")
def preset_runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A stack for one preset after the other (preset_stack.py), not started yet.

    Its state is kept between them: what only a first start has to wait for is waited for once.
    """
    return Runner.on_free_ports(tmp_path_factory.mktemp("presets"), RATE_LIMIT="1000")


@pytest.fixture
def a_runner(tmp_path: Path) -> Iterator[Callable[..., Runner]]:
    """Makes runners, not started yet, that end with the test."""
    made: list[Runner] = []

    def make(**handles: str) -> Runner:
        runner = Runner.on_free_ports(tmp_path / f"state-{len(made)}", **handles)
        made.append(runner)
        return runner

    yield make
    for runner in made:
        if hasattr(runner, "process"):
            runner.discard()
