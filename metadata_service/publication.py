"""Publication: an object is opened to others by a receipt that only its owner's request can get."""

from __future__ import annotations

from collections.abc import Mapping

from . import grants, ways_out
from .callers import Caller
from .object_keys import ObjectKey


class Receipts:
    """Receipts of the caller's own objects, each asked for once, however often what stores it is tried anew."""

    def __init__(self, caller: Caller) -> None:
        self._asker = caller.asker
        self._had: dict[tuple[ObjectKey, str], str] = {}

    def of(self, wanted: Mapping[ObjectKey, str]) -> Mapping[ObjectKey, str]:
        """A receipt of the visibility that is wanted for each; at most 100, by one grant. Raises Unavailable."""
        new = [named for named in wanted.items() if named not in self._had]
        if new:
            asked = [grants.publish(*named) for named in new]
            answers = ways_out.current().signer.sign(asked, self._asker)
            self._had |= {named: answer.receipt for named, answer in zip(new, answers, strict=True)}
        return {object_key: self._had[object_key, visibility] for object_key, visibility in wanted.items()}
