"""The replay memory: a grant's jti counts once, across every worker of this replica; and the cap on deletes.

It is one SQLite file, best on a tmpfs. It need not outlive the machine: a new memory refuses every grant that an
old one could have seen, by remembering when it began.
"""

import sqlite3
import threading
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Final, NamedTuple

from .errors import GrantAlreadyUsed, NotPermitted, ReplayMemoryUnavailable, require
from .grants import CLOCK_SKEW, Grant

KEPT_AFTER_EXPIRY: Final = 10  # seconds
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_SCHEMA: Final = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF; -- it must outlive processes; after another boot of the machine it begins anew
CREATE TABLE IF NOT EXISTS memory (boot TEXT PRIMARY KEY, began INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS used (jti TEXT PRIMARY KEY, forget_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS used_by_age ON used (forget_at);
CREATE TABLE IF NOT EXISTS deletes (issuer TEXT, minute INTEGER, count INTEGER, PRIMARY KEY (issuer, minute));
"""
_COUNT: Final = "INSERT INTO deletes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"


class _Opened(NamedTuple):
    """A thread's own connection, the file that it is to, and when that memory began (seconds since the epoch)."""

    inode: int
    connection: sqlite3.Connection
    began: int


class ReplayMemory:
    """Which grants were used. Raises ReplayMemoryUnavailable wherever it cannot know."""

    def __init__(self, path: Path, deletes_per_minute: int) -> None:
        self._path, self._deletes_per_minute, self._thread = path, deletes_per_minute, threading.local()

    def began(self, now: float) -> int:
        """When this memory began, in seconds since the epoch: it knows nothing of what was used before."""
        try:
            return self._opened(now).began
        except (sqlite3.Error, OSError) as fault:
            raise ReplayMemoryUnavailable(str(fault)) from fault

    def check(self, now: float) -> None:
        """Raises ReplayMemoryUnavailable where it could not vouch for a grant of this moment."""
        require(now > self.began(now) + CLOCK_SKEW + 1, ReplayMemoryUnavailable, "it is younger than its grants")

    def spend(self, grant: Grant, deletes: int, now: float) -> None:
        """Mark the grant used, and count its deletes. Raises GrantAlreadyUsed, or NotPermitted above the cap."""
        try:
            opened = self._opened(now)
            # Else the memory that the grant was accepted by was taken away since.
            require(opened.began + CLOCK_SKEW < grant.issued_at, ReplayMemoryUnavailable, "the memory began anew")
            with opened.connection as connection:  # one transaction
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM used WHERE forget_at < ?", (int(now),))
                connection.execute("INSERT INTO used VALUES (?, ?)", (grant.jti, grant.expires_at + KEPT_AFTER_EXPIRY))
                if deletes:
                    self._count(connection, grant.issuer, deletes, int(now) // 60)
        except sqlite3.IntegrityError as fault:
            raise GrantAlreadyUsed("this grant was used before; a repeated request carries a new one") from fault
        except (sqlite3.Error, OSError) as fault:
            raise ReplayMemoryUnavailable(str(fault)) from fault

    def _count(self, connection: sqlite3.Connection, issuer: str, deletes: int, minute: int) -> None:
        connection.execute("DELETE FROM deletes WHERE minute < ?", (minute,))
        (count,) = connection.execute(_COUNT + " RETURNING count", (issuer, minute, deletes)).fetchone()
        allowed = f"{issuer} may delete {self._deletes_per_minute} objects a minute"
        require(count <= self._deletes_per_minute, NotPermitted, allowed)

    def _opened(self, now: float) -> _Opened:
        """The thread's connection, opened again where the file was taken away: two memories would be two uses."""
        opened: _Opened | None = getattr(self._thread, "opened", None)
        if opened is None or not self._path.exists() or self._path.stat().st_ino != opened.inode:
            connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
            with open(f"{self._path}.lock", "w") as lock:
                flock(lock, LOCK_EX)  # two that turn a new file to WAL at once lock each other out for good
                connection.executescript(_SCHEMA)
            boot = _BOOT.read_text()
            connection.execute("INSERT OR IGNORE INTO memory VALUES (?, ?)", (boot, int(now)))
            began = connection.execute("SELECT began FROM memory WHERE boot = ?", (boot,)).fetchone()[0]
            opened = self._thread.opened = _Opened(self._path.stat().st_ino, connection, began)
        return opened
