"""What a request says, field by field, in the words of the contract: the envelope, and a grant's items.

Past this file every value has its type and its grammar, and nobody checks it again. Unknown fields, fields on the
wrong operation and fields left out are refused: the signer adds nothing. An object's key is built here from those
fields, and never taken as a string.
"""

import re
from dataclasses import dataclass, field, fields
from typing import Any, Final

from .errors import InvalidItem, InvalidRequest, require

USERS: Final = "users"
CATEGORIES: Final = ("profile", "projects", "resume", "photos")
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif", "pdf": "application/pdf"}
SMALLER_SIZES: Final = ("150", "400")
SERVED_CACHE_CONTROL: Final = "private, max-age=31536000, immutable"

PLAIN_OWNER: Final = re.compile(r"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
SERVICE_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")  # RFC 9562 §5.4
KID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TIME: Final = "(0|[1-9][0-9]{0,12})"  # seconds since the epoch
RECEIPT: Final = re.compile(rf"v1\.({KID.pattern})\.(public|signed_in|link)\.{_TIME}\.{_TIME}\.[A-Za-z0-9_-]{{43}}")
_OWNER: Final = rf"{PLAIN_OWNER.pattern}|h-[0-9a-f]{{40}}|s-{SERVICE_NAME.pattern}"
_MEDIA_TYPE: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}"  # RFC 6838 §4.2
_BYTES: Final = range(5 * 1024**3 + 1)  # S3 API: PutObject, at most 5 GiB
_UPLOAD_ID: Final = r"[A-Za-z0-9._~+/=-]{1,1024}"  # S3 says only that it is opaque; these are what has been seen
_SECONDS: Final = range(2**40)  # since the epoch; beyond it a number is no time

OF_ALL: Final = {"op", "area", "owner", "category", "id", "ext"}
BOUND_BELOW_USERS: Final = {"content_type", "content_length", "checksum_sha256", "if_none_match", "cache_control"}
OPERATIONS: Final[dict[str, tuple[set[str], set[str]]]] = {
    # what it needs beside the fields of all, and what it may have
    "put": ({"expires_at"}, {"size", *BOUND_BELOW_USERS}),
    "post": ({"expires_at", "length_range"}, {"content_type"}),
    "get": ({"expires_at"}, {"size", "sizes", "receipt", "download_as", "window"}),
    "delete": ({"expires_at"}, {"size"}),
    "multipart_create": ({"expires_at"}, {"content_type"}),
    "multipart_part": ({"expires_at", "upload_id", "part_number"}, {"content_length"}),
    "multipart_list": ({"expires_at", "upload_id"}, set()),
    "multipart_complete": ({"expires_at", "upload_id"}, set()),
    "multipart_abort": ({"expires_at", "upload_id"}, {"size"}),
    "publish": ({"visibility"}, {"until"}),
    "reissue": ({"receipt"}, set()),
}


def _spelled(grammar: Any, wanted: str, default: Any = None) -> Any:
    """A field: its grammar (a pattern, a range of numbers, a list of one of these); what to tell who missed it."""
    return field(default=default, metadata={"spelling": (grammar, wanted)})


