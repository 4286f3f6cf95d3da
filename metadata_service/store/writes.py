"""Writes as values: what one changes and on which condition, to be done alone or with others in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .attributes import Item, to_wire


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction, made by the functions below; `content` has types, but no table yet."""

    operation: str
    table: str
    content: Mapping[str, Any]


def put_write(
    table: str,
    item: Item,
    *,
    condition: str | None = None,
    values: Item | None = None,
    names: Mapping[str, str] | None = None,
) -> Write:
    """A whole row, to be written in a transaction."""
    return Write("Put", table, {"Item": to_wire(item), **_conditional(condition, values, names)})


def update_write(
    table: str,
    item_key: Item,
    expression: str,
    *,
    condition: str | None = None,
    values: Item | None = None,
    names: Mapping[str, str] | None = None,
) -> Write:
    """A change of a row, to be made in a transaction."""
    content = {"Key": to_wire(item_key), "UpdateExpression": expression}
    return Write("Update", table, {**content, **_conditional(condition, values, names)})


def delete_write(
    table: str,
    item_key: Item,
    *,
    condition: str | None = None,
    values: Item | None = None,
    names: Mapping[str, str] | None = None,
) -> Write:
    """A row, to be deleted in a transaction."""
    return Write("Delete", table, {"Key": to_wire(item_key), **_conditional(condition, values, names)})


def check_write(
    table: str, item_key: Item, *, condition: str, values: Item | None = None, names: Mapping[str, str] | None = None
) -> Write:
    """A condition on a row that the transaction does not write."""
    return Write("ConditionCheck", table, {"Key": to_wire(item_key), **_conditional(condition, values, names)})


def _conditional(condition: str | None, values: Item | None, names: Mapping[str, str] | None) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if condition:
        # So that a caller sees whether the row that stands in the way is its own write of before.
        parts |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if values:
        parts["ExpressionAttributeValues"] = to_wire(values)
    if names:
        parts["ExpressionAttributeNames"] = names
    return parts
