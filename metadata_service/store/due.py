"""What is due, by the index; since an index lags, whoever acts on a row reads it again from the table."""

from __future__ import annotations

from typing import Any, Final

from . import media
from .dynamodb import current

PAGE: Final = 1_000
"""Rows: every round reads all that is due, and one person may have tens of thousands waiting."""


def page(shard: str, now: int, after: dict[str, Any] | None) -> tuple[list[tuple[str, str]], dict[str, Any] | None]:
    """Owner and sort key of some rows that are due, the oldest first, and where to go on, None at the end."""
    items, following = current().query(
        media.TABLE,
        "#shard = :shard AND due <= :now",
        values={":shard": shard, ":now": now},
        names={"#shard": "shard"},
        index=media.DUE_INDEX,
        limit=PAGE,
        after=after,
    )
    return [(item[media.OWNER], item[media.ENTITY]) for item in items], following
