"""The current picture of a person: one row that points at one object, and moves in one step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ..object_keys import ObjectKey
from . import media
from .dynamodb import Write, current, delete_write, put_write

ENTITY: Final = "PROFILE_PICTURE"


@dataclass(frozen=True, slots=True)
class Picture:
    """What the pointer says: the object, since when (seconds since the epoch), and the pointer's version."""

    object_key: ObjectKey
    uploaded_at: int
    version: int


def get(owner: str) -> Picture | None:
    """The current picture, or None."""
    return _read(current().get(media.TABLE, media.row(owner, ENTITY)))


def get_many(owners: Iterable[str]) -> dict[str, Picture]:
    """The current pictures of those of these people who have one."""
    partition_keys = [media.row(owner, ENTITY) for owner in dict.fromkeys(owners)]
    items = current().batch_get(media.TABLE, partition_keys, consistent=True) if partition_keys else []
    return {item[media.OWNER]: picture for item in items if (picture := _read(item)) is not None}


def _read(item: dict[str, Any] | None) -> Picture | None:
    if item is None:
        return None
    object_key = ObjectKey(item[media.OWNER], item["category"], item["object_id"], item["ext"])
    return Picture(object_key, item["uploaded_at"], item["version"])


def move_write(old: Picture | None, object_key: ObjectKey, now: int) -> Write:
    """Point at another object, if the pointer is still as it was read."""
    item = {
        **media.row(object_key.owner, ENTITY),
        "category": object_key.category,
        "object_id": object_key.id,
        "ext": object_key.ext,
        "uploaded_at": now,
        "version": old.version + 1 if old else 1,
    }
    # Races with another completion and with a delete: the loser reads again, so that nobody's object is lost.
    if old is None:
        return put_write(media.TABLE, item, condition=f"attribute_not_exists({media.OWNER})")
    return put_write(media.TABLE, item, condition="object_id = :old", values={":old": old.object_key.id})


def remove_write(old: Picture) -> Write:
    """Point at nothing, if the pointer is still as it was read: object ids never come back, versions might."""
    return delete_write(
        media.TABLE,
        media.row(old.object_key.owner, ENTITY),
        condition="object_id = :old",
        values={":old": old.object_key.id},
    )
