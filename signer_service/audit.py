"""The audit log: one line for every decision, hash-chained, in the kernel's hands before any URL exists.

A chain a worker: each line carries the SHA-256 of the one before it, so a line removed, changed or moved shows
(`python -m signer_service.audit DIR`). A tail cut off, or a chain taken away, shows against metadata's own log, which
keeps what `record` returns. The idea is that of Schneier and Kelsey, "Secure Audit Logs to Support Computer
Forensics" (1999).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Final

from .errors import AuditUnavailable

BEGINNING: Final = "0" * 64


class AuditLog:
    """This worker's chain; it begins with the first line, in the process that writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process = 0
        self._path = folder
        self._file = -1
        self._chain, self._seq, self._hash = "", 0, BEGINNING
        self._failed = True  # until the first line stands

    def record(self, event: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Append a line and hand it to the operating system. Returns its place: chain, seq, hash.

        Raises AuditUnavailable, with nothing half-written left behind: then nothing may be signed.
        """
        with self._lock:
            try:
                return self._append(event, entry)
            except OSError as fault:
                self._failed = True
                raise AuditUnavailable("the audit log cannot be written", reason=str(fault)) from fault

    def check(self) -> None:
        """Raises AuditUnavailable where the last line failed and another fails now, too."""
        if self._failed or self._process != os.getpid() or not self._path.exists():
            self.record("checked", {})

    def _append(self, event: str, entry: dict[str, Any]) -> dict[str, Any]:
        if self._process != os.getpid() or not self._path.exists():
            self._begin()
        line = {"chain": self._chain, "seq": self._seq, "time": time.time(), "event": event, **entry}
        line["prev"] = self._hash
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        _write_whole(self._file, f'{text[:-1]},"hash":"{digest}"}}\n'.encode())
        self._seq, self._hash, self._failed = self._seq + 1, digest, False
        return {"chain": self._chain, "seq": self._seq - 1, "hash": digest}

    def _begin(self) -> None:
        self._chain = str(uuid.uuid4())
        self._path = self._folder / f"{self._chain}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._seq, self._hash, self._process = 0, BEGINNING, os.getpid()


def _write_whole(file: int, line: bytes) -> None:
    """All of the line or none of it: a disk that fills up in the middle must not leave half a line in the chain."""
    end = os.fstat(file).st_size
    if os.write(file, line) != len(line):
        os.ftruncate(file, end)
        raise OSError("short write")


def faults(path: Path) -> list[str]:
    """What is wrong with a chain's file: an empty list where every line is where and what it was."""
    before, found = BEGINNING, []
    for seq, text in enumerate(path.read_bytes().splitlines()):
        try:
            line = json.loads(text)
            unhashed = text[: text.rindex(b',"hash":')] + b"}"
            is_whole = hashlib.sha256(unhashed).hexdigest() == line["hash"]
        except (ValueError, KeyError, TypeError):
            found.append(f"line {seq + 1} is not a line of the log")
            continue
        if not is_whole:
            found.append(f"line {seq + 1} was changed")
        if (line["prev"], line["seq"], line["chain"]) != (before, seq, path.stem):
            found.append(f"line {seq + 1} does not follow the line before it")
        before = line["hash"]
    return found


def main() -> int:
    """Verify every chain of a folder; exit 1 where one is broken."""
    broken = False
    for path in sorted(Path(sys.argv[1]).glob("*.jsonl")):
        found = faults(path)
        broken = broken or bool(found)
        print(f"{path.name}: {'; '.join(found) or 'whole'}")
    return int(broken)


if __name__ == "__main__":
    raise SystemExit(main())
