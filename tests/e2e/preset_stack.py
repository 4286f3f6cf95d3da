"""A whole stack with a seed's preset, as `KINDS_FILE=docs/presets/000.toml make run` starts it."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.local_stack import Runner


@contextmanager
def running_with(preset_runner: Runner, kinds_file: str) -> Iterator[Runner]:
    """The stack, started with the kinds of a file whose path is below the repository; it ends with the block."""
    preset_runner.handles["KINDS_FILE"] = kinds_file
    try:
        yield preset_runner.start().wait_ready()
        assert preset_runner.stop() == 0, preset_runner.text()
    finally:
        preset_runner.discard()
