"""The product under measurement: `make run`'s stack on free ports, and the CPU that its processes have used."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local import users
from local.deploy import Deployment

OURS: Final = ("metadata_service", "signer_service", "image_service", "nginx")
"""Whose CPU counts; the engine's and the runner's do not."""
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
SILENT_SECONDS: Final = 20


class NotReady(Exception):
    """The stack did not start; the message is what it printed."""


@dataclass(frozen=True)
class Running:
    """A stack that answers at `gateway`."""

    gateway: str
    state_dir: Path
    runner: int

    def token(self, user: str) -> str:
        """An access token of a local user, who is made where missing."""
        return users.token(Deployment.read(self.state_dir / "secrets" / "deployment.json"), user)

    def cpu(self) -> float:
        """Seconds of CPU that the system's own processes have used, and those of their children that have ended."""
        return sum(_seconds(pid) for pid in _below(self.runner) if _is_ours(pid))


@contextmanager
def running() -> Iterator[Running]:
    """The whole stack, its limits lifted, until the block ends. Raises NotReady."""
    with tempfile.TemporaryDirectory(prefix="cs-bench-") as folder, ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ports = [str(probe.getsockname()[1]) for probe in probes]
        held.close()
        handles = dict(zip(("GATEWAY_PORT", "INTERNAL_PORT", "ENGINE_PORT"), ports, strict=True))
        command = [sys.executable, "-m", "local.run"]
        environment = os.environ | handles | {"STATE_DIR": folder, "RATE_LIMIT": "off"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            _wait_ready(process)
            # What it goes on to print must be read, or it would wait for us.
            threading.Thread(target=process.stdout.read, daemon=True).start()  # type: ignore[union-attr]  # it is a pipe
            yield Running(f"http://127.0.0.1:{ports[0]}", Path(folder), process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SILENT_SECONDS)


def _wait_ready(process: "subprocess.Popen[str]") -> None:
    printed: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        printed.append(line)
        if line == "ready\n":
            return
    raise NotReady("".join(printed))


def _below(pid: int) -> set[int]:
    """Every process below this one."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _is_ours(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return any(name in command for name in OURS)


def _seconds(pid: int) -> float:
    """utime, stime, cutime and cstime of proc(5), stat."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) * TICK
