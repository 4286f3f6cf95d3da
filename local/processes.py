"""Starts processes behind their walls, watches them, and leaves none of them running."""

import os
import signal
import subprocess  # nosec: commands that are ours
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.console import Console
from local.layout import Layout
from local.walls import Walls

STOPPING_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
GRACE_SECONDS = 5.0
WATCHDOG = Path(__file__).with_name("watchdog.py")


class ProcessDied(Exception):
    """A process ended by itself; `name` is whose, `status` what it exited with (negative: the signal)."""

    def __init__(self, name: str, status: int) -> None:
        how = f"exited with {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
        super().__init__(f"{name} {how}")
        self.name = name
        self.status = status


class NotInTime(Exception):
    """A process lives, and is not ready within its bound."""


@dataclass(frozen=True, slots=True)
class Process:
    """What is to be started. `folder` is its working directory."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    folder: Path


@dataclass(slots=True)
class Processes:
    """The running ones, in the order of their start."""

    layout: Layout
    walls: Walls
    console: Console
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    watchdog: subprocess.Popen[bytes] | None = None

    def watch_over(self, lock: int) -> None:
        """Start the watchdog first; it keeps the state folder's lock until the last process is gone."""
        command = [sys.executable, "-I", "-S", str(WATCHDOG), str(self.layout.run_dir), str(self.layout.stack_file)]
        self.watchdog = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=(lock,))

    def start(self, process: Process) -> int:
        """Start a process and follow what it prints; answers its pid."""
        command = self.walls.command(process.name, process.command, self.layout, process.folder)
        reader, writer = os.pipe()
        if self.walls.users:  # or opening /dev/stdout again would be refused to the process's user
            os.fchown(writer, self.layout.users[process.name].uid, -1)
        with _signals_held(), os.fdopen(writer, "wb") as output:
            child = subprocess.Popen(
                command,
                env=process.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self.running[process.name] = child
            self._tell_watchdog(f"+{child.pid}\n")
        self.console.follow(process.name, os.fdopen(reader, "rb", buffering=0))
        return child.pid

    def check(self) -> None:
        """Raise ProcessDied for the first that ended."""
        for name, child in self.running.items():
            status = child.poll()
            if status is not None:
                raise ProcessDied(name, status)

    def wait_until(self, name: str, is_ready: Callable[[], bool], seconds: float) -> None:
        """Wait for a condition while all live. Raises ProcessDied or NotInTime."""
        deadline = time.monotonic() + seconds
        pause = 0.05
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise NotInTime(f"{name} was not ready within {seconds:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.5)  # each question is a line in the asked one's log

    def stop(self) -> None:
        """Stop the gateway first and the engine last, so that what is in flight can end."""
        names = list(self.running)
        first, last = names[-1:], names[:1]
        for together in (first, [name for name in names if name not in first + last], last):
            self._stop_together(together)
        self.running.clear()
        self._dismiss_watchdog()

    def kill(self) -> None:
        """Stop everything at once."""
        for child in self.running.values():
            _signal_group(child.pid, signal.SIGKILL)

    def _stop_together(self, names: list[str]) -> None:
        children = [self.running[name] for name in names if name in self.running]
        for child in children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in children:
            _wait(child, deadline)
            _signal_group(child.pid, signal.SIGKILL)  # workers that outlived their master, too
            child.wait()
            self._tell_watchdog(f"-{child.pid}\n")

    def _tell_watchdog(self, line: str) -> None:
        if self.watchdog and self.watchdog.stdin:
            self.watchdog.stdin.write(line.encode())
            self.watchdog.stdin.flush()

    def _dismiss_watchdog(self) -> None:
        if self.watchdog and self.watchdog.stdin:
            self.watchdog.stdin.close()
            self.watchdog.wait()


@contextmanager
def _signals_held() -> Iterator[None]:
    """No stop between a process's start and its place on the list. The launcher lets signals through again."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING_SIGNALS)


def _wait(child: subprocess.Popen[bytes], deadline: float) -> None:
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.kill()


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
