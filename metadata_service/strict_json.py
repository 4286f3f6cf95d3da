"""Requests read strictly: JSON as RFC 8259 would have it where it leaves a choice, and each query parameter once."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from flask import request
from marshmallow import Schema, ValidationError

from .errors import InvalidJson, ValidationFailed

LONGEST: Final = 64 * 1024
DEEPEST: Final = 20
# A string to its end, or to the text's end where it has none: linear, whatever the text (no backtracking).
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[{\]}]")


def body(schema: Schema, *, optional: bool = False) -> dict[str, Any]:
    """The request's JSON object, as the schema loads it; `optional`: no body at all is an empty object.

    Raises InvalidJson, ValidationFailed, or RequestEntityTooLarge above 64 KiB.
    """
    request.max_content_length = LONGEST
    text = request.get_data(cache=False)
    decoded = {} if optional and not text else decode(text)
    if not isinstance(decoded, dict):
        raise InvalidJson("the body must be a JSON object")
    return loaded(schema, decoded)


def query(schema: Schema) -> dict[str, Any]:
    """The query's parameters, as the schema loads them. Raises ValidationFailed, also for one given twice."""
    given = request.args
    twice = [name for name in given if len(given.getlist(name)) > 1]
    if twice:
        raise ValidationFailed({name: ["given more than once"] for name in twice})
    return loaded(schema, given.to_dict())


def decode(text: bytes) -> Any:
    """Decode one JSON text in UTF-8, at most 20 levels deep. Raises InvalidJson.

    Refuses duplicate names, NaN and infinities, byte order marks and lone surrogates, all of which Python takes.
    """
    if _depth(text) > DEEPEST:
        raise InvalidJson(f"JSON nested deeper than {DEEPEST} levels")
    try:
        decoded = json.loads(
            text.decode("utf-8"), object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse
        )
        if rb"\u" in text:
            json.dumps(decoded, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be encoded
    except (ValueError, RecursionError) as fault:
        raise InvalidJson("the body is not valid JSON in UTF-8") from fault
    return decoded


def loaded(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    """An object as the schema loads it. Raises ValidationFailed."""
    try:
        found: dict[str, Any] = schema.load(given)
    except ValidationError as fault:
        fields = fault.messages
        raise ValidationFailed(fields if isinstance(fields, dict) else {"_schema": fields}) from fault
    return found


def _depth(text: bytes) -> int:
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return 0
    deepest = level = 0
    for bracket in _BRACKETS.findall(_STRING.sub(b"", text)):
        level += 1 if bracket in b"[{" else -1
        deepest = max(deepest, level)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidJson("an object names a member twice")
    return members


def _finite(literal: str) -> float:
    number = float(literal)
    if math.isinf(number):
        raise InvalidJson("a number is out of range")
    return number


def _refuse(literal: str) -> NoReturn:
    raise InvalidJson(f"{literal} is no JSON")
