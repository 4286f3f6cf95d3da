"""What a request with an Idempotency-Key did: a row that says so, written with what it did, and gone after a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from . import media
from .dynamodb import Write, current, put_write

PREFIX: Final = "IDEMPOTENCY#"
KEPT_FOR: Final = 86_400
"""Seconds in which a repeat is known for one."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One request: whose, its key, a digest of its body, and by the item's number what came of what it wanted to begin.

    That is `{"upload_id": …}`, or the body of a refusal.
    """

    owner: str
    idempotency_key: str
    digest: str
    outcomes: Mapping[int, Mapping[str, Any]]

    @property
    def upload_ids(self) -> dict[int, str]:
        """The uploads that it began, by the item's number."""
        return {number: told["upload_id"] for number, told in self.outcomes.items() if "upload_id" in told}


def get(owner: str, idempotency_key: str, now: int) -> Remembered | None:
    """What the owner's request with this key did, or None; a row that DynamoDB has yet to drop is none."""
    item = current().get(media.TABLE, media.row(owner, PREFIX + idempotency_key))
    if item is None or item["ttl"] <= now:
        return None
    outcomes = {int(number): told for number, told in orjson.loads(item["outcomes"]).items()}
    return Remembered(owner, idempotency_key, item["digest"], outcomes)


def remember_write(request: Remembered, now: int) -> Write:
    """Remember a request, in the transaction that does what it asks; fails where one with its key is remembered."""
    item = {
        **media.row(request.owner, PREFIX + request.idempotency_key),
        "digest": request.digest,
        "outcomes": orjson.dumps({str(number): told for number, told in request.outcomes.items()}).decode("utf-8"),
        "ttl": now + KEPT_FOR,
    }
    # Races with the same request, sent twice at once: the second finds what the first one did.
    is_new = f"attribute_not_exists({media.OWNER}) OR #ttl <= :now"
    return put_write(media.TABLE, item, condition=is_new, values={":now": now}, names={"#ttl": "ttl"})
