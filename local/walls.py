"""Which walls this machine lets us put around a process, and what stands in for those it does not."""

import json
import os
import subprocess  # nosec: our own launcher, with arguments that are ours
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.layout import Layout, User

LAUNCHER = Path(__file__).with_name("launch.py")
WITHOUT_NETWORK = ("signer_service", "image_service")


@dataclass(frozen=True, slots=True)
class Walls:
    """What can be had here: a user each, a network namespace, folders bound for one process alone."""

    users: bool
    network: tuple[str, ...]
    mounts: bool

    def missing(self) -> list[str]:
        """One line for each wall that does not stand."""
        lines = []
        if not self.users:
            lines.append("every process runs as you: only root can give each a user of its own")
        if not self.network:
            lines.append("signer_service and image_service keep your network: namespaces are not to be had here")
        return lines

    def command(self, process: str, command: list[str], layout: Layout, folder: Path) -> list[str]:
        """The command behind its walls, `folder` its working directory."""
        user = layout.users[process] if self.users else None
        wanted = {
            "namespaces": self._namespaces(process),
            "binds": self._binds(process, layout),
            "folder": str(folder),
            "user": _specification(user),
            "parent": os.getpid(),
        }
        return [*_launcher(wanted), *command]

    def _namespaces(self, process: str) -> list[str]:
        return [*(self.network if process in WITHOUT_NETWORK else ()), *(["mount"] if self.mounts else [])]

    def _binds(self, process: str, layout: Layout) -> list[list[str]]:
        return [[str(layout.kept(process)), str(layout.kept_as_seen(process))]] if self.mounts else []


def to_be_had() -> Walls:
    """Try each wall once, on a process that does nothing."""
    if os.getuid() == 0:
        network = ("network",) if _stands(["network"]) else ()
        return Walls(users=True, network=network, mounts=_stands(["mount"]))
    return Walls(users=False, network=("user", "network") if _stands(["user", "network"]) else (), mounts=False)


def _stands(namespaces: list[str]) -> bool:
    wanted = {"namespaces": namespaces, "binds": [], "folder": "/", "user": None, "parent": os.getpid()}
    return subprocess.run([*_launcher(wanted), "true"], capture_output=True, check=False).returncode == 0


def _launcher(wanted: Mapping[str, object]) -> list[str]:
    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(wanted)]


def _specification(user: User | None) -> dict[str, object] | None:
    return {"uid": user.uid, "gid": user.gid, "groups": list(user.groups)} if user else None
