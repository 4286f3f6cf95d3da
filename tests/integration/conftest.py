"""One stack for all tests of metadata: the real engine, signer and image_service; people that nobody has seen yet."""

import uuid
from collections.abc import Callable

import pytest
from flask import Flask

from tests.integration.uploads_stack import InternalService, Person, Stack, alice, app, someone, stack

__all__ = ["alice", "app", "someone", "stack"]


@pytest.fixture
def bob(someone: Callable[[], Person]) -> Person:
    return someone()


@pytest.fixture
def press(stack: Stack, app: Flask) -> InternalService:
    """An internal service that may do everything with files."""
    return InternalService("press", stack, app.test_client())


@pytest.fixture
def name() -> str:
    """A username that nobody has."""
    return f"user-{uuid.uuid4().hex[:12]}"
