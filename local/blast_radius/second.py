"""A second signer or metadata beside the running one: the same user, walls, environment and files, and one check less.

The running processes are never changed. The copy of the code is patched by exact text, and a text that is no longer
there is a fault, not a success.
"""

import os
import shutil
import signal
import sqlite3
import subprocess  # nosec: the stack's own command
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from local import probes
from local.blast_radius.inside import enter
from local.blast_radius.running import Member, Running

READY_SECONDS = 30.0


class Faulty(Exception):
    """A weakening that could not be made: the break shows nothing."""


@dataclass(frozen=True, slots=True)
class Patch:
    """In `file` of the service's package, `before` becomes `after`."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Second:
    """The process that was started."""

    pid: int
    socket: str


@contextmanager
def started(
    running: Running, name: str, patches: Sequence[Patch], environment: Mapping[str, str] | None = None
) -> Iterator[Second]:
    """The service with its code patched, or other values in its environment; it ends with the block. Raises Faulty."""
    member = running.members[name]
    with tempfile.TemporaryDirectory(prefix="weakened-", dir=running.run_dir) as folder:
        place = Path(folder)
        place.chmod(0o755)
        _copy(member, place / "code", name, patches)
        socket = str(_own(place / "socket", member, 0o750) / "second.sock")
        changed = {**_moved(running, member, place), "BIND": f"unix:{socket}", "WORKERS": "1", **(environment or {})}
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                [*enter(replace(member, folder=str(place / "code"))), *_command(member, place)],
                env=_here(member.environment, member, place) | changed,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait_ready(process, Path(socket), place / "log")
            yield Second(process.pid, socket)
        finally:
            _end(process)


def _copy(member: Member, code: Path, package: str, patches: Sequence[Patch]) -> None:
    shutil.copytree(member.folder, code, ignore=shutil.ignore_patterns("__pycache__"))
    for patch in patches:
        path = code / package / patch.file
        text = path.read_text(encoding="utf-8")
        if text.count(patch.before) != 1:
            raise Faulty(f"{package}/{patch.file} has no longer once: {patch.before!r}")
        path.write_text(text.replace(patch.before, patch.after), encoding="utf-8")
    for path in (code, *code.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _own(folder: Path, member: Member, mode: int) -> Path:
    folder.mkdir()
    _give(folder, member)
    folder.chmod(mode)
    return folder


def _give(path: Path, member: Member) -> None:
    if member.user is not None:
        os.chown(path, member.user["uid"], member.user["gid"])


def _moved(running: Running, member: Member, place: Path) -> dict[str, str]:
    """The signer's memory and log, in a place of their own; the memory is as old as the running one's."""
    if "REPLAY_FILE" not in member.environment:
        return {}
    kept = _own(place / "kept", member, 0o700)
    memory = kept / "replay.sqlite3"
    running_memory = running.state_dir / "kept" / member.name / Path(member.environment["REPLAY_FILE"]).name
    with closing(sqlite3.connect(running_memory)) as source, closing(sqlite3.connect(memory)) as copy:
        source.backup(copy)
    _give(memory, member)
    return {"REPLAY_FILE": str(memory), "AUDIT_DIR": str(_own(kept / "audit", member, 0o700))}


def _here(environment: Mapping[str, str], member: Member, place: Path) -> dict[str, str]:
    return {name: text.replace(member.folder, str(place / "code")) for name, text in environment.items()}


def _command(member: Member, place: Path) -> list[str]:
    """The stack's own command, on the copy of the code."""
    _, *arguments = member.command
    return [sys.executable, *(word.replace(member.folder, str(place / "code")) for word in arguments)]


def _wait_ready(process: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while probes.over_socket(socket, "/readyz") != 200:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Faulty(f"the weakened process did not become ready:\n{log.read_text(errors='replace')[-1000:]}")
        time.sleep(0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
