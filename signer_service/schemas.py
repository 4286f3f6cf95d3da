"""What a request says, field by field, in the words of the contract: the envelope, and a grant's items.

Past this file every value has its type and its grammar, and nobody checks it again. Unknown fields, fields on the
wrong operation and fields left out are refused: the signer adds nothing.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields

from .errors import InvalidItem, InvalidRequest
from .object_keys import TYPE_OF_EXTENSION, USERS, InvalidKey, ObjectKey

KID: Final = r"[A-Za-z0-9_-]{1,32}"
SERVED_CACHE_CONTROL: Final = "private, max-age=31536000, immutable"
_TIME: Final = "(0|[1-9][0-9]{0,12})"  # seconds since the epoch
RECEIPT: Final = re.compile(rf"v1\.({KID})\.(public|signed_in|link)\.{_TIME}\.{_TIME}\.[A-Za-z0-9_-]{{43}}")
_BYTES: Final = range(5 * 1024**3 + 1)  # S3 API: PutObject, at most 5 GiB
_SECONDS: Final = range(2**40)  # since the epoch; beyond it a number is no time
_MEDIA_TYPE: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}"  # RFC 6838 §4.2

# A field's grammar (a pattern, a range of whole numbers, or a list of one of these), and what to tell who missed it.
FIELDS: Final[dict[str, tuple[Any, str]]] = {
    "size": (re.compile("150|400"), '"150" or "400"'),
    "sizes": ([re.compile("150|400|800")], 'a list out of "150", "400", "800", each once'),
    "expires_at": (_SECONDS, "whole seconds since the epoch"),
    "content_type": (re.compile(_MEDIA_TYPE), "a media type, type/subtype"),
    "content_length": (_BYTES, "a number of bytes, at most 5 GiB"),
    "length_range": ([_BYTES], "[min, max], in bytes"),
    "checksum_sha256": (re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="), "a SHA-256 in base64"),
    "if_none_match": (re.compile(r"\*"), '"*"'),
    "cache_control": (re.compile(SERVED_CACHE_CONTROL), f'"{SERVED_CACHE_CONTROL}"'),
    "visibility": (re.compile("public|signed_in|link"), "public, signed_in or link"),
    "until": (_SECONDS, "whole seconds since the epoch, or 0 for no end"),
    "receipt": (RECEIPT, "a publication receipt"),
    "download_as": (re.compile(r"[^\x00-\x1f\x7f/\\]{1,200}"), "a file name, without slashes"),
    "window": (range(1, 1_801), "whole seconds, 1 to 1800"),
}
OF_A_KEY: Final = frozenset({"op", "area", "owner", "category", "id", "ext"})
# What an operation needs, beside the key's fields and below users also the second list; and what it may have.
OPERATIONS: Final = {
    "put": (
        {"expires_at"},
        {"size", "content_type", "content_length", "checksum_sha256", "if_none_match", "cache_control"},
    ),
    "post": ({"expires_at", "length_range"}, {"content_type"}),
    "get": ({"expires_at"}, {"size", "sizes", "receipt", "download_as", "window"}),
    "delete": ({"expires_at"}, {"size"}),
    "publish": ({"visibility"}, {"until"}),
    "reissue": ({"receipt"}, set[str]()),
}
PUT_BELOW_USERS_NEEDS: Final = OPERATIONS["put"][1] - {"size"}


class SignRequest(Schema):
    """The envelope of `POST /v1/sign`; unknown fields are refused."""

    grant = fields.String(required=True)
    caller_token = fields.String(load_default=None, allow_none=False)


ENVELOPE: Final = SignRequest()


def load(envelope: object) -> tuple[str, str | None]:
    """The grant and the caller's token, both still only text. Raises InvalidRequest, naming the field."""
    try:
        loaded = ENVELOPE.load(envelope)  # type: ignore[arg-type]  # anything may have been sent; it says so itself
    except ValidationError as fault:
        wanted = "an object of grant, a string, and, where an item's proof needs it, caller_token, a string"
        raise InvalidRequest(f"{min(map(str, fault.messages_dict))[:40]}: the body must be {wanted}") from fault
    return loaded["grant"], loaded["caller_token"]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to sign, every field checked; times in seconds since the epoch, lengths in bytes."""

    op: str
    object_key: ObjectKey
    size: str | None = None
    sizes: tuple[str, ...] = ()
    expires_at: int = 0
    content_type: str | None = None
    content_length: int | None = None
    length_range: tuple[int, ...] = ()
    checksum_sha256: str | None = None
    if_none_match: str | None = None
    cache_control: str | None = None
    visibility: str | None = None
    until: int = 0
    receipt: str | None = None
    download_as: str | None = None
    window: int | None = None


def item(raw: Any) -> Item:
    """One item of a grant, by type and grammar. Raises InvalidItem, naming the field and what would be right."""
    if not isinstance(raw, dict) or not isinstance(raw.get("op"), str) or raw["op"] not in OPERATIONS:
        raise InvalidItem("op must be one of " + ", ".join(OPERATIONS))
    _check_names(raw)
    values: dict[str, Any] = {}
    for name in raw.keys() - OF_A_KEY:
        grammar, wanted = FIELDS[name]
        if not _holds(grammar, raw[name]):
            raise InvalidItem(f"{name} must be {wanted}")
        values[name] = tuple(raw[name]) if isinstance(raw[name], list) else raw[name]
    try:
        object_key = ObjectKey(raw["area"], raw["owner"], raw["category"], raw["id"], raw["ext"])
    except InvalidKey as fault:
        raise InvalidItem(str(fault)) from fault
    made = Item(raw["op"], object_key, **values)
    _check_together(made, object_key.area == USERS)
    return made


def _check_names(raw: dict[str, Any]) -> None:
    needed, allowed = OPERATIONS[raw["op"]]
    is_put_below_users = raw["op"] == "put" and raw.get("area") == USERS
    missing = (OF_A_KEY | needed | (PUT_BELOW_USERS_NEEDS if is_put_below_users else set())) - raw.keys()
    unknown = raw.keys() - OF_A_KEY - needed - allowed
    if missing or unknown:
        raise InvalidItem(f"{min(missing)} is missing" if missing else f"{min(unknown)[:40]} is not for {raw['op']}")


def _holds(grammar: Any, value: Any) -> bool:
    if isinstance(grammar, list):
        return isinstance(value, list) and bool(value) and all(_holds(grammar[0], one) for one in value)
    if isinstance(grammar, range):
        return type(value) is int and value in grammar
    return isinstance(value, str) and grammar.fullmatch(value) is not None


def _check_together(made: Item, is_below_users: bool) -> None:
    is_pdf, served_as = made.object_key.ext == "pdf", TYPE_OF_EXTENSION[made.object_key.ext]
    lengths, window = made.length_range, made.window
    for is_wrong, message in (
        ((made.size or made.sizes) and not is_below_users, "size and sizes are for objects below users"),
        (made.size and made.sizes, "size and sizes exclude each other"),
        (len(set(made.sizes)) != len(made.sizes), "sizes must name each size once"),
        (made.op == "put" and is_below_users and made.content_type != served_as, "content_type must be what ext says"),
        (lengths and (len(lengths) != 2 or lengths[0] > lengths[1]), "length_range must be [min, max]"),
        (made.receipt and made.op == "get" and not is_below_users, "receipt opens only what is below users"),
        (is_pdf and made.op == "get" and is_below_users and not made.download_as, "download_as is needed for a pdf"),
        (made.visibility == "link" and not made.until, "until is needed: a link has an end"),
        (window and (not made.receipt or made.expires_at % window), "window needs a receipt, and to divide expires_at"),
    ):
        if is_wrong:
            raise InvalidItem(message)
