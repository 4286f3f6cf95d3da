"""The freeze list: what an operator has stopped, at once and whatever was granted.

It is one JSON file, read again when it changes. Without the file everything runs; with one that cannot be
understood nothing does, so that a slip of the pen cannot thaw what was meant to be frozen.
"""

import json
from typing import NamedTuple

from .errors import Frozen
from .grants import Grant
from .schemas import RECEIPT, Item
from .watched import WatchedFile


class FreezeList(NamedTuple):
    """What is stopped. Times are seconds since the epoch; `receipts` are spans of issue, both ends included."""

    operations: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    receipts: tuple[tuple[int, int], ...] = ()
    grants_before: int = 0

    def check(self, grant: Grant, item: Item) -> None:
        """Raises Frozen where the grant's issuer or time, or the item's operation, owner, object or receipt is stopped.

        A receipt's time is what its text says; whether it is one of ours is asked later.
        """
        if grant.issuer in self.issuers or grant.issued_at < self.grants_before:
            raise Frozen("grants of this issuer, or of this time, are frozen")
        if item.op in self.operations or item.object_key.owner in self.owners or item.object_key.id in self.objects:
            raise Frozen("the operation, the owner or the object is frozen")
        shape = RECEIPT.fullmatch(item.receipt or "")
        if shape and any(first <= int(shape[3]) <= last for first, last in self.receipts):
            raise Frozen("receipts of this time are frozen")


def parse(text: bytes) -> FreezeList:
    """The freeze list's JSON. Raises ValueError or TypeError on anything it does not know."""
    listed = FreezeList(**json.loads(text))
    spans = [time for first, last in listed.receipts for time in (first, last)]
    if any(type(time) is not int for time in (listed.grants_before, *spans)):
        raise ValueError("times are whole seconds since the epoch")
    if not all(
        isinstance(names, list | tuple) and all(isinstance(name, str) for name in names) for names in listed[:4]
    ):
        raise ValueError("operations, issuers, owners and objects are lists of names")
    return listed


def current(file: WatchedFile[FreezeList]) -> FreezeList:
    """The list in force. Raises Frozen where there is a file and it cannot be understood."""
    listed = file.read() if file.path.exists() else FreezeList()
    if listed is None:
        raise Frozen("the freeze list cannot be read, so everything is frozen")
    return listed
