"""Plain values as DynamoDB writes them on the wire, and back: text, integers, booleans, null, lists and objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """A plain item, each value with its type. Raises TypeError on a value of any other kind, floats included."""
    return {name: _typed(value) for name, value in item.items()}


def from_wire(item: Mapping[str, Any]) -> Item:
    """A plain item out of one with types."""
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    # bool before int: it is one.
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_typed(one) for one in value]}
        case dict():
            return {"M": to_wire(value)}
    raise TypeError(f"{type(value).__name__} is not stored")


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "NULL":
            return None
        case "L":
            return [_plain(one) for one in content]
        case "M":
            return from_wire(content)
    raise TypeError(f"an attribute of DynamoDB's type {kind} is none of ours")
