"""Writes as values: what one changes and on which condition, to be done alone or with others in a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from .attributes import Item, to_wire


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction, made by the functions below; `content` has types, but no table yet."""

    operation: str
    table: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Addition(Write):
    """Numbers added to a row. Several of one row in one transaction become one write (`merged`).

    `at_most`: what an attribute may come to, where it grows. `room`: by how much more it must be able to grow then.
    """

    item_key: Item
    numbers: Mapping[str, int]
    at_most: Mapping[str, int]
    room: Mapping[str, int]

    def exceeded(self, item: Item | None) -> tuple[str, ...]:
        """The attributes of a row as it stands, None for no row, that would come to more than they may."""
        standing = item or {}
        most = _most_before(self.numbers, self.at_most, self.room)
        return tuple(name for name, number in most.items() if standing.get(name, 0) > number)

    def joined(self, other: Addition) -> Addition:
        """Both in one."""
        return add_write(
            self.table,
            self.item_key,
            _sums(self.numbers, other.numbers),
            at_most={**self.at_most, **other.at_most},
            room=_sums(self.room, other.room),
        )


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


def add_write(
    table: str,
    item_key: Item,
    numbers: Mapping[str, int],
    *,
    at_most: Mapping[str, int] | None = None,
    room: Mapping[str, int] | None = None,
) -> Addition:
    """Numbers to be added to a row in a transaction; what is not there counts as 0."""
    at_most, room = at_most or {}, room or {}
    most = _most_before(numbers, at_most, room)
    marks = {name: f"n{place}" for place, name in enumerate(sorted({*numbers, *most}))}
    condition = " AND ".join(_is_at_most(f"#{marks[name]}", f":most_{marks[name]}", most[name]) for name in most)
    added = {f":{marks[name]}": number for name, number in numbers.items()}
    content = {
        "Key": to_wire(item_key),
        "UpdateExpression": "ADD " + ", ".join(f"#{marks[name]} :{marks[name]}" for name in numbers),
        **_conditional(
            condition,
            added | {f":most_{marks[name]}": number for name, number in most.items()},
            {f"#{mark}": name for name, mark in marks.items()},
        ),
    }
    return Addition("Update", table, content, item_key, numbers, at_most, room)


def merged(writes: Sequence[Write]) -> tuple[list[Write], list[int]]:
    """The writes with the additions to one row as one, and for each of those given its place among them.

    A transaction takes one write of a row (DynamoDB API: TransactWriteItems).
    """
    found: list[list[Write]] = []
    places, place_of_row = [], dict[Any, int]()
    for write in writes:
        row = (write.table, *sorted(write.item_key.items())) if isinstance(write, Addition) else object()
        place = place_of_row.setdefault(row, len(found))
        if place == len(found):
            found.append([])
        found[place].append(write)
        places.append(place)
    return [reduce(_joined, those) for those in found], places


def _joined(one: Write, other: Write) -> Write:
    if isinstance(one, Addition) and isinstance(other, Addition):
        return one.joined(other)
    raise TypeError("only additions are joined")


def _sums(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _most_before(numbers: Mapping[str, int], at_most: Mapping[str, int], room: Mapping[str, int]) -> dict[str, int]:
    """What may stand in the row before, for that which grows: what shrinks is never refused."""
    growth = _sums(numbers, room)
    return {name: most - growth[name] for name, most in at_most.items() if growth.get(name, 0) > 0}


def _is_at_most(name: str, value: str, most: int) -> str:
    # A comparison with what is not there is false: right where even nothing would be too much.
    return f"(attribute_not_exists({name}) OR {name} <= {value})" if most >= 0 else f"{name} <= {value}"


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
