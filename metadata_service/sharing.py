"""Share links: whoever has one may read one object, until it ends; it is a receipt with an end, and the owner's own.

A link's id is its place among its owner's, 128 random bits, and the owner: so it leads to its row without an index.
"""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from . import clock, grants, media_urls, ways_out
from .callers import Caller
from .errors import ApiError, NotFound, Unavailable
from .object_keys import InvalidKey, ObjectKey
from .store import objects, shares
from .store.shares import PLACES, Share
from .upload_errors import UnknownKey

LONGEST: Final = 30 * 86_400
"""Seconds; the signer's own limit for receipts of links."""
ATTEMPTS: Final = 8
_ID = re.compile(r"(?P<place>[0-9]{2})[A-Za-z0-9_-]{22}(?P<owner>[A-Za-z0-9_-]{1,128})", re.ASCII)


class TooManyShareLinks(ApiError):
    """The person has as many share links as one may have at once."""

    status, code = 409, "too_many_share_links"

    def __init__(self) -> None:
        super().__init__(f"a person has at most {PLACES} share links at once: end one first")


def share(caller: Caller, posted_key: str, expires_in: int) -> dict[str, Any]:
    """Make a link to an object of the caller's own. Raises UnknownKey or TooManyShareLinks.

    `expires_in`: seconds, at most LONGEST.
    """
    object_key, ends_at = _own(caller, posted_key), clock.now() + expires_in
    receipt = _receipt(caller, object_key, ends_at)
    for _ in range(ATTEMPTS):
        now = clock.now()
        place = shares.free_place(caller.owner, now)
        if place is None:
            raise TooManyShareLinks
        made = Share(_new_id(place, caller.owner), place, object_key, receipt, ends_at)
        if shares.add(made, now):
            url = f"{ways_out.current().public_base_url}/shared/{made.link_id}"
            return {"id": made.link_id, "url": url, "expires_at": clock.iso(ends_at)}
    raise Unavailable("your share links are being changed elsewhere; ask again")


def opened(link_id: str, size: str) -> str:
    """A signed URL to one size of what a link opens, which ends with the link. Raises NotFound."""
    found = _ID.fullmatch(link_id)
    link = shares.get(found["owner"], int(found["place"]), link_id) if found else None
    now = clock.now()
    if link is None or link.ends_at <= now:
        raise _nothing()
    stored = objects.get(link.object_key)
    if stored is None or size not in link.object_key.sizes:
        raise _nothing()
    out = ways_out.current()
    ends_at = min(link.ends_at, now + out.kinds.reading_expiry(stored.kind, link.object_key.category))
    [answer] = out.signer.sign([media_urls.to_read(stored, [size], ends_at, receipt=link.receipt)])
    return answer.urls[size]


def end(caller: Caller, link_id: str) -> None:
    """End a link of the caller's own. Raises NotFound, also of one that has ended."""
    found = _ID.fullmatch(link_id)
    is_own = found is not None and found["owner"] == caller.owner
    if not (found and is_own and shares.end(caller.owner, int(found["place"]), link_id, clock.now())):
        raise NotFound("you have no such share link")


def _own(caller: Caller, posted_key: str) -> ObjectKey:
    try:
        object_key = ObjectKey.read_posted(posted_key)
    except InvalidKey:
        raise _unknown() from None
    if object_key.owner != caller.owner or objects.get(object_key) is None:
        raise _unknown()
    return object_key


def _new_id(place: int, owner: str) -> str:
    return f"{place:02}{secrets.token_urlsafe(16)}{owner}"


def _receipt(caller: Caller, object_key: ObjectKey, ends_at: int) -> str:
    asked = grants.publish(object_key, "link", until=ends_at)
    [answer] = ways_out.current().signer.sign([asked], caller.asker)
    return answer.receipt


def _unknown() -> UnknownKey:
    return UnknownKey("key", "of a complete upload of your own")


def _nothing() -> NotFound:
    return NotFound("there is nothing here, or it is here no longer")
