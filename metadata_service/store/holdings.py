"""All that is recorded of one person, row by row as it is recorded, for whoever has a right to a copy of it.

What only works inside is left out: receipts and leases, which are good for something, and what sorts rows. That a row
has a receipt is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ..object_keys import ObjectKey
from . import cleanups, links, media, objects, photos, pictures, profiles, shares, uploads, users
from .attributes import Item
from .dynamodb import current

PAGE: Final = 100
"""Rows."""
_INSIDE: Final = frozenset({"receipt", "lease", "lease_ends_at", "leases", "digest", "shard", "version", media.ENTITY})


class _Section(NamedTuple):
    table: str
    owner: str
    sort_key: str = ""
    prefix: str = ""


OBJECTS: Final = "objects"
SECTIONS: Final = {
    OBJECTS: _Section(media.TABLE, media.OWNER, media.ENTITY, objects.PREFIX),
    "links": _Section(links.TABLE, "user_id"),
    "photos": _Section(photos.TABLE, "userId"),
    "picture": _Section(media.TABLE, media.OWNER, media.ENTITY, pictures.ENTITY),
    "uploads": _Section(media.TABLE, media.OWNER, media.ENTITY, uploads.PREFIX),
    "share_links": _Section(media.TABLE, media.OWNER, media.ENTITY, shares.PREFIX),
    "files_to_be_deleted": _Section(media.TABLE, media.OWNER, media.ENTITY, cleanups.PREFIX),
    "tallies": _Section(media.TABLE, media.OWNER, media.ENTITY, media.TALLY),
}
"""Lists of rows, by what they are of; the objects first: should the signer be away, nothing was said yet."""


def account(user_id: str) -> Item | None:
    """The account's row, or None; a tombstone is none."""
    row = current().get(users.TABLE, {"user_id": user_id})
    return None if row is None or "erased_at" in row else _shown(row)


def profile(user_id: str) -> Item | None:
    """The profile's row, private fields included, or None; also one that others recorded, of which no account says."""
    username = (account(user_id) or {}).get("username")
    if username is None:
        username = next((each.username for each in profiles.of_user(user_id)), None)
    row = None if username is None else current().get(profiles.TABLE, {"username": username})
    return _shown(row) if row is not None and row["user_id"] == user_id else None


def pages(section: str, owner: str) -> Iterator[list[Item]]:
    """The rows of one of SECTIONS, by the hundred; objects with their key."""
    table, owner_name, sort_key, prefix = SECTIONS[section]
    condition, values = f"{owner_name} = :me", Item({":me": owner})
    if prefix:
        condition, values[":prefix"] = f"{condition} AND begins_with({sort_key}, :prefix)", prefix
    after = None
    while True:
        rows, after = current().query(table, condition, values=values, limit=PAGE, after=after, consistent=True)
        yield [_shown(row) | _named(row) for row in rows if row.get("link_id") != links.ADDITIONS]
        if after is None:
            return


def _shown(row: Item) -> Item:
    shown: dict[str, Any] = {name: value for name, value in row.items() if name not in _INSIDE}
    return shown | {"has_receipt": True} if "receipt" in row else shown


def _named(row: Item) -> Item:
    """What a row is of, out of its sort key: an object's key, or an id."""
    text = row.get(media.ENTITY, "")
    category, _, object_id = text.removeprefix(objects.PREFIX).partition("#")
    if text.startswith(objects.PREFIX):
        return {"key": ObjectKey(row[media.OWNER], category, object_id, row["ext"]).text()}
    return {"id": text.partition("#")[2]} if "#" in text else {}
