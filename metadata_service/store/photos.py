"""The photos table: a row for each photo of a person's gallery, by the millisecond in which it was completed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..object_keys import ObjectKey
from .attributes import Item
from .dynamodb import Write, current, delete_write, put_write, update_write

TABLE: Final = "photos"
CATEGORY: Final = "photos"
"""The category of the objects that have a row here."""


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo. `uploaded_ms`: milliseconds since the epoch, no two of a person's alike; its large size in pixels.

    `is_blocked`: nobody gets a URL to it.
    """

    object_key: ObjectKey
    uploaded_ms: int
    kind: str
    visibility: str
    width: int | None
    height: int | None
    is_blocked: bool = False

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it."""
        return self.visibility == "public"

    @property
    def receipt_for_signed_in(self) -> None:
        """None: a gallery is its owner's."""
        return None


def _row(owner: str, uploaded_ms: int) -> dict[str, Any]:
    return {"userId": owner, "uploadedAt": uploaded_ms}


def record_write(photo: Photo) -> Write:
    """Record a photo, in the transaction that makes its upload ready; fails where its millisecond is taken."""
    object_key = photo.object_key
    item = {
        **_row(object_key.owner, photo.uploaded_ms),
        "imageId": object_key.id,
        "s3Key": object_key.text(),
        "mimeType": object_key.content_type,
        "sizes": object_key.sizes,
        "width": photo.width,
        "height": photo.height,
        "kind": photo.kind,
        "visibility": photo.visibility,
    }
    # Races with another photo of the same millisecond, which would be replaced without a trace.
    return put_write(TABLE, item, condition="attribute_not_exists(userId)")


def remove_write(owner: str, uploaded_ms: int) -> Write:
    """Remove a photo, in the transaction that lets its object go; on that one's condition."""
    return delete_write(TABLE, _row(owner, uploaded_ms))


def block_write(owner: str, uploaded_ms: int) -> Write:
    """Nobody gets a new URL to a photo, in the transaction that blocks its object."""
    return _turn_write(owner, uploaded_ms, "SET blocked = :yes", {":yes": True})


def unblock_write(owner: str, uploaded_ms: int) -> Write:
    """The end of that, in the transaction that lifts the block."""
    return _turn_write(owner, uploaded_ms, "REMOVE blocked", {})


def _turn_write(owner: str, uploaded_ms: int, expression: str, values: Item) -> Write:
    # The condition: an update of a photo that was just deleted would make a ghost of it.
    is_there = "attribute_exists(userId)"
    return update_write(TABLE, _row(owner, uploaded_ms), expression, condition=is_there, values=values)


def newest(owner: str, limit: int, before: int | None = None) -> tuple[list[Photo], bool]:
    """At most `limit` photos of a person's, the newest first, of those before a millisecond; and whether more follow.

    Reads one row more than that, however many there are.
    """
    condition, values = "userId = :me", Item({":me": owner})
    if before is not None:
        condition, values[":before"] = f"{condition} AND uploadedAt < :before", before
    # Consistently: who has just completed a photo, or deleted one, sees that.
    items, following = current().query(TABLE, condition, values=values, forward=False, limit=limit + 1, consistent=True)
    return [_read(item) for item in items[:limit]], len(items) > limit or following is not None


def _read(item: Item) -> Photo:
    return Photo(
        object_key=ObjectKey.parse(item["s3Key"]),
        uploaded_ms=item["uploadedAt"],
        kind=item.get("kind", ""),
        visibility=item.get("visibility", "private"),
        width=item.get("width"),
        height=item.get("height"),
        is_blocked=bool(item.get("blocked")),
    )
