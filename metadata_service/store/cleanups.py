"""What must be deleted: rows that name an object's bytes in one area, and when; the sweep works them off.

A row goes only after the bytes went, so whoever is killed in between leaves it for the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..object_keys import INCOMING, USERS, ObjectKey
from ..upload_record import LEFTOVERS_AFTER, UNUSED_AFTER, Upload
from . import media
from .attributes import Item
from .dynamodb import ConditionFailed, Write, current, delete_write, put_write, update_write

PREFIX: Final = "CLEANUP#"


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Bytes to delete from `due` on. `again_at`: delete once more then, or 0. `is_unused`: only if still not in use.

    `multipart_id`: S3's id of the upload in parts that must be aborted, too.
    """

    area: str
    object_key: ObjectKey
    due: int
    again_at: int = 0
    is_unused: bool = False
    multipart_id: str | None = None

    @property
    def owner(self) -> str:
        """Whose bytes."""
        return self.object_key.owner

    @property
    def entity(self) -> str:
        """The sort key of its row."""
        return entity(self.area, self.object_key.id)


def entity(area: str, upload_id: str) -> str:
    """The sort key of a row."""
    return f"{PREFIX}{area}#{upload_id}"


def queue_write(cleanup: Cleanup) -> Write:
    """Queue it, in the transaction that makes the bytes superfluous."""
    object_key = cleanup.object_key
    item: dict[str, Any] = {
        **media.row(cleanup.owner, cleanup.entity),
        "category": object_key.category,
        "ext": object_key.ext,
        "due": cleanup.due,
        "shard": media.shard(object_key.id),
    }
    if cleanup.again_at > cleanup.due:
        item["again_at"] = cleanup.again_at
    if cleanup.is_unused:
        item["is_unused"] = True
    if cleanup.multipart_id:
        item["multipart_id"] = cleanup.multipart_id
    return put_write(media.TABLE, item)


def keep_write(object_key: ObjectKey) -> Write:
    """An object is put to use: it does not go after a while."""
    return delete_write(media.TABLE, media.row(object_key.owner, entity(USERS, object_key.id)))


def incoming_writes(upload: Upload) -> list[Write]:
    """The client's bytes go once no URL can write them any more."""
    due = upload.incoming_ends_at + LEFTOVERS_AFTER
    return [queue_write(Cleanup(INCOMING, upload.object_key, due))]


def leftover_writes(upload: Upload) -> list[Write]:
    """All that an upload which never became ready may have left, in both areas."""
    due = upload.last_url_ends_at + LEFTOVERS_AFTER
    writes = [queue_write(Cleanup(INCOMING, upload.object_key, due, multipart_id=upload.multipart_id))]
    if upload.digests is not None:
        writes.append(queue_write(Cleanup(USERS, upload.object_key, due)))
    return writes


def retired_write(object_key: ObjectKey, strays_until: int, now: int) -> Write:
    """An object that was served goes at once, and once more when no stray PUT of it can arrive any more."""
    return queue_write(Cleanup(USERS, object_key, now, again_at=strays_until))


def unused_write(object_key: ObjectKey, now: int) -> Write:
    """An object goes unless it is put to use within a week."""
    return queue_write(Cleanup(USERS, object_key, now + UNUSED_AFTER, is_unused=True))


def get(owner: str, sort_key: str) -> Cleanup | None:
    """The row as it is now, or None."""
    item = current().get(media.TABLE, media.row(owner, sort_key))
    return None if item is None else _read(item)


def _read(item: Item) -> Cleanup:
    area, _, upload_id = item[media.ENTITY].removeprefix(PREFIX).partition("#")
    object_key = ObjectKey(item[media.OWNER], item["category"], upload_id, item["ext"])
    return Cleanup(
        area,
        object_key,
        item["due"],
        again_at=item.get("again_at", 0),
        is_unused=item.get("is_unused", False),
        multipart_id=item.get("multipart_id"),
    )


def claim_write(cleanup: Cleanup) -> Write:
    """The sweep takes an unused object's row; fails where the object was put to use meanwhile."""
    return update_write(
        media.TABLE,
        media.row(cleanup.owner, cleanup.entity),
        "REMOVE is_unused",
        condition="is_unused = :yes AND due = :due",
        values={":yes": True, ":due": cleanup.due},
    )


def done(cleanup: Cleanup, now: int) -> None:
    """The bytes are gone: so goes the row, or it waits for the second time. Harmless where another was faster."""
    row = media.row(cleanup.owner, cleanup.entity)
    try:
        # The condition: the row may have been written anew, about bytes that came since.
        if cleanup.again_at > now:
            _move(cleanup, cleanup.again_at)
        else:
            current().delete(media.TABLE, row, condition="due = :seen", values={":seen": cleanup.due})
    except ConditionFailed:
        return


def postpone(cleanup: Cleanup, until: int) -> None:
    """Not now. Harmless where another was faster."""
    try:
        _move(cleanup, until)
    except ConditionFailed:
        return


def waiting(owner: str, now: int, after: Item | None = None) -> tuple[list[Cleanup], Item | None]:
    """Some of a person's that were not tried once yet and are not due either, and where to go on, None at the end."""
    items, following = current().query(
        media.TABLE,
        f"{media.OWNER} = :me AND begins_with({media.ENTITY}, :prefix)",
        values={":me": owner, ":prefix": PREFIX, ":now": now},
        filter="due > :now AND (attribute_not_exists(again_at) OR again_at < due)",
        after=after,
        consistent=True,
    )
    return [_read(item) for item in items], following


def page(owner: str, limit: int, after: Item | None = None) -> tuple[list[Cleanup], Item | None]:
    """Some of a person's, and where to go on, None at the end."""
    items, following = media.page(owner, PREFIX, limit, after)
    return [_read(item) for item in items], following


def hurry(cleanup: Cleanup, now: int) -> None:
    """Delete at once what would go later, and then again. Harmless where another was faster."""
    try:
        current().update(
            media.TABLE,
            media.row(cleanup.owner, cleanup.entity),
            "SET due = :now, again_at = :seen REMOVE is_unused",
            condition="due = :seen",
            values={":now": now, ":seen": cleanup.due},
        )
    except ConditionFailed:
        return


def _move(cleanup: Cleanup, due: int) -> None:
    current().update(
        media.TABLE,
        media.row(cleanup.owner, cleanup.entity),
        "SET due = :due",
        condition="due = :seen",
        values={":due": due, ":seen": cleanup.due},
    )
