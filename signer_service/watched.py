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
    a key stops nothing. Not so where `absent` is what it means that there is no file: there a file that cannot be
    understood counts as nothing at all.
    """

    def __init__(self, path: Path, parse: Callable[[bytes], Content], *, absent: Content | None = None) -> None:
        self._path, self._parse, self._absent = path, parse, absent
        self._seen: tuple[object, Content | None] = ("unread", None)  # replaced in one assignment, for threads

    def read(self) -> Content | None:
        """What the file says now, or None where it says nothing usable (and, without `absent`, never did)."""
        stamp, content = self._seen
        current: object = "unusable"
        try:
            current = self._stamp()
            if current != stamp:
                content = self._absent if current == "absent" else self._parse(self._path.read_bytes())
        except Exception as fault:  # whatever a parser meets in a file, the file is not usable
            content = content if self._absent is None else None
            if current != stamp:
                log.error("file_not_usable", extra={"file": self._path.name, "fault": type(fault).__name__})
        self._seen = (current, content)
        return content

    def _stamp(self) -> object:
        try:
            self._path.lstat()  # nothing but its absence counts as absent: not a link to nowhere, not a closed folder
        except FileNotFoundError:
            if self._absent is not None:
                return "absent"
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino
