"""The audit log: one line for every decision, hash-chained, in the kernel's hands before any URL exists.

A chain a worker: each line carries the SHA-256 of the one before it, so a line removed, changed or moved shows. A tail
cut off, or a chain taken away, shows against metadata's own log, which keeps what `record` returns. The idea is that
of Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics" (1999).
"""

import hashlib
import json
import os
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
        self._folder, self._lock = folder, threading.Lock()
        self._chain, self._seq, self._hash = "", 0, BEGINNING
        self._process, self._file, self._failed = -1, -1, True

    def record(self, event: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Append a line and hand it to the operating system. Returns its place: chain, seq, hash.

        Raises AuditUnavailable, with nothing half-written left behind: then nothing may be signed.
        """
        with self._lock:
            self._failed = True
            try:
                if self._process != os.getpid() or not self._path.exists():
                    self._begin()
                return self._append({"time": time.time(), "event": event, **entry})
            except OSError as fault:
                raise AuditUnavailable(str(fault)) from fault

    def check(self) -> None:
        """Raises AuditUnavailable where a line cannot be written; writes none where the last one could."""
        if self._failed or not self._path.exists():
            self.record("checked", {})

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._chain}.jsonl"

    def _begin(self) -> None:
        self._chain, self._seq, self._hash, self._process = str(uuid.uuid4()), 0, BEGINNING, os.getpid()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def _append(self, entry: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps({"chain": self._chain, "seq": self._seq, "prev": self._hash, **entry}, separators=(",", ":"))
        place = {"chain": self._chain, "seq": self._seq, "hash": hashlib.sha256(text.encode()).hexdigest()}
        line, end = f'{text[:-1]},"hash":"{place["hash"]}"}}\n'.encode(), os.fstat(self._file).st_size
        if os.write(self._file, line) != len(line):  # a disk that fills up must not leave half a line in the chain
            os.ftruncate(self._file, end)
            raise OSError("short write")
        self._seq, self._hash, self._failed = self._seq + 1, str(place["hash"]), False
        return place
