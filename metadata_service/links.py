"""A person's links: at most so many, by their order, deleted softly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from . import clock
from .errors import ApiError, NotFound, Unavailable
from .store import links as store
from .store.links import Collection, Link

MOST: Final = 100
"""Links a person."""
MOST_DELETED: Final = 100
"""Deleted links that are remembered; those deleted longest ago are forgotten beyond that."""
FORGOTTEN_AT_ONCE: Final = 20
ATTEMPTS: Final = 8


class TooManyLinks(ApiError):
    """The person has as many links as one may have."""

    status, code = 409, "too_many_links"


def listed(user_id: str) -> list[Link]:
    """The person's links, by order, then age."""
    live = [link for link in store.of(user_id).links if not link.is_deleted]
    return sorted(live, key=lambda link: (link.order, link.created_at, link.link_id))


def save(user_id: str, posted: Mapping[str, Any]) -> Link:
    """Change the link of this id, or add it. Raises TooManyLinks."""
    link_id = posted.get("link_id") or clock.new_id()
    for _ in range(ATTEMPTS):
        before = store.get(user_id, link_id)
        link = _written_over(before, user_id, link_id, posted)
        is_written = store.change(link) if before is not None and not before.is_deleted else _add(link)
        if is_written:
            return link
    raise Unavailable("your links are being changed elsewhere; ask again")


def delete(user_id: str, link_id: str) -> None:
    """Delete a link. Raises NotFound, also where it was deleted before."""
    if not store.delete(user_id, link_id, clock.timestamp()):
        raise NotFound("you have no such link")


def _add(link: Link) -> bool:
    seen = store.of(link.user_id)
    if sum(not each.is_deleted for each in seen.links) >= MOST:
        raise TooManyLinks(f"a person has at most {MOST} links; delete one first")
    return store.add(link, seen, _superfluous(seen, link.link_id))


def _superfluous(seen: Collection, kept: str) -> list[Link]:
    """The links deleted longest ago beyond those that are remembered, or the partition would grow for ever."""
    deleted = [link for link in seen.links if link.is_deleted and link.link_id != kept]
    deleted.sort(key=lambda link: link.updated_at, reverse=True)
    return deleted[MOST_DELETED:][:FORGOTTEN_AT_ONCE]


def _written_over(before: Link | None, user_id: str, link_id: str, posted: Mapping[str, Any]) -> Link:
    now = clock.timestamp()
    link = before or Link(user_id, link_id, "", "", 0, created_at=now, updated_at=now)
    order = posted.get("order")
    return replace(
        link,
        title=posted["title"],
        url=posted["url"],
        order=link.order if order is None else order,
        updated_at=now,
        is_deleted=False,
    )
