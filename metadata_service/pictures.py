"""The current picture: what it is, where it can be seen, how it is replaced and removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from . import clock, media_urls, reading, ways_out
from .callers import Caller
from .errors import NotFound, Unavailable
from .object_keys import LARGE, SIZES, ObjectKey
from .reading import Opened
from .store import objects, pictures
from .store.dynamodb import TransactionRefused, Write
from .store.dynamodb import current as dynamodb
from .store.pictures import Picture

ATTEMPTS: Final = 8
"""How often a race for the pointer is tried again; each round somebody wins it."""
KEPT: Final = 30
"""Seconds that caches may show somebody's picture after there is another: the bytes of the old one are gone by then."""


def current(owner: str) -> Picture | None:
    """The current picture, or None."""
    return pictures.get(owner)


def current_of_many(owners: Iterable[str]) -> dict[str, Picture]:
    """The current pictures of those of these people who have one."""
    return pictures.get_many(owners)


def addresses(urls: Mapping[str, str] | None) -> dict[str, Any]:
    """A picture's addresses as a profile says them; nulls where it has none."""
    if urls is None:
        return {"avatar_url": None, "avatar_urls": None, "profile_image_url": None}
    by_size = {size: urls[size] for size in SIZES}
    return {"avatar_url": by_size[LARGE], "avatar_urls": by_size, "profile_image_url": by_size[LARGE]}


def described(caller: Caller) -> dict[str, Any]:
    """The caller's own picture: its key, every size's address, and since when; the default one where there is none."""
    picture = pictures.get(caller.owner)
    stored = None if picture is None else objects.get(picture.object_key)
    if picture is None or stored is None:
        return {"key": None, "urls": _default_urls(), "uploaded_at": None}
    urls = media_urls.by_size([stored], caller).get(picture.object_key) or _default_urls()  # a blocked one has none
    return {"key": picture.object_key.text(), "urls": dict(urls), "uploaded_at": clock.iso(picture.uploaded_at)}


def opened(owner: str, size: str, caller: Caller | None) -> Opened:
    """Somebody's picture for this caller, the default one where there is none, or none that the caller may see."""
    picture = pictures.get(owner)
    if picture is not None:
        with suppress(NotFound):
            found = reading.open_for(picture.object_key, size, caller)
            return replace(found, max_age=min(found.max_age, KEPT))
    return Opened(default_url(size), is_public=False, max_age=KEPT)


def default_url(size: str) -> str:
    """The picture of those who have none: a static file of the gateway."""
    return f"{ways_out.current().public_base_url}/static/default-avatar-{size}.jpg"


def _default_urls() -> dict[str, str]:
    return {size: default_url(size) for size in SIZES}


def replace_writes(object_key: ObjectKey, now: int) -> list[Write]:
    """Make an object the current picture, and let the one before go; to join the transaction that records it."""
    old = pictures.get(object_key.owner)
    move = pictures.move_write(old, object_key, now)
    return [move] if old is None else [move, *objects.retire_writes(old.object_key.owner, old.object_key)]


def remove(caller: Caller) -> bool:
    """Remove the caller's current picture; False where there is none."""
    for _ in range(ATTEMPTS):
        old = pictures.get(caller.owner)
        if old is None:
            return False
        if _removed(old):
            return True
    raise Unavailable("the picture is being changed elsewhere; ask again")


def _removed(old: Picture) -> bool:
    writes = [pictures.remove_write(old), *objects.retire_writes(old.object_key.owner, old.object_key)]
    try:
        dynamodb().transact(writes, token=clock.new_id())
    except TransactionRefused:
        return False
    return True
