"""The running stack, as stack.json describes it, and each of its processes with what it holds."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.deploy import Deployment

OPERATOR = "operator"
# The namespaces that a process may have to itself; whatever it is in, an intruder in it is too.
NAMESPACES = ("net", "mnt")


class NoStack(Exception):
    """No stack runs from this folder."""


@dataclass(frozen=True, slots=True)
class Member:
    """A process of the stack: who it is, and exactly what it was started with. `user` is None for root itself."""

    name: str
    pid: int
    user: Mapping[str, Any] | None
    environment: Mapping[str, str] = field(repr=False)
    command: tuple[str, ...]
    folder: str
    own: str
    socket: str | None
    namespaces: tuple[str, ...] = NAMESPACES


@dataclass(frozen=True, slots=True)
class Running:
    """The stack: its folders, its addresses, its processes by name."""

    state_dir: Path
    run_dir: Path
    gateway: str
    internal: str
    engine: str
    engine_pid: int
    members: Mapping[str, Member]
    deployment: Deployment = field(repr=False)

    @property
    def secrets(self) -> Path:
        return self.state_dir / "secrets"

    @property
    def public(self) -> Path:
        return self.run_dir / "public"

    def socket(self, name: str) -> str:
        """The path of a process's socket."""
        path = self.members[name].socket
        if path is None:
            raise NoStack(f"{name} listens on no socket")
        return path

    def pids(self, but: str) -> list[int]:
        """Every process of the stack, workers and the engine too, except those of one member."""
        theirs = {one.pid for one in self.members.values() if one.name not in (but, OPERATOR)} | {self.engine_pid}
        decoder = self.members["image_service"].pid  # its children live for one file, and are gone when we look
        return sorted(pid for pid, group in _groups() if group in theirs and (group != decoder or pid == decoder))

    @classmethod
    def at(cls, state_dir: Path) -> "Running":
        """The stack that runs from this folder. Raises NoStack."""
        try:
            record = json.loads((state_dir / "stack.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise NoStack(f"no stack runs from {state_dir}") from None
        processes = record["processes"]
        if not all(Path("/proc", str(one["pid"])).exists() for one in processes.values()):
            raise NoStack(f"{state_dir}/stack.json is left over: its processes are gone")
        deployment = Deployment.read(Path(record["deployment_file"]))
        members = {name: _member(name, one) for name, one in processes.items() if name != "engine"}
        return cls(
            state_dir=Path(record["state_dir"]),
            run_dir=Path(record["run_dir"]),
            gateway=record["gateway_url"],
            internal=record["internal_url"],
            engine=record["engine_url"],
            engine_pid=processes["engine"]["pid"],
            members=members | {OPERATOR: _operator(deployment)},
            deployment=deployment,
        )


def _groups() -> Iterator[tuple[int, int]]:
    """Each process and its group: the runner gives every member of the stack a group, and its workers stay in it."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError):
            yield int(entry.name), os.getpgid(int(entry.name))


def _member(name: str, record: Mapping[str, Any]) -> Member:
    lines = Path(record["environment_file"]).read_text(encoding="utf-8").splitlines()
    return Member(
        name=name,
        pid=record["pid"],
        user={part: record[part] for part in ("uid", "gid", "groups")},
        environment=dict(line.split("=", 1) for line in lines),
        command=tuple(record["command"]),
        folder=record["folder"],
        own=record["own"],
        socket=record["socket"],
    )


def _operator(deployment: Deployment) -> Member:
    """Whoever runs the machine: root, outside of every wall, with the engine's root credentials. For controls."""
    environment = {
        "PATH": f"{Path(sys.prefix, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "AWS_REGION": deployment.region,
        "AWS_ACCESS_KEY_ID": deployment.root.access_key_id,
        "AWS_SECRET_ACCESS_KEY": deployment.root.secret_access_key,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Member(OPERATOR, 1, None, environment, (), "/", "", None, ())
