"""A person's tallies, one row: uploads that are pending, and of each kind how many objects and bytes are stored.

Each change joins the transaction that makes it so; hence the numbers are exact, whoever is killed and whoever races.
Objects recorded before they were counted are in no number, neither when they come nor when they go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from . import media
from .dynamodb import TransactionRefused, Write, add_write, current

_PENDING: Final = "pending"


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person may have of one kind: objects, and bytes in all their sizes; 0: any number."""

    kind: str
    most_objects: int = 0
    most_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What must fit into a quota besides what is there; less than nothing where something else will go."""

    quota: Quota
    objects: int
    octets: int


class PendingLimitReached(Exception):
    """The person has as many pending uploads as one may have."""


class QuotaReached(Exception):
    """The person has as much of a `kind` as one may have: `limit` says of what, `objects` or `bytes`."""

    def __init__(self, limit: str, kind: str) -> None:
        super().__init__(f"the quota of {limit} of {kind} is reached")
        self.limit, self.kind = limit, kind


def begun_write(owner: str, limit: int, room: Room) -> Write:
    """Count a pending upload in: at most `limit` (0: any number), and only with room for what it is to become."""
    at_most = _at_most(room.quota) | ({_PENDING: limit} if limit else {})
    wanted = _of_kind(room.quota.kind, room.objects, room.octets)
    return add_write(media.TABLE, _row(owner), {_PENDING: 1}, at_most=at_most, room=wanted)


def pending(owner: str) -> int:
    """How many uploads a person has pending."""
    row = current().get(media.TABLE, _row(owner)) or {}
    return int(row.get(_PENDING, 0))


def ended_write(owner: str) -> Write:
    """Count a pending upload out."""
    return add_write(media.TABLE, _row(owner), {_PENDING: -1})


def stored_write(owner: str, quota: Quota, octets: int) -> Write:
    """Count an object in, if the quota allows it after all that goes in the same transaction."""
    return add_write(media.TABLE, _row(owner), _of_kind(quota.kind, 1, octets), at_most=_at_most(quota))


def gone_write(owner: str, kind: str, octets: int) -> Write:
    """Count an object out."""
    return add_write(media.TABLE, _row(owner), _of_kind(kind, -1, -octets))


def raise_if_full(refused: TransactionRefused) -> None:
    """Raise PendingLimitReached or QuotaReached where that, and nothing else, stood in a transaction's way."""
    if _PENDING in refused.full:
        raise PendingLimitReached from refused
    for name in refused.full:
        limit, _, kind = name.partition(":")
        raise QuotaReached(limit, kind) from refused


def _row(owner: str) -> dict[str, Any]:
    return media.row(owner, media.TALLY)


def _of_kind(kind: str, objects: int, octets: int) -> dict[str, int]:
    return {f"objects:{kind}": objects, f"bytes:{kind}": octets}


def _at_most(quota: Quota) -> dict[str, int]:
    both = _of_kind(quota.kind, quota.most_objects, quota.most_bytes)
    return {name: most for name, most in both.items() if most}
