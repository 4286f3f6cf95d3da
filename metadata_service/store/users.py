"""The users table: a row for each account, which says what the person's username is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .dynamodb import ConditionFailed, Write, current, put_write, update_write

TABLE: Final = "users"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. `email` was verified by the pool; what is unknown is None."""

    user_id: str
    username: str | None = None
    email: str | None = None
    fullname: str | None = None
    date_of_birth: str | None = None


def get(user_id: str) -> Account | None:
    """The person's account as it stands, or None."""
    # Consistently: whose profile is written follows from it.
    row = current().get(TABLE, {"user_id": user_id})
    if row is None:
        return None
    return Account(user_id, row.get("username"), row.get("email"), row.get("fullname"), row.get("date_of_birth"))


def create_write(account: Account, now: str) -> Write:
    """Make the account row. Two first requests of one person race: the condition lets one through."""
    known = {name: value for name, value in _fields(account).items() if value is not None}
    row = {"user_id": account.user_id, **known, "created_at": now, "updated_at": now}
    return put_write(TABLE, row, condition="attribute_not_exists(user_id)")


def claim_write(account: Account, username: str, now: str) -> Write:
    """Give the account another username. Two renames race: the condition is on the username that was read."""
    unchanged = "attribute_not_exists(username)" if account.username is None else "username = :before"
    values = {":username": username, ":now": now}
    if account.username is not None:
        values[":before"] = account.username
    return update_write(
        TABLE,
        {"user_id": account.user_id},
        "SET username = :username, updated_at = :now",
        condition=f"attribute_exists(user_id) AND {unchanged}",
        values=values,
    )


def fill(account: Account, now: str) -> None:
    """Add to a row that is there already what it does not know yet; a username is never changed so."""
    known = {name: value for name, value in _fields(account).items() if value is not None and name != "username"}
    if not known:
        return
    settings = [f"{name} = if_not_exists({name}, :{name})" for name in known]
    try:
        current().update(
            TABLE,
            {"user_id": account.user_id},
            f"SET {', '.join(settings)}, updated_at = :now",
            # Or an account that was erased meanwhile would come back as a ghost.
            condition="attribute_exists(user_id)",
            values={":now": now, **{f":{name}": value for name, value in known.items()}},
        )
    except ConditionFailed:
        return


def _fields(account: Account) -> dict[str, Any]:
    return {
        "username": account.username,
        "email": account.email,
        "fullname": account.fullname,
        "date_of_birth": account.date_of_birth,
    }
