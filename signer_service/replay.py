"""The replay memory: a grant's jti counts once, across every worker of this replica; and the cap on deletes.

It is one SQLite file, best on a tmpfs. It need not outlive the machine: a new memory refuses every grant that an
old one could have seen, by remembering when it began.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import Frozen, GrantAlreadyUsed, ReplayMemoryUnavailable
from .grants import Grant

KEPT_AFTER_EXPIRY: Final = 10  # seconds
PURGE_EVERY: Final = 30  # seconds
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS memory (began INTEGER NOT NULL, boot TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS used (jti TEXT PRIMARY KEY, forget_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS used_by_age ON used (forget_at);
CREATE TABLE IF NOT EXISTS deletes (issuer TEXT, minute INTEGER, count INTEGER NOT NULL, PRIMARY KEY (issuer, minute));
"""


class _Opened(threading.local):
    """A thread's own connection, the file it is to (device and inode), and when that memory began."""

    connection: sqlite3.Connection | None = None
    file: tuple[int, int] = (0, 0)
    began: int = 0


class ReplayMemory:
    """Which grants were used. Raises ReplayMemoryUnavailable wherever it cannot know."""

    def __init__(self, path: Path, deletes_per_minute: int) -> None:
        self._path = path
        self._deletes_per_minute = deletes_per_minute
        self._opened = _Opened()
        self._purge_at = 0.0

    def began(self, now: float) -> int:
        """When this memory began, in seconds since the epoch: it knows nothing of what was used before."""
        with self._connection(now):
            return self._opened.began

    def spend(self, grant: Grant, deletes: int, now: float) -> None:
        """Mark the grant used, and count its deletes, atomically. Raises GrantAlreadyUsed, or Frozen above the cap."""
        with self._connection(now) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._mark(connection, grant, deletes, now)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _mark(self, connection: sqlite3.Connection, grant: Grant, deletes: int, now: float) -> None:
        try:
            connection.execute("INSERT INTO used VALUES (?, ?)", (grant.jti, grant.expires_at + KEPT_AFTER_EXPIRY))
        except sqlite3.IntegrityError as fault:
            raise GrantAlreadyUsed("this grant was used before; a repeated request carries a new one") from fault
        if deletes:
            self._count_deletes(connection, grant.issuer, deletes, int(now) // 60)
        if now >= self._purge_at:
            self._purge_at = now + PURGE_EVERY
            connection.execute("DELETE FROM used WHERE forget_at < ?", (int(now),))
            connection.execute("DELETE FROM deletes WHERE minute < ?", (int(now) // 60 - 1,))

    def _count_deletes(self, connection: sqlite3.Connection, issuer: str, deletes: int, minute: int) -> None:
        row = connection.execute(
            "INSERT INTO deletes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"
            " RETURNING count",
            (issuer, minute, deletes),
        ).fetchone()
        if row[0] > self._deletes_per_minute:
            raise Frozen(f"{issuer} may delete {self._deletes_per_minute} objects a minute")

    @contextmanager
    def _connection(self, now: float) -> Iterator[sqlite3.Connection]:
        try:
            yield self._current(now)
        except (sqlite3.Error, OSError) as fault:
            self._opened.connection = None
            raise ReplayMemoryUnavailable("the replay memory cannot be used", reason=str(fault)) from fault

    def _current(self, now: float) -> sqlite3.Connection:
        """The thread's connection, opened again where the file was taken away: two memories would be two uses."""
        opened = self._opened
        if opened.connection is not None and _file_of(self._path) == opened.file:
            return opened.connection
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, cached_statements=16)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")  # it must outlive processes; of another boot it is forgotten
        connection.executescript(_SCHEMA)
        opened.began = _began(connection, now)
        opened.file = _file_of(self._path)
        opened.connection = connection
        return connection


def _began(connection: sqlite3.Connection, now: float) -> int:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute("SELECT began, boot FROM memory").fetchone()
    if row is None or row[1] != boot:
        row = (int(now), boot)
        connection.execute("DELETE FROM memory")
        connection.execute("DELETE FROM used")
        connection.execute("INSERT INTO memory VALUES (?, ?)", row)
    connection.execute("COMMIT")
    return int(row[0])


def _file_of(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
