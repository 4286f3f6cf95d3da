"""The profiles table: a row for each username, and so the only place that says who has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from . import dynamodb
from .dynamodb import Write, current

TABLE: Final = "profiles"
_USER_INDEX: Final = "user_id-index"
_OWN: Final = frozenset({"username", "user_id", "version", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Profile:
    """A person's profile. `fields` are what they said; `version` counts the writes, 0 in rows that others made."""

    username: str
    user_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    created_at: str | None = None
    updated_at: str | None = None


def by_username(username: str) -> Profile | None:
    """The profile of this username as it stands, or None."""
    row = current().get(TABLE, {"username": username})
    return None if row is None else _profile(row)


def by_usernames(usernames: Sequence[str]) -> dict[str, Profile]:
    """Those of these profiles that there are."""
    rows = current().batch_get(TABLE, [{"username": username} for username in usernames], consistent=True)
    return {row["username"]: _profile(row) for row in rows}


def of_user(user_id: str) -> list[Profile]:
    """The profiles that are this person's by the index, which lags; read anew, as they stand."""
    found, _ = current().query(TABLE, "user_id = :me", values={":me": user_id}, index=_USER_INDEX)
    standing = by_usernames([row["username"] for row in found]) if found else {}
    return [profile for profile in standing.values() if profile.user_id == user_id]


def put_write(profile: Profile, before: Profile | None) -> Write:
    """Write the profile, where `before` is what stands under its username, None for nothing.

    Two people claim one name, or two devices write at once: the condition lets through who saw the row as it is.
    """
    row = {
        **profile.fields,
        "username": profile.username,
        "user_id": profile.user_id,
        "version": profile.version,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    }
    if before is None:
        return dynamodb.put_write(TABLE, row, condition="attribute_not_exists(username)")
    condition, values, names = _unchanged(before)
    return dynamodb.put_write(TABLE, row, condition=condition, values=values, names=names)


def release_write(before: Profile) -> Write:
    """Give the username free, in the transaction that moves the profile to another; only as it was read."""
    condition, values, names = _unchanged(before)
    return dynamodb.delete_write(TABLE, {"username": before.username}, condition=condition, values=values, names=names)


def erase_write(profile: Profile) -> Write:
    """Give the username free, whatever was saved under it meanwhile, in the transaction that buries the account."""
    values = {":me": profile.user_id}
    return dynamodb.delete_write(TABLE, {"username": profile.username}, condition="user_id = :me", values=values)


def _unchanged(before: Profile) -> tuple[str, dict[str, Any], dict[str, str]]:
    is_same = "#version = :version" if before.version else "attribute_not_exists(#version)"
    values: dict[str, Any] = {":me": before.user_id}
    if before.version:
        values[":version"] = before.version
    return f"user_id = :me AND {is_same}", values, {"#version": "version"}


def _profile(row: Mapping[str, Any]) -> Profile:
    return Profile(
        username=row["username"],
        user_id=row["user_id"],
        fields={name: value for name, value in row.items() if name not in _OWN},
        version=row.get("version", 0),
        created_at=row.get("created_at"),
        updated_at=row.get("updated_at"),
    )
