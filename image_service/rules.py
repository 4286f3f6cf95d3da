"""What the caller asks for, in `X-Rules`: which files it takes, and which sizes it wants made of them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from image_service.errors import BadRequest

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# The decoder's own bounds, whatever the caller asks: up to here a decode fits its memory (50 * 1024 * 1024 pixels).
MOST_PIXELS = 52_428_800
LONGEST_SIDE = 20_000
LONGEST_STORED_SIDE = 2_048
MOST_SIZES = 8

_ANY = 1 << 31

_NAME = re.compile(r"[A-Za-z0-9_-]{1,16}")
_FIELDS = {"format", "accepted", "max_pixels", "max_side", "quality", "sizes"}


@dataclass(frozen=True, slots=True)
class Size:
    """One picture to make: fitted into `side` × `side` pixels, or where `is_square` a square cut from the centre."""

    name: str
    side: int
    is_square: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The caller's rules for one picture; `declared` is the format it was announced as, None where that is open."""

    declared: str | None
    accepted: tuple[str, ...]
    max_pixels: int
    max_side: int
    quality: int
    sizes: tuple[Size, ...]


def parse(text: str) -> Rules:
    """The rules in one line of JSON. Raises BadRequest with what is wrong."""
    fields = _object(_json(text), _FIELDS)
    return Rules(
        declared=None if fields["format"] is None else _format(fields["format"]),
        accepted=tuple(_format(name) for name in _list(fields["accepted"], len(FORMATS))),
        max_pixels=min(_number(fields["max_pixels"], _ANY), MOST_PIXELS),
        max_side=min(_number(fields["max_side"], _ANY), LONGEST_SIDE),
        quality=_number(fields["quality"], 95),
        sizes=tuple(_size(size) for size in _list(fields["sizes"], MOST_SIZES)),
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("X-Rules is not JSON") from None


def _object(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise BadRequest(f"X-Rules: an object of exactly {', '.join(sorted(names))} is needed")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise BadRequest(f"X-Rules: a list of 1 to {most} is needed")
    return value


def _format(value: Any) -> str:
    if value not in FORMATS:
        raise BadRequest(f"X-Rules: a format is one of {', '.join(FORMATS)}")
    return str(value)


def _number(value: Any, most: int) -> int:
    if type(value) is not int or not 1 <= value <= most:
        raise BadRequest(f"X-Rules: a whole number of 1 to {most} is needed")
    return value


def _size(value: Any) -> Size:
    if not isinstance(value, dict) or value.keys() not in ({"name", "fit"}, {"name", "square"}):
        raise BadRequest("X-Rules: a size has a name, and fit or square")
    if not isinstance(value["name"], str) or not _NAME.fullmatch(value["name"]):
        raise BadRequest("X-Rules: a size's name is 1 to 16 letters, digits, - or _")
    is_square = "square" in value
    return Size(value["name"], _number(value["square" if is_square else "fit"], LONGEST_STORED_SIDE), is_square)
