"""Addresses for reading: stable ones of ours for what is public, signed ones of what is not, for whom it is open.

Whatever signs the reading of a stored object asks `to_read` for the grant's item, so that no path forgets a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from . import clock, grants, ways_out
from .callers import Caller
from .errors import NotFound
from .grants import MOST_ITEMS, Item
from .object_keys import LARGE, ObjectKey
from .signer import NotPublished
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

    @property
    def receipt_for_signed_in(self) -> str | None:
        """The receipt by which anyone who is signed in may read it, or None."""


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
    """The large size's addresses of those objects that this caller may read, as `by_size` has them."""
    found = objects.get_many(object_keys)
    return {object_key: urls[LARGE] for object_key, urls in by_size(found.values(), caller).items()}


def by_size(
    stored: Iterable[Readable], caller: Caller | None, now: int | None = None
) -> dict[ObjectKey, Mapping[str, str]]:
    """Every size's address of those objects that this caller may read; a grant for their own, and one for others'.

    `now`: what the end of signed ones is counted from (`ends_at`), in seconds since the epoch.
    """
    found: dict[ObjectKey, Mapping[str, str]] = {}
    own: list[Readable] = []
    others: list[Readable] = []
    for each in stored:
        if each.is_blocked:
            continue
        if each.is_public:
            found[each.object_key] = stable_by_size(each.object_key)
        elif caller is not None and caller.owner == each.object_key.owner:
            own.append(each)
        elif caller is not None and each.receipt_for_signed_in:
            others.append(each)
    if caller is not None:
        counted_from = clock.now() if now is None else now
        found |= _signed(own, caller, counted_from)
        with suppress(NotPublished):  # a receipt that is no longer taken costs these addresses, and no more
            found |= _signed(others, caller, counted_from)
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
    """By the caller's token as the owner of each, or as somebody who is signed in."""
    found: dict[ObjectKey, Mapping[str, str]] = {}
    for start in range(0, len(stored), MOST_ITEMS):
        some = stored[start : start + MOST_ITEMS]
        answers = ways_out.current().signer.sign([_for_caller(each, caller, now) for each in some], caller.asker)
        found |= {each.object_key: answer.urls for each, answer in zip(some, answers, strict=True)}
    return found


def _for_caller(readable: Readable, caller: Caller, now: int) -> Item:
    object_key = readable.object_key
    receipt = None if caller.owner == object_key.owner else readable.receipt_for_signed_in
    return to_read(readable, object_key.sizes, ends_at(readable, now), receipt=receipt)
