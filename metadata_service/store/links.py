"""The links table: a person's links in one partition, those that were deleted among them.

Beside the links stands one row that counts how often a link was added: whoever adds one does it on condition that
nobody else did since the links were counted. To others who read the table it looks like a deleted link.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from . import users
from .attributes import Item
from .dynamodb import TransactionRefused, Write, check_write, current, delete_write, put_write, update_write

TABLE: Final = "links"
ADDITIONS: Final = "#additions"
"""The `link_id` of the row that counts."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a person's."""

    user_id: str
    link_id: str
    title: str
    url: str
    order: int
    created_at: str
    updated_at: str
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Collection:
    """All of a person's links, the deleted ones too, as they stood when `additions` had been made."""

    links: tuple[Link, ...]
    additions: int

    @property
    def row_ids(self) -> tuple[str, ...]:
        """The `link_id` of every row that there is, also of the one that counts."""
        return (*(link.link_id for link in self.links), ADDITIONS)


def primary_key(user_id: str, link_id: str) -> Item:
    """The primary key of one row."""
    return {"user_id": user_id, "link_id": link_id}


def of(user_id: str) -> Collection:
    """A person's links, as they stand."""
    rows: list[Item] = []
    after = None
    while True:
        page, after = current().query(TABLE, "user_id = :me", values={":me": user_id}, after=after, consistent=True)
        rows += page
        if after is None:
            break
    additions = sum(row.get("additions", 0) for row in rows if row["link_id"] == ADDITIONS)
    return Collection(tuple(_link(row) for row in rows if row["link_id"] != ADDITIONS), additions)


def get(user_id: str, link_id: str) -> Link | None:
    """One link, deleted or not, or None."""
    row = current().get(TABLE, primary_key(user_id, link_id))
    return None if row is None or link_id == ADDITIONS else _link(row)


def add(link: Link, seen: Collection, forgotten: Sequence[Link] = ()) -> bool:
    """Add a link, or bring a deleted one back, and forget deleted ones; False where others were added meanwhile.

    Raises AccountErased.
    """
    # Two devices add the hundredth at once: only one of them saw the number of additions as it is.
    condition, values = _no_more_than(seen)
    count = update_write(
        TABLE,
        primary_key(link.user_id, ADDITIONS),
        "SET additions = :next, is_deleted = :true",
        condition=condition,
        values={":next": seen.additions + 1, ":true": True, **values},
    )
    # Races with the account's erasure, which deletes the links that there were: none may be added after it.
    writes = [_put(link), count, *map(_forget, forgotten), users.alive_write(link.user_id)]
    try:
        current().transact(writes, token=str(uuid.uuid4()))
    except TransactionRefused as refused:
        users.raise_if_erased(refused)
        return False
    return True


def all_seen_write(user_id: str, seen: Collection) -> Write:
    """That no link was added since, for the transaction that erases the account and names its links."""
    condition, values = _no_more_than(seen)
    return check_write(TABLE, primary_key(user_id, ADDITIONS), condition=condition, values=values or None)


def _no_more_than(seen: Collection) -> tuple[str, Item]:
    if seen.additions:
        return "additions = :seen", {":seen": seen.additions}
    return "attribute_not_exists(additions)", {}


def change(link: Link) -> bool:
    """Write a link that is there anew; False where it was deleted meanwhile."""
    return _transacted([_put(link, condition="is_deleted = :false", values={":false": False})])


def delete(user_id: str, link_id: str, now: str) -> bool:
    """Delete a link softly; False where there is none. Two that delete it race: the condition lets one through."""
    # A transaction, though of one write: its token tells a repeat after a lost answer from a second delete.
    write = update_write(
        TABLE,
        primary_key(user_id, link_id),
        "SET is_deleted = :true, updated_at = :now",
        condition="is_deleted = :false",
        values={":true": True, ":false": False, ":now": now},
    )
    return _transacted([write])


def _transacted(writes: list[Write]) -> bool:
    try:
        current().transact(writes, token=str(uuid.uuid4()))
    except TransactionRefused:
        return False
    return True


def _put(link: Link, **condition: Any) -> Write:
    row = {name: getattr(link, name) for name in Link.__slots__}
    return put_write(TABLE, row, **condition)


def _forget(link: Link) -> Write:
    return delete_write(
        TABLE,
        primary_key(link.user_id, link.link_id),
        condition="attribute_not_exists(link_id) OR is_deleted = :true",
        values={":true": True},
    )


def _link(row: Item) -> Link:
    return Link(
        user_id=row["user_id"],
        link_id=row["link_id"],
        title=row["title"],
        url=row["url"],
        order=row.get("order", 0),
        created_at=row.get("created_at", ""),
        updated_at=row.get("updated_at", ""),
        is_deleted=row.get("is_deleted", False),
    )
