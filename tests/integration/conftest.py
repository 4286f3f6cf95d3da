"""One stack for all tests of metadata: the real engine, signer and image_service; people that nobody has seen yet."""

import uuid
from collections.abc import Callable

import pytest

from tests.integration.uploads_stack import Person, a_service, alice, app, press, someone, stack

__all__ = ["a_service", "alice", "app", "press", "someone", "stack"]


@pytest.fixture
def bob(someone: Callable[[], Person]) -> Person:
    return someone()


@pytest.fixture
def name() -> str:
    """A username that nobody has."""
    return f"user-{uuid.uuid4().hex[:12]}"
