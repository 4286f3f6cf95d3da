"""The stack of the integration tests: real engine, signer and image_service; metadata in this process."""

from tests.integration.uploads_stack import app, someone, stack

__all__ = ["app", "someone", "stack"]
