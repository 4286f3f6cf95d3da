"""JSON as the contract allows it, and nothing else that Python's own parser would let through."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from .errors import InvalidJson

DEEPEST = 20
# A string to its end, or to the text's end where it has none: linear, whatever the text (no backtracking).
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def decode(text: bytes) -> Any:
    """Decode one JSON text, at most 20 levels deep.

    Refuses what RFC 8259 leaves to the parser and attackers live on: duplicate names, NaN and Infinity, floats,
    byte order marks, encodings other than UTF-8, lone surrogates. Raises `InvalidJson`.
    """
    if _depth(text) > DEEPEST:
        raise InvalidJson(f"JSON nested deeper than {DEEPEST} levels")
    try:
        decoded = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse
        )
        if rb"\u" in text:
            json.dumps(decoded, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be encoded
    except InvalidJson:
        raise
    except (ValueError, RecursionError) as fault:
        raise InvalidJson("not valid JSON in UTF-8") from fault
    return decoded


def _depth(text: bytes) -> int:
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return 0
    deepest = level = 0
    for character in _STRING.sub(b"", text):
        if character in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif character in b"]}":
            level -= 1
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidJson("an object names a member twice")
    return members


def _refuse(literal: str) -> NoReturn:
    raise InvalidJson(f"{literal[:20]} is not an integer")
