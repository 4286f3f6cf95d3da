"""Saving a profile: whoever has the username has it in one row, and a change is made whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from . import clock, pictures, profile_objects, usernames, visibility
from .callers import Caller
from .errors import ApiError, Unavailable, ValidationFailed
from .profile_objects import Step
from .publication import Receipts
from .store import profiles as store
from .store import users
from .store.dynamodb import TransactionRefused, Write, current
from .store.profiles import Profile
from .store.users import Account

ATTEMPTS: Final = 12
"""How often a change is made anew on what others wrote meanwhile; each round somebody gets through."""


class UsernameTaken(ApiError):
    """Somebody else has this username."""

    status, code = 409, "username_taken"

    def __init__(self, username: str) -> None:
        super().__init__(f"the username {username} is taken")


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a change starts from: the account, the caller's profile, and what stands under the wanted username."""

    account: Account | None
    profile: Profile | None
    holder: Profile | None


def save(caller: Caller, posted: Mapping[str, Any]) -> Profile:
    """Change the caller's profile, or make it, and return it; another username renames it.

    Raises UsernameTaken, ValidationFailed of a reserved username, or what completing an upload raises.
    """
    receipts = Receipts(caller)
    for _ in range(ATTEMPTS):
        standing = _stands(caller.owner, posted["username"])
        changed = profile_objects.settled(caller, posted, standing.profile)
        step = profile_objects.next_step(standing.profile, _merged(caller.owner, standing.profile, changed))
        turning = visibility.turning_writes(step.profile, step.used, receipts)
        if _is_written(standing, step, turning) and step.is_last:
            _remove_picture(caller, posted)
            return step.profile
    raise Unavailable("the profile is being changed elsewhere; ask again")


def _stands(owner: str, username: str) -> _Standing:
    account = users.get(owner)
    holder = store.by_username(username)
    if holder is not None and holder.user_id != owner:
        raise UsernameTaken(username)
    if holder is None and usernames.is_reserved(username):
        raise ValidationFailed({"username": ["is reserved"]})
    if account is None or account.username in (None, username):
        return _Standing(account, holder, holder)
    own = store.by_username(str(account.username))
    return _Standing(account, own if own is not None and own.user_id == owner else holder, holder)


def _merged(owner: str, before: Profile | None, changed: Mapping[str, Any]) -> Profile:
    """What is given changes, what is null goes, what is not given stays."""
    now = clock.timestamp()
    fields = ({} if before is None else dict(before.fields)) | dict(changed)
    username = fields.pop("username")
    return Profile(
        username=username,
        user_id=owner,
        fields=_with_ids({name: value for name, value in fields.items() if value is not None}),
        version=1 if before is None else before.version + 1,
        created_at=now if before is None else before.created_at or now,
        updated_at=now,
    )


def _with_ids(fields: dict[str, Any]) -> dict[str, Any]:
    if "projects" in fields:
        fields["projects"] = [{"id": clock.new_id()} | project for project in fields["projects"]]
    return fields


def _is_written(standing: _Standing, step: Step, turning: Mapping[str, Write]) -> bool:
    """Whether all of it was written; if not, something stands otherwise than it was read."""
    writes = [*_record_writes(standing, step.profile), *step.writes(turning)]
    try:
        current().transact(writes, token=clock.new_id())
    except TransactionRefused:
        return False
    return True


def _record_writes(standing: _Standing, profile: Profile) -> list[Write]:
    """The profile's row, the account's where its username changes, and that of the username which is given free."""
    now = str(profile.updated_at)
    holder = standing.holder
    if standing.profile is not None and standing.profile.username == profile.username:
        holder = standing.profile  # a first part, still under the old name
    writes = [store.put_write(profile, holder)]
    if standing.account is None:
        writes.append(users.create_write(Account(profile.user_id, profile.username), now))
    elif standing.account.username != profile.username or holder is None:
        # Also where the account says this name but no row does: a rename came between the two readings.
        writes.append(users.claim_write(standing.account, profile.username, now))
    if standing.profile is not None and standing.profile.username != profile.username:
        writes.append(store.release_write(standing.profile))
    return writes


def _remove_picture(caller: Caller, posted: Mapping[str, Any]) -> None:
    """The picture, where it is to go: it is not in the profile's own row."""
    if "avatar_key" in posted and posted["avatar_key"] is None:
        pictures.remove(caller)
