"""The sweep: overdue uploads expire, and bytes that nothing refers to any more go, in every size.

It may be stopped for long, run twice at once, or be killed anywhere: whoever comes next goes on. A row that names
bytes goes only after them, and bytes go only after a last look at what refers to them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from . import clock
from .deleting import Deleting
from .s3 import S3
from .signer import Signer
from .store import cleanups, due, media, objects, uploads
from .store.cleanups import Cleanup

log = logging.getLogger("metadata")
SUSPICIOUS_FOR: Final = 3_600
"""Seconds until a row that names bytes in use is looked at again; there should be none."""


@dataclass(slots=True)
class Tally:
    """What a round did."""

    expired: int = 0
    deleted: int = 0
    kept: int = 0
    refused: int = 0


class Sweep:
    """One sweeper. `is_dry`: it says what it would do, and does nothing."""

    def __init__(self, signer: Signer, s3: S3, *, is_dry: bool = False) -> None:
        self._signer, self._s3, self._is_dry = signer, s3, is_dry

    def round(self) -> Tally:
        """Work off what is due now. Raises Unavailable where it has to stop; then the rest waits."""
        now, tally, deleting = clock.now(), Tally(), Deleting(self._signer, self._s3)
        for shard in media.SHARDS:
            after = None
            while True:
                names, after = due.page(shard, now, after)
                self._expire([name for name in names if name[1].startswith(uploads.PREFIX)], now, tally)
                self._clean([name for name in names if name[1].startswith(cleanups.PREFIX)], now, tally, deleting)
                if after is None:
                    break
        return tally

    def _expire(self, names: Sequence[tuple[str, str]], now: int, tally: Tally) -> None:
        for owner, sort_key in names:
            upload = uploads.get(owner, sort_key.removeprefix(uploads.PREFIX))
            if upload is None or not upload.is_pending or upload.state_at(now) != "expired":
                continue
            if self._is_dry or uploads.expire(upload, now):
                log.info(self._event("expired"), extra={"object": upload.object_key.text()})
                tally.expired += 1

    def _clean(self, names: Sequence[tuple[str, str]], now: int, tally: Tally, deleting: Deleting) -> None:
        found = [cleanups.get(owner, sort_key) for owner, sort_key in names if not deleting.is_refused(owner)]
        deleted = [cleanup for cleanup in found if cleanup is not None and cleanup.due <= now]
        if not self._is_dry:
            claimed = [cleanup for cleanup in deleted if self._is_claimed(cleanup, now, tally)]
            deleted = deleting.delete(claimed)
            tally.refused += len(claimed) - len(deleted)
        for cleanup in deleted:
            log.info(self._event("deleted"), extra={"object": cleanup.object_key.text(), "area": cleanup.area})
            tally.deleted += 1

    def _is_claimed(self, cleanup: Cleanup, now: int, tally: Tally) -> bool:
        if objects.claim(cleanup):
            return True
        tally.kept += 1
        if not cleanup.is_unused:
            log.error("queued_though_in_use", extra={"object": cleanup.object_key.text()})
            cleanups.postpone(cleanup, now + SUSPICIOUS_FOR)
        return False

    def _event(self, what: str) -> str:
        return f"would_be_{what}" if self._is_dry else what
