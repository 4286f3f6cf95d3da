"""A whole stack for tests: `make run`'s runner, on free ports and in a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import service_tokens, users
from local.deploy import Deployment

REPOSITORY = Path(__file__).resolve().parents[2]
READY_SECONDS = 90.0
STOP_SECONDS = 20.0


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different: each is held until the last is found."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def eventually(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition, with a bound; answers whether it came."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    """A process that runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> set[int]:
    """Every process below this one."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


@dataclass
class Runner:
    """One `make run`, and what it printed so far."""

    state_dir: Path
    gateway_port: int
    internal_port: int
    engine_port: int
    handles: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @classmethod
    def on_free_ports(cls, state_dir: Path, **handles: str) -> "Runner":
        """A runner that is not started yet."""
        gateway_port, internal_port, engine_port = free_ports(3)
        return cls(state_dir, gateway_port, internal_port, engine_port, handles)

    def start(self) -> "Runner":
        """Start the runner, and follow its output."""
        environment = os.environ | {
            "STATE_DIR": str(self.state_dir),
            "GATEWAY_PORT": str(self.gateway_port),
            "INTERNAL_PORT": str(self.internal_port),
            "ENGINE_PORT": str(self.engine_port),
        }
        self.lines.clear()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=REPOSITORY,
            env=environment | self.handles,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        return self

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout as output:
            self.lines.extend(line.rstrip("\n") for line in output)

    def wait_ready(self) -> "Runner":
        """Until `ready` stands on a line of its own."""
        eventually(lambda: "ready" in self.lines or self.process.poll() is not None, READY_SECONDS)
        assert "ready" in self.lines, "the stack did not become ready:\n" + self.text()
        return self

    def wait_ended(self) -> int:
        """The exit status, once the runner has ended and its last line is read."""
        status = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return status

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the runner, and wait for its end."""
        self.process.send_signal(number)
        return self.wait_ended()

    def text(self) -> str:
        return "\n".join(self.lines)

    def record(self) -> dict[str, Any]:
        """stack.json."""
        record: dict[str, Any] = json.loads((self.state_dir / "stack.json").read_text())
        return record

    def pid(self, name: str) -> int:
        """The pid of a process of the stack."""
        return int(self.record()["processes"][name]["pid"])

    def processes(self) -> set[int]:
        """Every process that runs below the runner, workers and all."""
        return descendants(self.process.pid)

    def discard(self) -> None:
        """End the runner whatever state it is in; its watchdog sees to the rest."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait_ended()

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def internal(self) -> str:
        return f"http://127.0.0.1:{self.internal_port}"

    @property
    def engine(self) -> str:
        return f"http://127.0.0.1:{self.engine_port}"

    @property
    def deployment(self) -> Deployment:
        return Deployment.read(self.state_dir / "secrets" / "deployment.json")

    def token(self, user: str) -> str:
        """An access token of a local user, who is made where missing."""
        return users.token(self.deployment, user)

    def service_token(self, name: str = "demo", scope: str | None = None) -> str:
        """A token of a local service."""
        return service_tokens.mint(self.state_dir / "secrets", name, scope)
