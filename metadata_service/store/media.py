"""The media table's shape: a person's rows under one partition, and the shards by which the sweep finds what is due."""

from __future__ import annotations

from typing import Any, Final

from .dynamodb import current

TABLE: Final = "media"
DUE_INDEX: Final = "due-index"
SHARDS: Final = ("0", "1", "2", "3")
OWNER: Final = "UserId"
ENTITY: Final = "EntityType"
TALLY: Final = "QUOTA"


def row(owner: str, entity: str) -> dict[str, Any]:
    """The primary key of one row."""
    return {OWNER: owner, ENTITY: entity}


def page(
    owner: str, prefix: str, limit: int, after: dict[str, Any] | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Some of a person's rows whose sort keys begin so, as they stand, and where to go on, None at the end."""
    return current().query(
        TABLE,
        f"{OWNER} = :me AND begins_with({ENTITY}, :prefix)",
        values={":me": owner, ":prefix": prefix},
        limit=limit,
        after=after,
        consistent=True,
    )


def shard(upload_id: str) -> str:
    """Which part of the due-index an upload's rows are in."""
    return SHARDS[int(upload_id[0], 16) % len(SHARDS)]
