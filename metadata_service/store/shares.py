"""Share links: a row for each, in one of so many places that a person has for them; what ended gives its place free.

A row has the SHA-256 of the link's id and not the id: whoever reads the table can open nothing by it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Final

from .. import clock
from ..object_keys import ObjectKey
from . import media, users
from .attributes import Item
from .dynamodb import TransactionRefused, current, delete_write, put_write

PREFIX: Final = "SHARE#"
PLACES: Final = 100


@dataclass(frozen=True, slots=True)
class Share:
    """A link to one object, until `ends_at` (seconds since the epoch), by the receipt that opens the object."""

    link_id: str
    place: int
    object_key: ObjectKey
    receipt: str
    ends_at: int


def free_place(owner: str, now: int) -> int | None:
    """A place of the person's in which there is no link that has not ended, or None."""
    items, _ = current().query(
        media.TABLE,
        f"{media.OWNER} = :owner AND begins_with({media.ENTITY}, :prefix)",
        values={":owner": owner, ":prefix": PREFIX},
        consistent=True,
    )
    taken = {item[media.ENTITY] for item in items if item["ends_at"] > now}
    return next((place for place in range(PLACES) if _entity(place) not in taken), None)


def add(share: Share, now: int) -> bool:
    """Record a link; False where another one has its place by now. Raises AccountErased."""
    object_key = share.object_key
    item = {
        **_row(object_key.owner, share.place),
        "digest": _digest(share.link_id),
        "category": object_key.category,
        "object_id": object_key.id,
        "ext": object_key.ext,
        "receipt": share.receipt,
        "ends_at": share.ends_at,
        "ttl": share.ends_at,
    }
    # Two requests find the same place free: the condition lets one through.
    is_free = f"attribute_not_exists({media.OWNER}) OR ends_at <= :now"
    written = put_write(media.TABLE, item, condition=is_free, values={":now": now})
    try:
        # Races with the account's erasure, which deletes the links that there were: none may be added after it.
        current().transact([written, users.alive_write(object_key.owner)], token=clock.new_id())
    except TransactionRefused as refused:
        users.raise_if_erased(refused)
        return False
    return True


def get(owner: str, place: int, link_id: str) -> Share | None:
    """The person's link of this id, whether it has ended or not, or None."""
    item = current().get(media.TABLE, _row(owner, place))
    if item is None or not hmac.compare_digest(str(item["digest"]), _digest(link_id)):
        return None
    return _read(item, place, link_id)


def end(owner: str, place: int, link_id: str, now: int) -> bool:
    """End a link at once; False where there is none that has not ended."""
    ended = delete_write(
        media.TABLE,
        _row(owner, place),
        condition="digest = :digest AND ends_at > :now",
        values={":digest": _digest(link_id), ":now": now},
    )
    try:
        # A transaction, though of one write: its token tells a repeat after a lost answer from a second request.
        current().transact([ended], token=clock.new_id())
    except TransactionRefused:
        return False
    return True


def _read(item: Item, place: int, link_id: str) -> Share:
    object_key = ObjectKey(item[media.OWNER], item["category"], item["object_id"], item["ext"])
    return Share(link_id, place, object_key, item["receipt"], item["ends_at"])


def _row(owner: str, place: int) -> dict[str, Any]:
    return media.row(owner, _entity(place))


def _entity(place: int) -> str:
    return f"{PREFIX}{place:02}"


def _digest(link_id: str) -> str:
    return hashlib.sha256(link_id.encode("ascii")).hexdigest()
