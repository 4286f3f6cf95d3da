"""A stack of our own, on free ports and in a folder that goes with it, where none runs."""

import os
import signal
import socket
import subprocess  # nosec: our own runner
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local.settings import REPOSITORY

READY_SECONDS = 120.0
STOP_SECONDS = 30.0
PORTS = ("GATEWAY_PORT", "INTERNAL_PORT", "ENGINE_PORT")


class NotStarted(Exception):
    """The runner ended, or was not ready in time; the message has what it last printed."""


@contextmanager
def started() -> Iterator[Path]:
    """The folder of a stack that is ready; it is stopped afterwards. Raises NotStarted."""
    with tempfile.TemporaryDirectory(prefix="blast-radius-") as folder:
        handles = dict(zip(PORTS, map(str, _free_ports(len(PORTS))), strict=True))
        state_dir = Path(folder, "state")
        Path(folder).chmod(0o711)  # the walls that are tried are the stack's own, not those of a temporary folder
        # By the first the runner ends when we do, however we end; the second could change what the stage is built of.
        inherited = os.environ | {"MAKELEVEL": "1", "KINDS_FILE": ""}
        process = subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=REPOSITORY,
            env={**inherited, **handles, "STATE_DIR": str(state_dir)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            _wait_ready(process)
            yield state_dir
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


def _wait_ready(process: "subprocess.Popen[str]") -> None:
    """Until the runner says so; its output is read to its end, or it would stop at a full pipe."""
    printed: list[str] = []
    ready = threading.Event()

    def follow() -> None:
        for text in process.stdout or ():
            printed.append(text)
            if text == "ready\n":
                ready.set()
        ready.set()

    threading.Thread(target=follow, daemon=True).start()
    if not ready.wait(READY_SECONDS) or "ready\n" not in printed:
        raise NotStarted("".join(printed[-20:]))


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
