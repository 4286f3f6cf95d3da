"""Addresses for reading: stable ones of ours for what is public, signed ones, for its owner, of what is not.

Whatever signs the reading of a stored object asks `to_read` for the grant's item, so that no path forgets a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from . import clock, grants, ways_out
from .callers import Caller
from .errors import NotFound
from .grants import MOST_ITEMS, Item
from .object_keys import LARGE, ObjectKey
from .store import objects


class Readable(Protocol):
    """What has addresses: an object, as its own row or a gallery's says."""

    @property
    def object_key(self) -> ObjectKey:
        """Which."""

    @property
    def kind(self) -> str:
        """Its kind's name; its URLs live as long as that says."""

    @property
    def is_public(self) -> bool:
        """Whether anyone may read it, unless it is blocked."""

    @property
    def is_blocked(self) -> bool:
        """Whether nobody gets a new URL to it."""


def stable(object_key: ObjectKey, size: str = LARGE) -> str:
    """The address that never changes, and answers with a redirect to whoever may read."""
    return f"{ways_out.current().public_base_url}/media/{object_key.text(size)}"


def stable_by_size(object_key: ObjectKey) -> dict[str, str]:
    """The same of every size there is."""
    return {size: stable(object_key, size) for size in object_key.sizes}


def address(object_key: ObjectKey, caller: Caller | None) -> str | None:
    """One object's address for this caller, or None where it has none."""
    return addresses([object_key], caller).get(object_key)


def addresses(object_keys: Iterable[ObjectKey], caller: Caller | None) -> dict[ObjectKey, str]:
    """The large size's addresses of those objects that this caller may read; at most one grant for all."""
    found = objects.get_many(object_keys)
    return {object_key: urls[LARGE] for object_key, urls in by_size(found.values(), caller).items()}


def by_size(
    stored: Iterable[Readable], caller: Caller | None, now: int | None = None
) -> dict[ObjectKey, Mapping[str, str]]:
    """Every size's address of those objects that this caller may read; at most one grant for all.

    `now`: what the end of signed ones is counted from (`ends_at`), in seconds since the epoch.
    """
    found: dict[ObjectKey, Mapping[str, str]] = {}
    own: list[Readable] = []
    for each in stored:
        if each.is_blocked:
            continue
        if each.is_public:
            found[each.object_key] = stable_by_size(each.object_key)
        elif caller is not None and caller.owner == each.object_key.owner:
            own.append(each)
    if caller is not None:
        for start in range(0, len(own), MOST_ITEMS):
            found |= _signed(own[start : start + MOST_ITEMS], caller, clock.now() if now is None else now)
    return found


def ends_at(readable: Readable, now: int) -> int:
    """When a URL of it ends that is signed now, in seconds since the epoch."""
    return now + ways_out.current().kinds.reading_expiry(readable.kind, readable.object_key.category)


def to_read(readable: Readable, sizes: Sequence[str], expires_at: int, **terms: Any) -> Item:
    """A grant's item for reading an object; `terms` as `grants.get_served` has them. Raises NotFound of a blocked one.

    URLs signed before it was blocked end by themselves.
    """
    if readable.is_blocked:
        raise NotFound("there is nothing here, or you may not see it")
    return grants.get_served(readable.object_key, sizes, expires_at, **terms)


def _signed(stored: Sequence[Readable], caller: Caller, now: int) -> dict[ObjectKey, Mapping[str, str]]:
    items = [to_read(each, each.object_key.sizes, ends_at(each, now)) for each in stored]
    answers = ways_out.current().signer.sign(items, caller.asker)
    return {each.object_key: answer.urls for each, answer in zip(stored, answers, strict=True)}
