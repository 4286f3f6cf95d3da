"""Files that others write and the signer reads: read again when they change, checked before they count."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Content = TypeVar("Content")
log = logging.getLogger("signer")


class WatchedFile(Generic[Content]):
    """One file and what it says, as `parse` understands it.

    A file that became wrong, or went away, leaves the last good content in force, so that a slip of whoever rotates
    a key stops nothing; unless it is to `fail_closed`, where a file that cannot be understood counts as none.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], Content], *, fail_closed: bool = False) -> None:
        self.path, self._parse, self._fail_closed = path, parse, fail_closed
        self._seen: tuple[object, Content | None] = (None, None)  # replaced in one assignment, for threads

    def read(self) -> Content | None:
        """What the file says now, or None where it says nothing usable (and, if it may, never did)."""
        stamp, content = self._seen
        try:
            status = self.path.stat()
            current = (status.st_mtime_ns, status.st_size, status.st_ino)
            if current != stamp:
                self._seen = (current, None if self._fail_closed else content)
                self._seen = (current, self._parse(self.path.read_bytes()))
        except Exception as fault:  # whatever a parser meets in a file, the file is not usable
            log.error("file_not_usable", extra={"file": self.path.name, "fault": type(fault).__name__})
            self._seen = (self._seen[0], None if self._fail_closed else content)
        return self._seen[1]
