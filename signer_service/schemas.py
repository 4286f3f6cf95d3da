"""What a request says, field by field, in the words of the contract: the envelope, and a grant's items.

Past this file every value has its type and its grammar, and nobody checks it again. Unknown fields, fields on the
wrong operation and fields left out are refused: the signer adds nothing.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from marshmallow import Schema, ValidationError, fields

from .errors import InvalidItem, InvalidRequest
from .object_keys import (
    AREAS,
    CATEGORIES,
    LARGE,
    SMALLER_SIZES,
    TYPE_OF_EXTENSION,
    USERS,
    ObjectKey,
    is_owner,
    is_uuid4,
)

LARGEST_PUT: Final = 5 * 1024**3  # bytes; S3 API: PutObject
LATEST: Final = 2**40  # seconds since the epoch; beyond it a number is no time
LONGEST_WINDOW: Final = 1_800  # seconds
SERVED_CACHE_CONTROL: Final = "private, max-age=31536000, immutable"

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}", re.ASCII)
_SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
_RECEIPT = re.compile(r"[\x21-\x7e]{1,200}")
_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f/\\]{1,200}")


class SignRequest(Schema):
    """The envelope of `POST /v1/sign`."""

    grant = fields.String(required=True)
    caller_token = fields.String(load_default=None)


ENVELOPE: Final = SignRequest()


def load(envelope: object) -> tuple[str, str | None]:
    """The grant and the caller's token, both still only text. Raises InvalidRequest, naming the field."""
    if not isinstance(envelope, dict):
        raise InvalidRequest("the body must be a JSON object")
    try:
        loaded = ENVELOPE.load(envelope)
    except ValidationError as fault:
        field = min(map(str, fault.messages_dict))
        raise InvalidRequest(f"{field[:40]}: grant, a string, and caller_token, a string, are what we take") from fault
    return loaded["grant"], loaded["caller_token"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to sign, every field checked; times in seconds since the epoch, lengths in bytes."""

    op: str
    object_key: ObjectKey
    size: str | None = None
    sizes: tuple[str, ...] | None = None
    expires_at: int = 0
    content_type: str | None = None
    content_length: int | None = None
    length_range: tuple[int, int] | None = None
    checksum_sha256: str | None = None
    if_none_match: str | None = None
    cache_control: str | None = None
    visibility: str | None = None
    until: int = 0
    receipt: str | None = None
    download_as: str | None = None
    window: int | None = None


class Field(NamedTuple):
    """A field's grammar, and what to tell whoever missed it."""

    holds: Callable[[Any], bool]
    wanted: str


def _integer(lowest: int, highest: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


def _text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(*choices: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in choices


def _is_length_range(value: Any) -> bool:
    if not (isinstance(value, list) and len(value) == 2 and all(map(_integer(0, LARGEST_PUT), value))):
        return False
    return bool(value[0] <= value[1])


def _is_checksum(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None and len(b64decode(value)) == 32


def _is_list_of_sizes(value: Any) -> bool:
    if not (isinstance(value, list) and value and all(isinstance(size, str) for size in value)):
        return False
    return set(value) <= {*SMALLER_SIZES, LARGE} and len(set(value)) == len(value)


FIELDS: Final = {
    "area": Field(_one_of(*AREAS), "incoming or users"),
    "owner": Field(is_owner, "an owner's form"),
    "category": Field(_one_of(*CATEGORIES), "one of " + ", ".join(CATEGORIES)),
    "id": Field(is_uuid4, "a UUID v4 in lower case"),
    "ext": Field(_one_of(*TYPE_OF_EXTENSION), "one of " + ", ".join(TYPE_OF_EXTENSION)),
    "size": Field(_one_of(*SMALLER_SIZES), '"150" or "400"'),
    "sizes": Field(_is_list_of_sizes, 'a list out of "150", "400", "800", each once'),
    "expires_at": Field(_integer(1, LATEST), "whole seconds since the epoch"),
    "content_type": Field(_text(_MEDIA_TYPE), "a media type, type/subtype"),
    "content_length": Field(_integer(0, LARGEST_PUT), "a number of bytes, at most 5 GiB"),
    "length_range": Field(_is_length_range, "[min, max], bytes"),
    "checksum_sha256": Field(_is_checksum, "a SHA-256 in base64"),
    "if_none_match": Field(_one_of("*"), '"*"'),
    "cache_control": Field(_one_of(SERVED_CACHE_CONTROL), f'"{SERVED_CACHE_CONTROL}"'),
    "visibility": Field(_one_of("public", "signed_in", "link"), "public, signed_in or link"),
    "until": Field(_integer(0, LATEST), "whole seconds since the epoch, 0 for no end"),
    "receipt": Field(_text(_RECEIPT), "a publication receipt"),
    "download_as": Field(_text(_FILE_NAME), "a file name of 1 to 200 characters, without slashes"),
    "window": Field(_integer(1, LONGEST_WINDOW), f"whole seconds, 1 to {LONGEST_WINDOW}"),
}

KEY_FIELDS: Final = frozenset({"op", "area", "owner", "category", "id", "ext"})


class Operation(NamedTuple):
    """Which fields an operation needs, and which it may have, beside those of the key."""

    needs: frozenset[str]
    may_have: frozenset[str] = frozenset()


def _operation(needs: str, may_have: str = "") -> Operation:
    return Operation(KEY_FIELDS | set(needs.split()), frozenset(may_have.split()))


OPERATIONS: Final = {
    "put": _operation("expires_at", "size content_type content_length checksum_sha256 if_none_match cache_control"),
    "post": _operation("expires_at length_range", "content_type"),
    "get": _operation("expires_at", "size sizes receipt download_as window"),
    "delete": _operation("expires_at", "size"),
    "publish": _operation("visibility", "until"),
    "reissue": _operation("receipt"),
}
PUT_BELOW_USERS_NEEDS: Final = frozenset(
    {"content_type", "content_length", "checksum_sha256", "if_none_match", "cache_control"}
)


def item(raw: object) -> Item:
    """One item of a grant, by type and grammar. Raises InvalidItem, naming the field and what would be right."""
    if not isinstance(raw, dict):
        raise InvalidItem("must be an object")
    name = raw.get("op")
    operation = OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise InvalidItem("op must be one of " + ", ".join(OPERATIONS))
    _check_names(raw, operation)
    for field, value in raw.items():
        if field != "op" and not FIELDS[field].holds(value):
            raise InvalidItem(f"{field} must be {FIELDS[field].wanted}")
    made = _made(raw)
    _check_together(made)
    return made


def _check_names(raw: dict[str, Any], operation: Operation) -> None:
    present = raw.keys()
    missing = operation.needs - present
    if raw["op"] == "put" and raw.get("area") == USERS:
        missing |= PUT_BELOW_USERS_NEEDS - present
    if missing:
        raise InvalidItem(f"{min(missing)} is missing")
    unknown = present - operation.needs - operation.may_have
    if unknown:
        raise InvalidItem(f"{min(unknown)[:40]!r} is not a field of {raw['op']}")


def _made(raw: dict[str, Any]) -> Item:
    values = {name: value for name, value in raw.items() if name == "op" or name not in KEY_FIELDS}
    for name in ("sizes", "length_range"):
        if name in values:
            values[name] = tuple(values[name])
    object_key = ObjectKey(raw["area"], raw["owner"], raw["category"], raw["id"], raw["ext"])
    return Item(object_key=object_key, **values)


def _check_together(made: Item) -> None:
    object_key = made.object_key
    is_below_users = object_key.area == USERS
    if (made.size or made.sizes) and not is_below_users:
        raise InvalidItem("size and sizes exist only below users")
    if made.receipt is not None and not is_below_users:
        raise InvalidItem("a receipt opens only what is below users")
    if made.size and made.sizes:
        raise InvalidItem("size and sizes exclude each other")
    if made.op == "put" and is_below_users and made.content_type != object_key.content_type:
        raise InvalidItem(f"content_type must be {object_key.content_type}, as ext says")
    if made.op == "get" and is_below_users and object_key.ext == "pdf" and made.download_as is None:
        raise InvalidItem("download_as is missing: a PDF is served as an attachment")
    if made.visibility == "link" and made.until == 0:
        raise InvalidItem("until is missing: a link has an end")
    if made.window is not None:
        _check_window(made, made.window)


def _check_window(made: Item, window: int) -> None:
    if made.receipt is None:
        raise InvalidItem("window goes with a public receipt")
    if made.expires_at % window:
        raise InvalidItem("expires_at must be a multiple of window")
