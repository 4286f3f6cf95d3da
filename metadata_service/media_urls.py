"""Addresses for reading: stable ones of ours for what is public, signed ones of what is not, for whom it is open.

Whatever signs the reading of a stored object asks `to_read` for the grant's item, so that no path forgets a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from . import clock, grants, ways_out
from .callers import Caller
from .errors import NotFound
from .grants import MOST_ITEMS, Item
from .object_keys import LARGE, ObjectKey
from .signer import NotPublished, Refused

MOST_REFUSED: Final = 8
"""Objects that the signer may refuse until it is asked for no more of a grant: each is a line in its alarm."""


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


def by_size(
    stored: Iterable[Readable], caller: Caller | None, now: int | None = None
) -> dict[ObjectKey, Mapping[str, str]]:
    """Every size's address of those objects that this caller may read, and the signer signs; one grant for a hundred.

    `now`: what the end of signed ones is counted from (`ends_at`), in seconds since the epoch. Raises Unavailable.
    """
    found: dict[ObjectKey, Mapping[str, str]] = {}
    private: list[Readable] = []
    for each in stored:
        if each.is_blocked:
            continue
        if each.is_public:
            found[each.object_key] = stable_by_size(each.object_key)
        elif proof(each, caller) is not None:
            private.append(each)
    if caller is not None:
        for start in range(0, len(private), MOST_ITEMS):
            found |= _signed(private[start : start + MOST_ITEMS], caller, clock.now() if now is None else now)
    return found


def ends_at(readable: Readable, now: int) -> int:
    """When a URL of it ends that is signed now, in seconds since the epoch."""
    return now + ways_out.current().kinds.reading_expiry(readable.kind, readable.object_key.category)


def proof(readable: Readable, caller: Caller | None) -> Mapping[str, str] | None:
    """What opens an object that is not public to this caller, beside their token: None where nothing does.

    An internal service is not signed in.
    """
    if caller is not None and caller.owner == readable.object_key.owner:
        return {}
    if caller is not None and caller.is_person and readable.receipt_for_signed_in:
        return {"receipt": readable.receipt_for_signed_in}
    return None


def to_read(readable: Readable, sizes: Sequence[str], expires_at: int, **terms: Any) -> Item:
    """A grant's item for reading an object; `terms` as `grants.get_served` has them. Raises NotFound of a blocked one.

    URLs signed before it was blocked end by themselves.
    """
    if readable.is_blocked:
        raise NotFound("there is nothing here, or you may not see it")
    return grants.get_served(readable.object_key, sizes, expires_at, **terms)


def _signed(readables: Sequence[Readable], caller: Caller, now: int) -> dict[ObjectKey, Mapping[str, str]]:
    """Each that the signer signs: what it refuses, such as one that an operator has frozen, must not hide the others.

    Raises the last refusal where nothing is left, or where there are too many.
    """
    left = list(readables)
    while True:
        items = [to_read(each, each.object_key.sizes, ends_at(each, now), **proof(each, caller) or {}) for each in left]
        try:
            answers = ways_out.current().signer.sign(items, caller.asker)
        except (Refused, NotPublished) as refusal:
            is_too_much = len(left) == 1 or len(readables) - len(left) == MOST_REFUSED
            if is_too_much or refusal.item is None or not 0 <= refusal.item < len(left):
                raise
            del left[refusal.item]
        else:
            return {each.object_key: answer.urls for each, answer in zip(left, answers, strict=True)}