def _one_of(names: Any) -> Any:
    return _spelled(re.compile("|".join(names)), "one of " + ", ".join(names))


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to sign, every field checked; times in seconds since the epoch, lengths in bytes."""

    op: str = _one_of(OPERATIONS)
    area: str = _one_of(("incoming", USERS))
    owner: str = _spelled(re.compile(_OWNER), "a plain sub, h- and 40 hex digits, or s- and a service's name")
    category: str = _one_of(CATEGORIES)
    id: str = _spelled(UUID4, "a UUID v4 in lower case")
    ext: str = _one_of(TYPES)
    size: str | None = _one_of(SMALLER_SIZES)
    sizes: tuple[str, ...] = _spelled([re.compile("150|400|800")], 'a list out of "150", "400", "800", each once', ())
    expires_at: int = _spelled(_SECONDS, "whole seconds since the epoch", 0)
    content_type: str | None = _spelled(re.compile(_MEDIA_TYPE), "a media type, type/subtype")
    content_length: int | None = _spelled(_BYTES, "a number of bytes, at most 5 GiB")
    length_range: tuple[int, ...] = _spelled([_BYTES], "[min, max], in bytes", ())
    checksum_sha256: str | None = _spelled(re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="), "a SHA-256 in base64")
    if_none_match: str | None = _spelled(re.compile(r"\*"), '"*"')
    cache_control: str | None = _spelled(re.compile(SERVED_CACHE_CONTROL), f'"{SERVED_CACHE_CONTROL}"')
    upload_id: str | None = _spelled(re.compile(_UPLOAD_ID), "a multipart upload's id, as S3 gave it")
    part_number: int | None = _spelled(range(1, 10_001), "a number from 1 to 10000")
    visibility: str | None = _one_of(("public", "signed_in", "link"))
    until: int = _spelled(_SECONDS, "whole seconds since the epoch, or 0 for no end", 0)
    receipt: str | None = _spelled(RECEIPT, "a publication receipt")
    download_as: str | None = _spelled(re.compile(r"[^\x00-\x1f\x7f/\\]{1,200}"), "a file name, without slashes")
    window: int | None = _spelled(range(1, 1_801), "whole seconds, 1 to 1800")

    def object_key(self, size: str | None = None) -> str:
        """The key as S3 knows it, in a size or (None, 800) the largest; no part of it needs encoding in a path."""
        prefix = "users" if self.area == USERS else "incoming/users"
        suffix = f"-{size}" if size in SMALLER_SIZES else ""
        return f"{prefix}/{self.owner}/{self.category}/{self.id}{suffix}.{self.ext}"


SPELLINGS: Final = {one.name: one.metadata["spelling"] for one in fields(Item)}


def load(envelope: Any) -> tuple[str, str | None]:
    """The grant and the caller's token, both still only text. Raises InvalidRequest."""
    is_named = isinstance(envelope, dict) and {"grant"} <= envelope.keys() <= {"grant", "caller_token"}
    wanted = "the body must be an object of grant and, where an item's proof needs it, caller_token, both strings"
    require(is_named and all(isinstance(text, str) for text in envelope.values()), InvalidRequest, wanted)
    return envelope["grant"], envelope.get("caller_token")


def item(raw: Any) -> Item:
    """One item of a grant, by type and grammar. Raises InvalidItem, naming the field and what would be right."""
    is_known = isinstance(raw, dict) and _holds(SPELLINGS["op"][0], raw.get("op"))
    require(is_known, InvalidItem, "an item must be an object, whose op must be " + SPELLINGS["op"][1])
    _check_names(raw, *OPERATIONS[raw["op"]])
    for name, value in raw.items():
        grammar, wanted = SPELLINGS[name]
        require(_holds(grammar, value), InvalidItem, f"{name} must be {wanted}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    made = Item(**values)
    _check_together(made)
    return made


def _check_names(raw: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
    bound = BOUND_BELOW_USERS if (raw["op"], raw.get("area")) == ("put", USERS) else set()
    missing, unknown = (OF_ALL | needed | bound) - raw.keys(), raw.keys() - OF_ALL - needed - allowed
    require(not missing, InvalidItem, f"{min(missing, default='')} is missing")
    require(not unknown, InvalidItem, f"{min(unknown, default='')[:40]} is not for {raw['op']}")


def _holds(grammar: Any, value: Any) -> bool:
    if isinstance(grammar, list):
        return isinstance(value, list) and bool(value) and all(_holds(grammar[0], one) for one in value)
    if isinstance(grammar, range):
        return type(value) is int and value in grammar
    return isinstance(value, str) and grammar.fullmatch(value) is not None


def _check_together(made: Item) -> None:
    op, is_served, lengths, window = made.op, made.area == USERS, made.length_range, made.window or 1
    for holds, wanted in (
        (is_served or not (made.size or made.sizes), "size and sizes are for objects below users"),
        (not (made.size and made.sizes), "size and sizes exclude each other"),
        (len(set(made.sizes)) == len(made.sizes), "sizes must name each size once"),
        (op != "put" or not is_served or made.content_type == TYPES[made.ext], "content_type must be what ext says"),
        (not lengths or (len(lengths) == 2 and lengths[0] <= lengths[1]), "length_range must be [min, max]"),
        (op != "get" or is_served or not made.receipt, "receipt opens only what is below users"),
        (op != "get" or not is_served or made.ext != "pdf" or made.download_as, "a pdf needs download_as"),
        (made.visibility != "link" or made.until, "until is needed: a link has an end"),
        (not made.window or made.receipt, "window needs a receipt"),
        (made.expires_at % window == 0, "window must divide expires_at"),
    ):
        require(bool(holds), InvalidItem, wanted)
