"""Files that others write and the signer reads: read again when they change, checked before they count."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Content = TypeVar("Content")
Stamp = tuple[int, int, int]
log = logging.getLogger("signer")


class WatchedFile(Generic[Content]):
    """One file and what it says, as `parse` understands it.

    A file that became unreadable or wrong leaves the last good content in force, so that a slip of whoever
    rotates a key stops nothing; unless `fail_closed`, where a wrong file counts as none.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], Content], *, fail_closed: bool = False) -> None:
        self.path = path
        self._parse = parse
        self._fail_closed = fail_closed
        self._seen: tuple[Stamp | None, Content | None] = (
            None,
            None,
        )  # replaced in one assignment, for threads

    def read(self) -> Content | None:
        """What the file says now, or None where it says nothing usable (and never did)."""
        stamp, content = self._seen
        try:
            status = self.path.stat()
        except OSError:
            return None if self._fail_closed else content
        current = (status.st_mtime_ns, status.st_size, status.st_ino)
        if current != stamp:
            self._seen = (current, self._fresh(content))
        return self._seen[1]

    def _fresh(self, last_good: Content | None) -> Content | None:
        try:
            return self._parse(self.path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            log.error("file_not_usable", extra={"file": self.path.name, "fault": type(fault).__name__})
            return None if self._fail_closed else last_good
