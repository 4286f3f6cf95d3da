"""The sweep: overdue uploads expire, and bytes that nothing refers to any more go, in every size.

First all that is overdue expires, in every shard; then bytes go, people in turn, as far as the budget for deletes
reaches: one who replaces a picture all day keeps nobody else's waiting. At last erasures go on, each for a while.

It may be stopped for long, run twice at once, or be killed anywhere: whoever comes next goes on. A row that names
bytes goes only after them, and bytes go only after a last look at what refers to them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from . import clock, erasing
from .delete_budget import DeleteBudget
from .deleting import CapReached, Deleting, items_of
from .s3 import S3
from .signer import Signer
from .store import cleanups, due, erasures, media, objects, uploads
from .store.cleanups import Cleanup
from .taking_turns import Name, TakingTurns

log = logging.getLogger("metadata")
ERASURES_OF_A_ROUND: Final = 4
SECONDS_OF_AN_ERASURE: Final = 5.0
"""Others wait for no more than this: the rest of it is for the next round."""
AT_ONCE: Final = 25
"""Rows that are cleaned up by one grant: a cleanup of a picture is three deletes, and a grant holds a hundred."""
SUSPICIOUS_FOR: Final = 3_600
"""Seconds until a row that names bytes in use is looked at again; there should be none."""


@dataclass(slots=True)
class Tally:
    """What a round did. `erased`: accounts. `is_cut_short`: the budget for deletes did not reach to the end."""

    expired: int = 0
    deleted: int = 0
    aborted: int = 0
    kept: int = 0
    erased: int = 0
    refused: int = 0
    is_cut_short: bool = False


class Sweep:
    """One sweeper. `is_dry`: it says what it would do, and does nothing."""

    def __init__(self, signer: Signer, s3: S3, budget: DeleteBudget, *, is_dry: bool = False) -> None:
        self._signer, self._s3, self._budget, self._is_dry = signer, s3, budget, is_dry
        self._rounds = clock.now()

    def round(self) -> Tally:
        """Work off what is due now. Raises Unavailable where it has to stop; then the rest waits."""
        now, tally, deleting = clock.now(), Tally(), Deleting(self._signer, self._s3, self._budget)
        waiting = TakingTurns(None if self._is_dry else self._budget.a_minute)
        erased: list[str] = []
        for names in self._due(now):
            self._expire([name for name in names if name[1].startswith(uploads.PREFIX)], now, tally)
            waiting.add(name for name in names if name[1].startswith(cleanups.PREFIX))
            erased += [owner for owner, sort_key in names if sort_key == erasures.ENTITY]
        try:
            for names in waiting.batches(AT_ONCE):
                self._clean(names, now, tally, deleting)
                if tally.is_cut_short:
                    break
        finally:  # what stops the deletes does not stop erasures, nor the other way round
            self._erase(erased[:ERASURES_OF_A_ROUND], now, tally)
        return tally

    def _due(self, now: int) -> Iterator[list[Name]]:
        """All that is due, by pages; each round begins at another shard, for it may not come to the last."""
        self._rounds += 1
        first = self._rounds % len(media.SHARDS)
        for shard in media.SHARDS[first:] + media.SHARDS[:first]:
            names, after = due.page(shard, now, None)
            yield names
            while after is not None:
                names, after = due.page(shard, now, after)
                yield names

    def _expire(self, names: Sequence[Name], now: int, tally: Tally) -> None:
        for owner, sort_key in names:
            upload = uploads.get(owner, sort_key.removeprefix(uploads.PREFIX))
            if upload is None or not upload.is_pending or upload.state_at(now) != "expired":
                continue
            if self._is_dry or uploads.expire(upload, now):
                log.info(self._event("expired"), extra={"object": upload.object_key.text()})
                tally.expired += 1

    def _erase(self, owners: Sequence[str], now: int, tally: Tally) -> None:
        """Go on with erasures that whoever began them did not finish, each for a while: then others have their turn."""
        for owner in owners:
            erasure = erasures.get(owner)
            if erasure is None or erasure.due > now:
                continue
            log.info(self._event("erased"), extra={"owner": owner})
            held = replace(erasure, due=now + erasing.HANDS_OFF)
            if self._is_dry or not erasures.put_off(erasure, held.due):
                continue
            if erasing.advance(held, SECONDS_OF_AN_ERASURE):
                tally.erased += 1
            else:
                erasures.put_off(held, now)

    def _clean(self, names: Sequence[Name], now: int, tally: Tally, deleting: Deleting) -> None:
        found = [cleanups.get(owner, sort_key) for owner, sort_key in names if not deleting.is_refused(owner)]
        overdue = [cleanup for cleanup in found if cleanup is not None and cleanup.due <= now]
        deleted = overdue if self._is_dry else self._delete(self._affordable(overdue, tally), now, tally, deleting)
        for cleanup in deleted:
            named = {"object": cleanup.object_key.text(), "area": cleanup.area}
            if cleanup.multipart_id is not None:
                log.info(self._event("aborted"), extra=named)
                tally.aborted += 1
            log.info(self._event("deleted"), extra=named)
            tally.deleted += 1

    def _affordable(self, overdue: Sequence[Cleanup], tally: Tally) -> list[Cleanup]:
        """As many as the budget reaches for: before they are claimed, for what is claimed is gone for its owner."""
        wanted, now = 0, clock.now()
        for number, cleanup in enumerate(overdue):
            wanted += len(items_of(cleanup))
            if not self._budget.allows(wanted, now):
                tally.is_cut_short = True
                return list(overdue[:number])
        return list(overdue)

    def _delete(self, overdue: Sequence[Cleanup], now: int, tally: Tally, deleting: Deleting) -> list[Cleanup]:
        claimed = [cleanup for cleanup in overdue if self._is_claimed(cleanup, now, tally)]
        try:
            deleted = deleting.delete(claimed)
        except CapReached:
            tally.is_cut_short = True
            return []
        tally.refused += len(claimed) - len(deleted)
        return deleted

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
