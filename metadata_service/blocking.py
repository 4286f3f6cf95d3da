"""Blocking: a moderator's word that nobody gets a new URL to an object; every path that reads goes by the record."""

from __future__ import annotations

import logging

from . import clock
from .errors import NotFound
from .object_keys import ObjectKey
from .store import objects
from .store.dynamodb import TransactionRefused, Write
from .store.dynamodb import current as dynamodb
from .store.objects import StoredObject

log = logging.getLogger("metadata")


def block(object_key: ObjectKey, by: str, reason: str) -> None:
    """Nobody gets a new URL to the object; said again, only the reason changes. Raises NotFound."""
    stored = _found(object_key)
    _write(objects.block_writes(stored, by, reason, clock.now()))
    log.info("object_blocked", extra={"by": by, "object_key": object_key.text(), "reason": reason})


def unblock(object_key: ObjectKey, by: str, reason: str | None) -> None:
    """Whoever might read the object before may read it again. Raises NotFound."""
    stored = _found(object_key)
    _write(objects.unblock_writes(stored))
    log.info("object_unblocked", extra={"by": by, "object_key": object_key.text(), "reason": reason})


def _found(object_key: ObjectKey) -> StoredObject:
    stored = objects.get(object_key)
    if stored is None:
        raise _nothing()
    return stored


def _write(writes: list[Write]) -> None:
    try:
        dynamodb().transact(writes, token=clock.new_id())
    except TransactionRefused as refused:  # it went meanwhile
        raise _nothing() from refused


def _nothing() -> NotFound:
    return NotFound("there is no such object")
