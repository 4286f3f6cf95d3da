"""Accounts: what a person sees of theirs, and how the pool's triggers make one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from . import clock, usernames
from .errors import NotFound, Unavailable
from .store import profiles, users
from .store.dynamodb import TransactionRefused, Write, current
from .store.profiles import Profile
from .store.users import Account

ATTEMPTS: Final = 4


def described(user_id: str) -> dict[str, Any]:
    """The person's account as they see it. Raises NotFound where there is none."""
    account = users.get(user_id)
    if account is None:
        raise NotFound("there is no account yet: save a profile first")
    profile = None if account.username is None else profiles.by_username(account.username)
    fields = profile.fields if profile is not None and profile.user_id == user_id else {}
    return {
        "user_id": user_id,
        "username": account.username,
        "email": account.email,
        "profile_complete": bool(account.username and fields.get("full_name")),
        "date_of_birth": fields.get("date_of_birth") or account.date_of_birth,
        "fullname": fields.get("full_name") or account.fullname,
    }


def objection(username: str) -> str | None:
    """Why this username cannot be had: `invalid`, `reserved` or `taken`; None where it can."""
    name = usernames.read(username)
    if name is None:
        return "invalid"
    if usernames.is_reserved(name):
        return "reserved"
    return None if profiles.by_username(name) is None else "taken"


def confirm(account: Account) -> bool:
    """Make the account of somebody who signed up, with the username if it can still be had; False where it exists.

    Raises AccountErased.
    """
    wanted = account.username or ""
    for _ in range(ATTEMPTS):
        if users.get(account.user_id) is not None:
            users.fill(account, clock.timestamp())
            return False
        username = usernames.read(wanted) if objection(wanted) is None else None
        if _made(replace(account, username=username)):
            return True
    raise Unavailable("the account is being made elsewhere; ask again")


def _made(account: Account) -> bool:
    now = clock.timestamp()
    writes: list[Write] = [users.create_write(account, now)]
    if account.username is not None:
        claimed = Profile(account.username, account.user_id, version=1, created_at=now, updated_at=now)
        writes.append(profiles.put_write(claimed, None))
    try:
        current().transact(writes, token=clock.new_id())
    except TransactionRefused:
        return False
    return True
