"""A running image_service for each test that asks for one, and the hostile files of the unit tests."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "image"))

from image_process import Service, started


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """One for all tests of a module that leave it as it was."""
    yield from _running()


@pytest.fixture
def own_service() -> Iterator[Service]:
    """One for a test that kills it, or counts what it holds."""
    yield from _running()


def _running() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="cs-") as folder, started(Path(folder)) as running:
        yield running
