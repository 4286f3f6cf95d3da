"""Requests of internal services, field by field, and the header that tells a repeat from a new request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import request
from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from ..errors import ValidationFailed
from ..grants import MOST_ITEMS
from ..object_keys import LARGE, SIZES, InvalidKey, ObjectKey
from .text import Text
from .uploads import BeginUpload

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
LONGEST_REASON: Final = 200
LONGEST_LIFE: Final = 900
"""Seconds; the signer's own limit for what a service reads."""
LONGEST_FILE_NAME: Final = 200
_SIZE: Final = {"enum": [*map(int, SIZES), *SIZES]}
_ITEM: Final = {"anyOf": [{"$ref": "#/components/schemas/SignGet"}, {"$ref": "#/components/schemas/SignPut"}]}
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,64}")


def _is_file_name(text: str) -> None:
    if "/" in text or "\\" in text:
        raise ValidationError("must hold no slashes")


def idempotency_key() -> str | None:
    """The request's Idempotency-Key, or None. Raises ValidationFailed where it is not in its form."""
    given = request.headers.get(IDEMPOTENCY_KEY)
    if given is not None and _IDEMPOTENCY_KEY.fullmatch(given) is None:
        raise ValidationFailed({IDEMPOTENCY_KEY: ["must be 1 to 64 visible ASCII characters"]})
    return given


class StrictKey(fields.String):
    """A served object's key, exactly as it was answered: no URL, and nothing before or after the key."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        try:
            return ObjectKey.parse_with_size(text)
        except InvalidKey:
            raise ValidationError("must be an object's key: users/{owner}/{category}/{id}.{ext}") from None


class _Size(fields.Field[str]):
    """150, 400 or 800, as a number or as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | str) or str(value) not in SIZES:
            raise ValidationError(f"must be one of {', '.join(SIZES)}")
        return str(value)


class SignGet(Schema):
    """An item that asks for a URL to read an object, of any person's or of the service's own."""

    class Meta:
        unknown = RAISE

    op = fields.String(required=True, validate=validate.Equal("get"), metadata={"description": "get."})
    object_key = StrictKey(
        required=True, data_key="key", metadata={"description": "The object's key, of any size, as it was answered."}
    )
    size = _Size(metadata={"description": "150, 400 or 800 pixels; as the key says where it is absent.", **_SIZE})
    expires_in = fields.Integer(
        strict=True,
        load_default=300,
        validate=validate.Range(1, LONGEST_LIFE),
        metadata={"description": "Seconds that the URL lives."},
    )
    download_as = Text(
        LONGEST_FILE_NAME,
        shortest=1,
        rule=_is_file_name,
        metadata={"description": "The name of the file that it is saved as; without it pictures are shown."},
    )

    @post_load
    def _in_one_size(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        object_key, named = loaded["object_key"]
        size = loaded.get("size", named)
        if named not in (LARGE, size):
            raise ValidationError(f"must be {named}, as the key says, or absent", "size")
        if size not in object_key.sizes:
            raise ValidationError("must be absent: a document has no sizes", "size")
        kept = {name: value for name, value in loaded.items() if name != "op"}
        return kept | {"object_key": object_key, "size": size}


class SignPut(BeginUpload):
    """An item that begins an upload into the service's own space, as POST /upload-url does."""

    op = fields.String(required=True, validate=validate.Equal("put"), metadata={"description": "put."})

    @post_load
    def _without_op(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in loaded.items() if name != "op"}


class SignBatch(Schema):
    """`POST /internal/v1/signed-urls`."""

    class Meta:
        unknown = RAISE

    items = fields.List(
        fields.Raw(allow_none=True, metadata=_ITEM),
        required=True,
        validate=validate.Length(1, MOST_ITEMS),
        metadata={"description": "What is wanted; what is wrong with one harms no other."},
    )


class Unblock(Schema):
    """`POST /internal/v1/objects/unblock`."""

    class Meta:
        unknown = RAISE

    object_key = StrictKey(
        required=True, data_key="key", metadata={"description": "The object's key, of any size: all sizes go together."}
    )
    reason = Text(LONGEST_REASON, metadata={"description": "Why, for the log."})


class Block(Unblock):
    """`POST /internal/v1/objects/block`."""

    reason = Text(
        LONGEST_REASON, shortest=1, required=True, metadata={"description": "Why, for the record and the log."}
    )


GET: Final = SignGet()
PUT: Final = SignPut()
SIGN_BATCH: Final = SignBatch()
BLOCK: Final = Block()
UNBLOCK: Final = Unblock()
