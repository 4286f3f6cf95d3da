"""What DynamoDB refuses with, and which of it is worth asking again (DynamoDB API: "Error handling")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .. import errors
from .attributes import Item, from_wire

_RETRIED: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_RETRIED_REASONS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Unavailable(errors.Unavailable):
    """DynamoDB did not take the request in time. A write may nevertheless have been done."""


class ConditionFailed(Exception):
    """The condition of a write did not hold, and nothing was written.

    `item` is the row that stood in the way, None where there is none. `is_repeat`: an earlier attempt's answer was
    lost, so the row may be this very write's.
    """

    def __init__(self, item: Item | None, *, is_repeat: bool) -> None:
        super().__init__("a condition did not hold")
        self.item = item
        self.is_repeat = is_repeat


class TransactionRefused(Exception):
    """A transaction was refused as a whole; `reasons` has a code for each write that stood in its way, else None.

    `items` are the rows that stood in the way of those whose condition failed. `full`: the attributes that would come
    to more than they may, where nothing else stood in the way.
    """

    def __init__(self, reasons: list[str | None], items: list[Item | None], full: tuple[str, ...] = ()) -> None:
        super().__init__(f"transaction refused: {reasons}")
        self.reasons = reasons
        self.items = items
        self.full = full


class RequestRefused(Exception):
    """DynamoDB calls the request itself wrong: a fault of ours."""


def error_code(content: Mapping[str, Any]) -> str:
    """The code of an answer that is an error, without its namespace."""
    return str(content.get("__type", "")).rpartition("#")[2]


def raise_unless_retried(status: int, code: str, content: Mapping[str, Any], *, is_repeat: bool) -> None:
    """Raise what an answer refuses with; return where the request is worth asking again."""
    if status >= 500 or code in _RETRIED:
        return
    if code == "ConditionalCheckFailedException":
        raise ConditionFailed(_row(content.get("Item")), is_repeat=is_repeat)
    if code == "TransactionCanceledException":
        _raise_unless_conflict(content.get("CancellationReasons", []))
        return
    if code in ("ValidationException", "SerializationException", "IdempotentParameterMismatchException"):
        raise RequestRefused(f"{code}: {str(content.get('message') or content.get('Message'))[:300]}")
    # What is left is about us, not about the request: no access, no such table, credentials that ended.
    raise Unavailable("the records cannot be reached; ask again") from RequestRefused(code)


def _raise_unless_conflict(cancelled: Sequence[Mapping[str, Any]]) -> None:
    reasons = [None if one.get("Code") in (None, "None") else str(one["Code"]) for one in cancelled]
    if any(reasons) and all(reason is None or reason in _RETRIED_REASONS for reason in reasons):
        return
    # A conflict beside a condition that failed says nothing of its own write's condition, which may well hold.
    lasting = [None if reason in _RETRIED_REASONS else reason for reason in reasons]
    raise TransactionRefused(lasting, [_row(one.get("Item")) for one in cancelled])


def _row(item: Mapping[str, Any] | None) -> Item | None:
    return from_wire(item) if item else None
