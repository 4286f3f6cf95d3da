"""Deleting for the sweep: bytes by one grant for many, then the rows that name them; what is refused waits.

An operator may have frozen one person or one object, or S3 may refuse one. That must not stop everyone else's deletes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from . import clock, grants
from .delete_budget import DeleteBudget
from .grants import Item
from .object_keys import LARGE, USERS
from .s3 import S3, DeleteRefused
from .signer import Refused, Signed, Signer
from .store import cleanups
from .store.cleanups import Cleanup

log = logging.getLogger("metadata")
URLS_LIVE: Final = 60
REFUSED_FOR: Final = 300
"""Seconds until what the signer or S3 refused is asked for again."""
MOST_OF_ONE: Final = 5
"""Refusals of a round until its owner counts as frozen: each one is a line in the signer's alarm."""
MOST_OF_ALL: Final = 25
"""Refusals of a round until it stops: then it is not a few people who are frozen."""


class CapReached(Exception):
    """The signer signs no more deletes in this minute."""


class Deleting:
    """The deletes of one round."""

    def __init__(self, signer: Signer, s3: S3, budget: DeleteBudget) -> None:
        self._signer, self._s3, self._budget = signer, s3, budget
        self._refusals: Counter[str] = Counter()

    def is_refused(self, owner: str) -> bool:
        """Whether so much of this owner was refused that the rest need not be asked for in this round."""
        return self._refusals[owner] >= MOST_OF_ONE

    def delete(self, claimed: Sequence[Cleanup]) -> list[Cleanup]:
        """Delete their bytes and then their rows; those that nobody refused. Raises CapReached, Unavailable."""
        allowed, signed = self._signed(list(claimed))
        left = iter(signed)
        return [cleanup for cleanup in allowed if self._is_deleted(cleanup, list(islice(left, len(items_of(cleanup)))))]

    def _is_deleted(self, cleanup: Cleanup, signed: Sequence[Signed]) -> bool:
        try:
            for answer in signed:
                self._s3.delete(answer.url)
        except DeleteRefused as refused:
            self._put_off(cleanup, refused)
            return False
        cleanups.done(cleanup, clock.now())
        return True

    def _signed(self, left: list[Cleanup]) -> tuple[list[Cleanup], list[Signed]]:
        """Those that the signer allows, and what it signed: it signs all or none, so what it names is left out."""
        while left:
            wanted = [(cleanup, item) for cleanup in left for item in items_of(cleanup)]
            try:
                signed = self._signer.sign([item for _, item in wanted])
            except Refused as refused:
                if refused.item is None and refused.error == "operation_not_permitted":
                    self._budget.bar(clock.now())
                    raise CapReached from refused
                if refused.item is None or not 0 <= refused.item < len(wanted):
                    raise
                named = wanted[refused.item][0]
                self._put_off(named, refused)
                left = [each for each in left if each is not named and not self.is_refused(each.owner)]
            else:
                self._budget.spend(len(wanted), clock.now())
                return left, signed
        return [], []

    def _put_off(self, cleanup: Cleanup, refused: Refused | DeleteRefused) -> None:
        log.warning("delete_refused", extra={"object": cleanup.object_key.text(), "error": refused.error})
        cleanups.postpone(cleanup, clock.now() + REFUSED_FOR)
        self._refusals[cleanup.owner] += 1
        if self._refusals.total() >= MOST_OF_ALL:
            raise refused


def items_of(cleanup: Cleanup) -> list[Item]:
    """A grant's items for all that there may be: parts that were never made one object, and an area's sizes."""
    sizes = cleanup.object_key.sizes if cleanup.area == USERS else (LARGE,)
    ends_at = clock.now() + URLS_LIVE
    deletes = [grants.delete(cleanup.area, cleanup.object_key, size, ends_at) for size in sizes]
    if cleanup.multipart_id is None:
        return deletes
    # The abort first: an object that the parts become before it is deleted after it.
    return [grants.multipart_abort(cleanup.object_key, ends_at, cleanup.multipart_id), *deletes]
