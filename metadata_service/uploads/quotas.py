"""The quota of a kind: what an upload will need of it, and the words for one that does not fit.

A current picture that is replaced makes room for the one that comes; of other kinds both are there for a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..kinds import Kind
from ..store import objects, pictures
from ..store.objects import StoredObject
from ..store.tallies import Quota, Room
from ..upload_record import Upload


def of(kind: Kind) -> Quota:
    """The kind's quota as the tallies go by it."""
    return Quota(kind.name, kind.quota_objects, kind.quota_bytes)


def room_for(upload: Upload, kind: Kind) -> Room:
    """What must be free before it is begun: of a picture, whose sizes nobody knows yet, a single byte."""
    octets = 1 if kind.is_picture else max(1, upload.declared_length or 1)
    going = _replaced(upload, kind)
    if going is None or going.kind != kind.name or not going.stored_bytes:
        return Room(of(kind), 1, octets)
    return Room(of(kind), 0, octets - going.stored_bytes)


def rooms_for(together: Sequence[Upload], kinds: Mapping[str, Kind]) -> list[Room]:
    """The same for several at once: as where one is begun after the other, each must fit, and not all of a kind."""
    rooms = [room_for(upload, kinds[upload.kind]) for upload in together]
    largest: dict[str, Room] = {}
    for room in rooms:
        before = largest.get(room.quota.kind, room)
        most = max(room.objects, before.objects), max(room.octets, before.octets)
        largest[room.quota.kind] = Room(room.quota, *most)
    return [largest.pop(room.quota.kind, Room(room.quota, 0, 0)) for room in rooms]


def told(kind: Kind, limit: str) -> str:
    """What is said of the limit, `objects` or `bytes`, that was reached."""
    most = kind.quota_objects if limit == "objects" else kind.quota_bytes
    return f"a person may have {most} {limit} of the kind {kind.name}: delete some first"


def _replaced(upload: Upload, kind: Kind) -> StoredObject | None:
    if kind.category != "profile" or not (kind.quota_objects or kind.quota_bytes):
        return None
    current = pictures.get(upload.owner)
    return None if current is None else objects.get(current.object_key)
