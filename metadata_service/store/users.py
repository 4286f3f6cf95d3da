"""The users table: a row for each account, which says what the person's username is.

Of an erased account there is a tombstone instead, with nothing personal in it, for as long as a token may outlive the
account; a tombstone past its `ttl` counts as no row at all, for DynamoDB deletes those only within days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from .. import clock
from ..errors import AccountErased
from .dynamodb import ConditionFailed, TransactionRefused, Write, check_write, current, put_write, update_write

TABLE: Final = "users"
TOMBSTONES_KEPT_FOR: Final = 86_400 + 3_600
"""Seconds: a token's longest life and an hour to spare (Amazon Cognito: access tokens live a day at most)."""
_IS_NOBODYS: Final = "attribute_not_exists(user_id) OR #ttl <= :seconds"
_TTL: Final = {"#ttl": "ttl"}


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account. `email` was verified by the pool; what is unknown is None."""

    user_id: str
    username: str | None = None
    email: str | None = None
    fullname: str | None = None
    date_of_birth: str | None = None


def get(user_id: str) -> Account | None:
    """The person's account as it stands, or None. Raises AccountErased."""
    # Consistently: whose profile is written follows from it, and whether a token still counts.
    row = current().get(TABLE, {"user_id": user_id})
    if row is None or row.get("ttl", math.inf) <= clock.now():
        return None
    if "erased_at" in row:
        raise AccountErased
    return Account(user_id, row.get("username"), row.get("email"), row.get("fullname"), row.get("date_of_birth"))


def tombstone_ends_at(user_id: str) -> int | None:
    """Until when an erased account's tombstone stands, in seconds since the epoch; None where there is none."""
    row = current().get(TABLE, {"user_id": user_id})
    return None if row is None or "erased_at" not in row else int(row["ttl"])


def create_write(account: Account, now: str) -> Write:
    """Make the account row. Two first requests race, or one and an erasure: the condition lets one through."""
    known = {name: value for name, value in _fields(account).items() if value is not None}
    row = {"user_id": account.user_id, **known, "created_at": now, "updated_at": now}
    return put_write(TABLE, row, condition=_IS_NOBODYS, values={":seconds": clock.now()}, names=_TTL)


def claim_write(account: Account, username: str, now: str) -> Write:
    """Give the account another username. Two renames race: the condition is on the username that was read."""
    condition, values = _as_read(account)
    return update_write(
        TABLE,
        {"user_id": account.user_id},
        "SET username = :username, updated_at = :now",
        condition=condition,
        values={":username": username, ":now": now, **values},
    )


def bury_write(user_id: str, account: Account | None, now: int) -> Write:
    """A tombstone in place of the account as it was read, also of none; `now` in seconds since the epoch.

    Races with a rename: whoever erases would leave the new profile behind, hence the condition on the username.
    """
    tombstone = {"user_id": user_id, "erased_at": now, "ttl": now + TOMBSTONES_KEPT_FOR}
    if account is None:
        return put_write(TABLE, tombstone, condition=_IS_NOBODYS, values={":seconds": now}, names=_TTL)
    condition, values = _as_read(account)
    return put_write(TABLE, tombstone, condition=condition, values=values or None)


def alive_write(user_id: str) -> Write:
    """That the person was not erased, the last write of those transactions that begin something new for them."""
    return check_write(
        TABLE,
        {"user_id": user_id},
        condition="attribute_not_exists(erased_at) OR #ttl <= :seconds",
        values={":seconds": clock.now()},
        names=_TTL,
    )


def raise_if_erased(refused: TransactionRefused) -> None:
    """Raise AccountErased where that stood in the way of a transaction whose last write is `alive_write`."""
    # Another reason on the same row, a conflict, says nothing of the condition.
    if refused.reasons[-1] == "ConditionalCheckFailed":
        raise AccountErased from refused


def _as_read(account: Account) -> tuple[str, dict[str, Any]]:
    """That the row is still that account's, and not a tombstone, which has no username either."""
    if account.username is None:
        return "attribute_exists(user_id) AND attribute_not_exists(username) AND attribute_not_exists(erased_at)", {}
    return "username = :before", {":before": account.username}


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
            # Or of an account that is erased meanwhile the tombstone would hold an e-mail, or a ghost come back.
            condition="attribute_exists(user_id) AND attribute_not_exists(erased_at)",
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
