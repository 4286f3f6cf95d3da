"""Publication: an object is opened to others by a receipt that only its owner's request can get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import grants, ways_out
from .callers import Caller
from .object_keys import ObjectKey


class Receipts:
    """Public receipts of the caller's own objects, each asked for once, however often what stores it is tried anew."""

    def __init__(self, caller: Caller) -> None:
        self._asker = caller.asker
        self._had: dict[ObjectKey, str] = {}

    def of(self, object_keys: Sequence[ObjectKey]) -> Mapping[ObjectKey, str]:
        """A receipt for each; at most 100, by one grant. Raises Unavailable."""
        new = [object_key for object_key in object_keys if object_key not in self._had]
        if new:
            asked = [grants.publish(object_key, "public") for object_key in new]
            answers = ways_out.current().signer.sign(asked, self._asker)
            self._had |= {object_key: answer.receipt for object_key, answer in zip(new, answers, strict=True)}
        return {object_key: self._had[object_key] for object_key in object_keys}
