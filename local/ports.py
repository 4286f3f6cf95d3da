"""What must be free before a stack starts: its ports, and its state folder."""

import fcntl
import os
import socket
import time
from pathlib import Path

from local.settings import Settings

# After a kill -9 of a runner, its watchdog holds the lock until the last process is gone.
WATCHDOG_SECONDS = 8.0


class Taken(Exception):
    """A port or a state folder is in use; the message says which handle names another."""


def check(settings: Settings) -> None:
    """Raise Taken, naming every port that something listens on already."""
    wanted = {
        "GATEWAY_PORT": settings.gateway_port,
        "INTERNAL_PORT": settings.internal_port,
        "ENGINE_PORT": settings.engine_port,
    }
    taken = [f"{name}: port {port} is taken on 127.0.0.1" for name, port in wanted.items() if not _is_free(port)]
    if taken:
        raise Taken("; ".join(taken) + f". Stop what listens there, or name another, such as {_example(taken[0])}")


def lock(state_dir: Path) -> int:
    """Hold the state folder for this runner; answers the lock's descriptor. Raises Taken."""
    descriptor = os.open(state_dir / "runner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + WATCHDOG_SECONDS
    while not _locked(descriptor):
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        if _lives(holder) or time.monotonic() > deadline:
            os.close(descriptor)
            raise Taken(f"STATE_DIR {state_dir} is held by a running stack (runner {holder}): stop it, or name another")
        time.sleep(0.05)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: str) -> bool:
    return pid.isdigit() and Path("/proc", pid).exists()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()  # two may bind one port with SO_REUSEADDR; only one may listen
        except OSError:
            return False
    return True


def _example(fault: str) -> str:
    name = fault.partition(":")[0]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"{name}={probe.getsockname()[1]}"
