"""What is served: a row for each object, with the receipt that lets others read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from .. import clock
from ..object_keys import USERS, ObjectKey
from . import cleanups, media, photos, tallies
from .attributes import Item
from .cleanups import Cleanup
from .dynamodb import TransactionRefused, Write, check_write, current, delete_write, put_write, update_write
from .tallies import Quota


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is complete. `visibility` is what its receipt says, `private` where there is none.

    `strays_until`: until when a PUT of it that nobody waits for may still arrive; 0 where none is about.
    `uploaded_ms`: of a gallery's photo the millisecond that its row there stands under; 0 of everything else.
    `stored_bytes`: of all sizes; 0 in rows older than the tallies, which do not count those.
    `is_blocked`: whether a moderator has it so that nobody gets a new URL to it.
    """

    object_key: ObjectKey
    kind: str
    created_at: int
    strays_until: int
    visibility: str = "private"
    receipt: str | None = None
    uploaded_ms: int = 0
    stored_bytes: int = 0
    is_blocked: bool = False

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it, unless it is blocked."""
        return self.visibility == "public"

    @property
    def receipt_for_signed_in(self) -> str | None:
        """The receipt by which anyone who is signed in may read it, or None."""
        return self.receipt if self.visibility == "signed_in" else None


PREFIX: Final = "OBJECT#"


def entity(object_key: ObjectKey) -> str:
    """The sort key of a row."""
    return f"{PREFIX}{object_key.category}#{object_key.id}"


def _row(object_key: ObjectKey) -> dict[str, Any]:
    return media.row(object_key.owner, entity(object_key))


def get(object_key: ObjectKey) -> StoredObject | None:
    """The object of this key, its extension included, or None."""
    return _read(current().get(media.TABLE, _row(object_key)), object_key)


def page(owner: str, limit: int, after: Item | None = None) -> tuple[list[StoredObject], Item | None]:
    """Some of a person's objects, and where to go on, None at the end."""
    items, following = media.page(owner, PREFIX, limit, after)
    return [_of_row(item) for item in items], following


def get_many(object_keys: Iterable[ObjectKey]) -> dict[ObjectKey, StoredObject]:
    """Those of these objects that there are."""
    wanted = set(object_keys)
    rows = {(object_key.owner, entity(object_key)) for object_key in wanted}  # two keys may differ in extension alone
    items = current().batch_get(media.TABLE, [media.row(*row) for row in rows], consistent=True) if rows else []
    found = {stored.object_key: stored for stored in map(_of_row, items)}
    return {object_key: stored for object_key, stored in found.items() if object_key in wanted}


def _read(item: dict[str, Any] | None, object_key: ObjectKey) -> StoredObject | None:
    return None if item is None or item["ext"] != object_key.ext else _of_row(item)


def _of_row(item: Item) -> StoredObject:
    category, _, object_id = item[media.ENTITY].removeprefix(PREFIX).partition("#")
    return StoredObject(
        object_key=ObjectKey(item[media.OWNER], category, object_id, item["ext"]),
        kind=item["kind"],
        created_at=item["created_at"],
        strays_until=item["strays_until"],
        visibility=item.get("visibility", "private"),
        receipt=item.get("receipt"),
        uploaded_ms=item.get("uploaded_ms", 0),
        stored_bytes=item.get("stored_bytes", 0),
        is_blocked="blocked" in item,
    )


def record_writes(stored: StoredObject, quota: Quota) -> list[Write]:
    """Record a new object and count it, in the transaction that makes its upload ready; fails beyond the quota."""
    item: dict[str, Any] = {
        **_row(stored.object_key),
        "ext": stored.object_key.ext,
        "kind": stored.kind,
        "created_at": stored.created_at,
        "strays_until": stored.strays_until,
        "visibility": stored.visibility,
    }
    optional = ("receipt", "uploaded_ms", "stored_bytes")
    item |= {name: value for name in optional if (value := getattr(stored, name))}
    record = put_write(media.TABLE, item, condition=f"attribute_not_exists({media.OWNER})")
    if not stored.stored_bytes:
        return [record]
    return [record, tallies.stored_write(stored.object_key.owner, quota, stored.stored_bytes)]


