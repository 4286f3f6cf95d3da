"""Attempts on files, folders, and what /proc shows of other processes. Each judges by the effect: bytes that came."""

import os
import stat
from pathlib import Path
from typing import Any

from local.blast_radius.intruder.refusals import Refused

MOST_BYTES = 1 << 20
Told = tuple[str, Any]


def read(path: str) -> Told:
    """Read a file's first bytes."""
    with open(path, "rb") as file:
        if not file.read(64):
            raise ValueError(f"{path} is empty")
    return "read", None


def write(path: str) -> Told:
    """Open a file that is there for writing; nothing is written."""
    os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    return "writable", None


def plant(folder: str) -> Told:
    """Make a file in a folder, which is what replacing another by rename takes; it goes at once."""
    path = f"{folder}/blast-radius-{os.getpid()}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    os.unlink(path)
    return "writable", None


def look_into(folder: str) -> Told:
    """List a folder."""
    return f"{len(os.listdir(folder))} names", None


def search(folders: list[str], wanted: dict[str, str], at_least: int = 1) -> Told:
    """Look for secrets, by name and text, in the own environment and in every file that opens."""
    found = _in("\0".join(os.environ.values()).encode(), wanted)
    for folder in folders:
        for path in _files(folder):
            found |= _in(_content(path), wanted)
    if len(found) < at_least:
        raise Refused("nothing found" if not found else f"only {', '.join(sorted(found))} found")
    return f"found {', '.join(sorted(found))}", None


def _files(folder: str) -> list[Path]:
    return [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]


def _content(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return b""
        with path.open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError:
        return b""


def _in(content: bytes, wanted: dict[str, str]) -> set[str]:
    return {name for name, text in wanted.items() if text.encode() in content}


def memory(pid: int) -> Told:
    """Read from the first page of another process's memory that is its own to write."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        begin = next(int(line.split("-")[0], 16) for line in maps if " rw-p " in line)
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as content:
        content.seek(begin)
        return f"{len(content.read(16))} bytes", None
