"""Erasures under way: a row that says what is still to be removed of a person, and when somebody should go on with it.

It comes with the account's tombstone and goes last, so whoever is killed in between leaves it for the sweep. What is
in tables that the sweep may not read, it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import clock
from . import cleanups, links, media
from .attributes import Item
from .dynamodb import ConditionFailed, TransactionRefused, Write, current, delete_write, put_write

ENTITY: Final = "ERASURE"
_PAGE: Final = 100
"""Rows; a transaction takes no more writes."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is still to be removed of `owner`. `due`: when the sweep goes on with it; `link_ids`: their links' rows."""

    owner: str
    due: int
    link_ids: tuple[str, ...] = ()


def begin_write(erasure: Erasure) -> Write:
    """Begin it, in the transaction that buries the account."""
    item: dict[str, Any] = {
        **media.row(erasure.owner, ENTITY),
        "due": erasure.due,
        "shard": media.shard(hashlib.sha256(erasure.owner.encode()).hexdigest()),
        "link_ids": list(erasure.link_ids),
    }
    return put_write(media.TABLE, item)


def get(owner: str) -> Erasure | None:
    """The person's erasure, or None where none is under way."""
    item = current().get(media.TABLE, media.row(owner, ENTITY))
    return None if item is None else Erasure(owner, item["due"], tuple(item["link_ids"]))


def put_off(erasure: Erasure, until: int) -> bool:
    """Nobody else need go on with it before then; False where another was faster. Two at once do no harm either."""
    return _change(erasure, "SET due = :until", "due = :seen", {":until": until, ":seen": erasure.due})


def _change(erasure: Erasure, expression: str, condition: str, values: Item) -> bool:
    try:
        current().update(media.TABLE, media.row(erasure.owner, ENTITY), expression, condition=condition, values=values)
    except ConditionFailed:
        return False
    return True


def finish(owner: str) -> None:
    """Nothing is left but bytes that wait to be deleted."""
    current().delete(media.TABLE, media.row(owner, ENTITY))


def remove_links(erasure: Erasure) -> None:
    """Delete the rows of the links. None comes back: who adds one checks the account's tombstone."""
    rows = [links.primary_key(erasure.owner, link_id) for link_id in erasure.link_ids]
    for start in range(0, len(rows), _PAGE):
        _delete(links.TABLE, rows[start : start + _PAGE])
    _change(erasure, "SET link_ids = :none", "attribute_exists(link_ids)", {":none": []})


def remove_other_rows(owner: str) -> int:
    """Delete a page of the rows beside uploads, objects and cleanups, which go first; how many there were."""
    # Everything that sorts before CLEANUP# or behind this very row, so that no kind of row can be forgotten.
    for condition, bound in (("< :bound", cleanups.PREFIX), ("> :bound", ENTITY)):
        items, _ = current().query(
            media.TABLE,
            f"{media.OWNER} = :me AND {media.ENTITY} {condition}",
            values={":me": owner, ":bound": bound},
            limit=_PAGE,
            consistent=True,
        )
        if items:
            _delete(media.TABLE, [media.row(owner, item[media.ENTITY]) for item in items])
            return len(items)
    return 0


def transacted(writes: Sequence[Write]) -> bool:
    """Whether all of it was written; if not, somebody else was faster, and what is left must be read again."""
    try:
        current().transact(writes, token=clock.new_id())
    except TransactionRefused:
        return False
    return True


def _delete(table: str, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        current().transact([delete_write(table, row) for row in rows], token=clock.new_id())