def publish_write(object_key: ObjectKey, visibility: str, receipt: str) -> Write:
    """Store the receipt that opens the object to others, with what says that they may; fails where it is gone."""
    return _turn_write(
        object_key, "SET receipt = :receipt, visibility = :visibility", {":receipt": receipt, ":visibility": visibility}
    )


def withdraw_write(object_key: ObjectKey) -> Write:
    """Drop the receipt, with what says that others may not read it; URLs signed before end by themselves."""
    return _turn_write(object_key, "SET visibility = :visibility REMOVE receipt", {":visibility": "private"})


def _turn_write(object_key: ObjectKey, expression: str, values: dict[str, Any]) -> Write:
    # The condition: an update of an object that was just retired would make a ghost of it.
    is_there = f"attribute_exists({media.OWNER})"
    return update_write(media.TABLE, _row(object_key), expression, condition=is_there, values=values)


def block_writes(stored: StoredObject, by: str, reason: str, now: int) -> list[Write]:
    """Nobody gets a new URL to the object from then on, nor by the gallery's row of it; fails where it is gone."""
    owner, blocked = stored.object_key.owner, {"by": by, "reason": reason, "at": now}
    shown = [photos.block_write(owner, stored.uploaded_ms)] if stored.uploaded_ms else []
    return [_turn_write(stored.object_key, "SET blocked = :blocked", {":blocked": blocked}), *shown]


def unblock_writes(stored: StoredObject) -> list[Write]:
    """Whoever might read the object before may read it again; fails where it is gone."""
    owner = stored.object_key.owner
    shown = [photos.unblock_write(owner, stored.uploaded_ms)] if stored.uploaded_ms else []
    return [_turn_write(stored.object_key, "REMOVE blocked", {}), *shown]


def use_writes(owner: str, object_key: ObjectKey, turned: Write | None = None) -> list[Write]:
    """Put an object to use: the transaction they join fails where the object is not there, and keeps it where it is.

    `turned` opens or closes it in the same transaction, which takes one write of a row.
    """
    # The check races with the sweep, which deletes the row of an unused object before its bytes: one of both fails.
    is_there = f"attribute_exists({media.OWNER})"
    here = turned or check_write(media.TABLE, media.row(owner, entity(object_key)), condition=is_there)
    return [here, cleanups.keep_write(object_key)]


def retire_writes(owner: str, object_key: ObjectKey) -> list[Write]:
    """Let an object go that is no longer used: no one sees it any more, and the sweep deletes its bytes."""
    stored = get(object_key) if object_key.owner == owner else None
    return [] if stored is None else retired_writes(stored)


def retired_writes(stored: StoredObject) -> list[Write]:
    """The same of an object that was read already, and of its row in the gallery; fails where it has gone meanwhile."""
    return [*_dropped_writes(stored), cleanups.retired_write(stored.object_key, stored.strays_until, clock.now())]


def _dropped_writes(stored: StoredObject) -> list[Write]:
    """Its row goes, and with it that in the gallery and its place in the tallies."""
    owner = stored.object_key.owner
    # Two that let it go race: of what follows from an object's end nothing may be done twice.
    gone = delete_write(media.TABLE, _row(stored.object_key), condition=f"attribute_exists({media.OWNER})")
    shown = [photos.remove_write(owner, stored.uploaded_ms)] if stored.uploaded_ms else []
    counted = [tallies.gone_write(owner, stored.kind, stored.stored_bytes)] if stored.stored_bytes else []
    return [gone, *shown, *counted]


def claim(cleanup: Cleanup) -> bool:
    """The sweep's last look before bytes go: whether nothing refers to them, and from now on nothing can."""
    if cleanup.area != USERS:
        return True
    stored = get(cleanup.object_key)
    if not cleanup.is_unused:
        return stored is None
    if stored is None:
        return False
    try:
        # Races with a profile that puts the object to use: that checks the row which this deletes.
        current().transact([*_dropped_writes(stored), cleanups.claim_write(cleanup)], token=clock.new_id())
    except TransactionRefused:
        return False
    return True
