"""JSON as the contract allows it, and nothing else that Python's own parser would let through."""

import json
import re
from itertools import accumulate
from typing import Any, NoReturn

from .errors import InvalidJson

DEEPEST = 20  # levels
# A string to its end, or to the text's end where it has none: linear, whatever the text (no backtracking).
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def decode(text: bytes) -> Any:
    """Decode one JSON text, at most 20 levels deep. Raises `InvalidJson`.

    Refuses what RFC 8259 leaves to the parser and attackers live on: duplicate names, NaN and Infinity, floats, byte
    order marks, encodings other than UTF-8, lone surrogates.
    """
    try:
        if text.count(b"[") + text.count(b"{") > DEEPEST and _depth(text) > DEEPEST:
            raise ValueError("too deep")
        decoded = json.loads(text.decode(), object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse)
        if rb"\u" in text:
            json.dumps(decoded, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
    except (ValueError, RecursionError) as fault:
        wanted = f"JSON in UTF-8, at most {DEEPEST} levels deep, numbers whole, no name twice in an object"
        raise InvalidJson(f"not the JSON that we take: {wanted}") from fault
    return decoded


def _depth(text: bytes) -> int:
    return max(accumulate((byte in b"[{") - (byte in b"]}") for byte in _STRING.sub(b"", text)))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object names a member twice")
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError("not an integer")
