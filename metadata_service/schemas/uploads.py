"""Requests about uploads, field by field."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from ..object_keys import LARGE, SIZES

_SHA256: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)
LARGEST_DECLARED: Final = 2**40


def _is_checksum(text: str) -> None:
    # Spelled as it is bound: base64 with stray bits in its last character (RFC 4648 §3.5) reads as the same octets.
    if _SHA256.fullmatch(text) is None or b64encode(b64decode(text)).decode("ascii") != text:
        raise ValidationError("must be a SHA-256 in base64")


class BeginUpload(Schema):
    """`POST /upload-url`."""

    class Meta:
        unknown = RAISE

    file_type = fields.String(required=True, metadata={"description": "The kind of file, as kinds.toml names it."})
    content_type = fields.String(
        required=True, metadata={"description": "The file's type; the upload must name it exactly so."}
    )
    file_extension = fields.String(
        validate=validate.Length(max=10), metadata={"description": "The file's extension, which must fit its type."}
    )
    method = fields.String(
        validate=validate.OneOf(["PUT", "POST"]),
        metadata={"description": "PUT, or POST for a form; the kind says which is the default: PUT as shipped."},
    )
    content_length = fields.Integer(
        strict=True,
        validate=validate.Range(0, LARGEST_DECLARED),
        metadata={"description": "Bytes; where it is given, S3 takes exactly so many."},
    )
    checksum_sha256 = fields.String(
        validate=_is_checksum, metadata={"description": "In base64; where it is given, only these bytes are taken."}
    )


class PresignPhoto(Schema):
    """`GET /api/profilephoto/presigned-upload-url`."""

    class Meta:
        unknown = RAISE

    content_type = fields.String(
        required=True,
        data_key="contentType",
        metadata={"description": "The picture's type; the upload must name it exactly so."},
    )


class CompleteByKey(Schema):
    """`POST /upload-complete`."""

    class Meta:
        unknown = RAISE

    object_key = fields.String(
        required=True, data_key="key", metadata={"description": "The upload's key, or the URL that it was sent to."}
    )


class Nothing(Schema):
    """A body without a field, where there is one at all."""

    class Meta:
        unknown = RAISE


class PictureSize(Schema):
    """`GET /profiles/{username}/avatar`."""

    class Meta:
        unknown = RAISE

    size = fields.String(
        load_default=LARGE,
        validate=validate.OneOf(SIZES),
        metadata={"description": "150, 400 or 800 pixels, 800 by default."},
    )


BEGIN_UPLOAD: Final = BeginUpload()
PRESIGN_PHOTO: Final = PresignPhoto()
COMPLETE_BY_KEY: Final = CompleteByKey()
NOTHING: Final = Nothing()
PICTURE_SIZE: Final = PictureSize()
