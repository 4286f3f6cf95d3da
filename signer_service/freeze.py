"""The freeze list: what an operator has stopped, at once and whatever was granted.

It is one JSON file, read again when it changes. Without the file everything runs; with one that cannot be
understood nothing does, so that a slip of the pen cannot thaw what was meant to be frozen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from .errors import Frozen, each
from .grants import Grant
from .policy import Operation
from .schemas import Item
from .watched import WatchedFile


@dataclass(frozen=True, slots=True)
class FreezeList:
    """What an operator has stopped. Times are seconds since the epoch; `receipts` are spans of issue, inclusive."""

    operations: frozenset[str] = frozenset()
    issuers: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    receipts: tuple[tuple[int, int], ...] = ()
    grants_before: int = 0

    def stops_receipt_of(self, issued_at: int) -> bool:
        """Whether receipts issued at this time count no more."""
        return any(first <= issued_at <= last for first, last in self.receipts)


EVERYTHING_RUNS: Final = FreezeList()


def parse_freeze_list(text: bytes) -> FreezeList:
    """The freeze list's JSON. Raises ValueError or TypeError on anything unknown, so that a slip cannot thaw."""
    written: dict[str, Any] = json.loads(text)
    sets = {name: frozenset(written.pop(name, [])) for name in ("operations", "issuers", "owners", "objects")}
    spans = tuple((first, last) for first, last in written.pop("receipts", []))
    before = written.pop("grants_before", 0)
    numbers = [before, *(time for span in spans for time in span)]
    if written or not all(type(number) is int for number in numbers):
        raise ValueError("an unknown name, or a time that is not an integer")
    return FreezeList(**sets, receipts=spans, grants_before=before)


class Freezer:
    """Holds grants to the freeze list; without a file everything runs, with an unreadable one nothing does."""

    def __init__(self, listed: WatchedFile[FreezeList]) -> None:
        self._listed = listed

    def current(self) -> FreezeList:
        """The list in force. Raises Frozen where it cannot be read."""
        if not self._listed.path.exists():
            return EVERYTHING_RUNS
        listed = self._listed.read()
        if listed is None:
            raise Frozen("the freeze list cannot be read, so everything is frozen")
        return listed

    def check(self, grant: Grant, operations: list[Operation]) -> FreezeList:
        """Raises Frozen where the list names the grant's issuer or time, or an item's operation, owner or object."""
        listed = self.current()
        if grant.issuer in listed.issuers:
            raise Frozen(f"grants of {grant.issuer} are frozen")
        if grant.issued_at < listed.grants_before:
            raise Frozen("grants of that time are frozen")
        if listed.operations or listed.owners or listed.objects:
            list(each(operations, lambda operation: _check_thawed(listed, operation.item)))
        return listed


def _check_thawed(listed: FreezeList, item: Item) -> None:
    object_key = item.object_key
    if item.op in listed.operations:
        raise Frozen(f"{item.op} is frozen")
    if object_key.owner in listed.owners:
        raise Frozen("this owner's objects are frozen")
    if object_key.id in listed.objects:
        raise Frozen("this object is frozen")
