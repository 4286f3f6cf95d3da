"""Runs an intruder inside a process of the stack: what it attempts there, and what became of it."""

import json
import shutil
import signal
import subprocess  # nosec: our own scripts
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from local.blast_radius.outcomes import REFUSED, Outcome, not_made
from local.blast_radius.running import Member, Running

HERE = Path(__file__).parent
SECONDS = 60
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from local.blast_radius.intruder import run; run.main()"

Filter = Literal["service", "limits", "decoder"]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to try, by the name of its function in `intruder`, with its arguments.

    An argument that can be called is called when the attempt is made: what lives for a minute, or is new each time.
    """

    name: str
    arguments: Mapping[str, Any]

    def job(self) -> list[Any]:
        """As the intruder is told."""
        return [self.name, {name: value() if callable(value) else value for name, value in self.arguments.items()}]


def act(name: str, **arguments: Any) -> Act:
    """An act, shorter to write."""
    return Act(name, arguments)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an intruder stands: in a process, and behind which of the decoder's own walls."""

    member: Member
    filters: tuple[Filter, ...] = ()

    def without(self, *namespaces: str) -> "Place":
        """The same outside of some of its namespaces: what it holds, carried away."""
        left = tuple(name for name in self.member.namespaces if name not in namespaces)
        return replace(self, member=replace(self.member, namespaces=left))


class Intruder:
    """Makes attempts in processes of one stack, from a copy of its own code that every user can read."""

    def __init__(self, code: Path) -> None:
        self._code = code

    def attempts(self, place: Place, acts: Sequence[Act]) -> list[Outcome]:
        """What became of each act, made one after the other by one intruder."""
        job = {"acts": [one.job() for one in acts], "filters": place.filters}
        try:
            ended = subprocess.run(
                [*enter(place.member), sys.executable, "-c", BOOT, str(self._code)],
                input=json.dumps(job).encode(),
                env=dict(place.member.environment),
                capture_output=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            return [not_made(f"no answer within {SECONDS} s")] * len(acts)
        return _outcomes(ended, len(acts))


def enter(member: Member) -> list[str]:
    """The words before a command that put it into a process of the stack, as that process's user."""
    wanted = {"pid": member.pid, "namespaces": member.namespaces, "folder": member.folder, "user": member.user}
    return [sys.executable, "-I", "-S", str(HERE / "enter.py"), json.dumps(wanted)]


def _outcomes(ended: "subprocess.CompletedProcess[bytes]", count: int) -> list[Outcome]:
    """The intruder's answer; one that the kernel killed once it had begun was refused."""
    begun, _, answer = ended.stdout.partition(b"\n")
    if begun == b"begun" and ended.returncode < 0:
        return [Outcome(REFUSED, f"killed, {signal.Signals(-ended.returncode).name}")] * count
    if ended.returncode != 0 or not answer:
        why = ended.stderr.decode(errors="replace").strip().splitlines()
        return [not_made(why[-1][:200] if why else f"exit {ended.returncode}")] * count
    return [Outcome(*one) for one in json.loads(answer)]


@contextmanager
def intruder(running: Running) -> Iterator[Intruder]:
    """An intruder's code, where every user of the stack can read it, for as long as it is needed."""
    # There, for the folder for temporary files may be root's alone.
    with tempfile.TemporaryDirectory(prefix="intruder-", dir=running.run_dir) as folder:
        code = Path(folder)
        package = code / "local" / "blast_radius"
        package.mkdir(parents=True)
        for source in (HERE.parent / "__init__.py", HERE / "__init__.py"):
            shutil.copy(source, code / source.relative_to(HERE.parent.parent))
        shutil.copytree(HERE / "intruder", package / "intruder", ignore=shutil.ignore_patterns("__pycache__"))
        for path in (code, *code.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield Intruder(code)
