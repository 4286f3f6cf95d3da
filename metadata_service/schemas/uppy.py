"""Requests of Uppy's S3 plugins: what its version 6 hands to `signRequest`, and Companion's routes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, pre_load, validate, validates_schema

from ..errors import ValidationFailed
from ..multipart_xml import ETAG, MOST_PARTS, MULTIPART_ID
from .uploads import LARGEST_DECLARED

LONGEST: Final = 2_048
"""Characters of a key or a file's name: a key is posted as a URL, too."""
MOST_AT_ONCE: Final = 100
"""Part URLs of one batch: as many items as a grant may have."""
MOST_METADATA: Final = 100
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}")
_NUMBERS: Final = re.compile(r"[1-9][0-9]{0,4}(?:,[1-9][0-9]{0,4})*")
_SAID_METADATA: Final = re.compile(r"metadata\[.*\]", re.DOTALL)


def _is_multipart_id(text: str) -> None:
    if MULTIPART_ID.fullmatch(text) is None:
        raise ValidationError("must be an id that S3 gave")


def _is_etag(text: str) -> None:
    if ETAG.fullmatch(text) is None:
        raise ValidationError("must be an ETag as S3 answered it")


def _key(description: str) -> fields.String:
    return fields.String(
        required=True, data_key="key", validate=validate.Length(1, LONGEST), metadata={"description": description}
    )


def _bytes(description: str, name: str = "size") -> fields.Integer:
    return fields.Integer(
        strict=True,
        allow_none=True,
        data_key=name,
        validate=validate.Range(0, LARGEST_DECLARED),
        metadata={"description": description},
    )


class SignRequest(Schema):
    """What Uppy 6 hands to `signRequest`, and of the file what the page adds to it."""

    class Meta:
        unknown = RAISE

    method = fields.String(
        required=True,
        validate=validate.OneOf(["PUT", "POST", "GET", "DELETE"]),
        metadata={"description": "What Uppy is about to do at S3."},
    )
    object_key = _key("Uppy's own name for the file when it begins; from then on the key that was answered.")
    content_type = fields.String(
        data_key="contentType",
        allow_none=True,
        metadata={"description": "The file's type; where Uppy says none, it is told from name or key."},
    )
    multipart_id = fields.String(
        data_key="uploadId",
        allow_none=True,
        validate=_is_multipart_id,
        metadata={"description": "S3's id of the upload in parts; none begins an upload."},
    )
    part_number = fields.Integer(
        data_key="partNumber",
        strict=True,
        allow_none=True,
        validate=validate.Range(1, MOST_PARTS),
        metadata={"description": "Of a part (PUT with uploadId)."},
    )
    part_size = _bytes("Bytes of the part; where it is given, S3 takes exactly so many.", "partSize")
    size = _bytes("Bytes of the whole file; where it is given, only a file of so many is taken.")
    name = fields.String(
        allow_none=True, validate=validate.Length(max=LONGEST), metadata={"description": "The file's name."}
    )

    @validates_schema
    def _is_something_that_uppy_does(self, asked: Mapping[str, Any], **_: Any) -> None:
        names_part, method = asked.get("part_number") is not None, asked["method"]
        if asked.get("multipart_id") is None:
            if names_part or method in ("GET", "DELETE"):
                raise ValidationError("is missing", "uploadId")
        elif names_part != (method == "PUT"):
            raise ValidationError("must be there with PUT and uploadId, and only then", "partNumber")


class _File(Schema):
    """A file as Companion's routes are told of it."""

    class Meta:
        unknown = RAISE

    name = fields.String(
        data_key="filename",
        required=True,
        validate=validate.Length(max=LONGEST),
        metadata={"description": "The file's name."},
    )
    content_type = fields.String(
        data_key="type",
        allow_none=True,
        metadata={"description": "The file's type; without one it is told from the name."},
    )


class FormParameters(_File):
    """`GET s3/params`: Uppy sends the file's metadata along, which is ignored."""

    size = fields.Integer(
        validate=[validate.Range(0, LARGEST_DECLARED)],
        metadata={"description": "Bytes; where it is given, S3 takes exactly so many."},
    )

    @pre_load
    def _without_metadata(self, asked: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        size = asked.get("size")
        if size is not None and re.fullmatch(r"[0-9]{1,13}", str(size)) is None:
            raise ValidationError("must be a whole number of bytes", "size")
        return {name: text for name, text in asked.items() if _SAID_METADATA.fullmatch(name) is None}


class CreateMultipart(_File):
    """`POST s3/multipart`."""

    metadata = fields.Dict(
        keys=fields.String(), validate=validate.Length(max=MOST_METADATA), metadata={"description": "Ignored."}
    )


class OfUpload(Schema):
    """Which upload: its key."""

    class Meta:
        unknown = RAISE

    object_key = _key("The key, as it was answered where the upload began.")


class SeveralParts(OfUpload):
    """Which parts of an upload."""

    numbers = fields.String(
        data_key="partNumbers",
        required=True,
        metadata={"description": f"Up to {MOST_AT_ONCE} numbers of parts, with commas between them."},
    )

    @post_load
    def _read(self, asked: dict[str, Any], **_: Any) -> dict[str, Any]:
        text = asked["numbers"]
        if _NUMBERS.fullmatch(text) is None or text.count(",") >= MOST_AT_ONCE:
            raise ValidationError(f"must be 1 to {MOST_AT_ONCE} numbers of parts, with commas between", "partNumbers")
        numbers = [int(number) for number in text.split(",")]
        if max(numbers) > MOST_PARTS or len(set(numbers)) < len(numbers):
            raise ValidationError(f"must be 1 to {MOST_PARTS}, each once", "partNumbers")
        return asked | {"numbers": numbers}


class _SentPart(Schema):
    """A part that was sent: Uppy says its number and the ETag that S3 answered, and some versions more."""

    class Meta:
        unknown = EXCLUDE

    number = fields.Integer(
        data_key="PartNumber",
        required=True,
        strict=True,
        validate=validate.Range(1, MOST_PARTS),
        metadata={"description": "The part's number."},
    )
    etag = fields.String(
        data_key="ETag", required=True, validate=_is_etag, metadata={"description": "As S3 answered it."}
    )


class CompleteMultipart(Schema):
    """`POST s3/multipart/{uploadId}/complete`."""

    class Meta:
        unknown = RAISE

    parts = fields.List(
        fields.Nested(_SentPart),
        required=True,
        validate=validate.Length(1, 1_000),
        metadata={"description": "The parts, by number."},
    )


def part_number(text: str) -> int:
    """The number of a part, as a path has it. Raises ValidationFailed."""
    if _NUMBER.fullmatch(text) is None or int(text) > MOST_PARTS:
        raise ValidationFailed({"partNumber": [f"must be 1 to {MOST_PARTS}"]})
    return int(text)


SIGN_REQUEST: Final = SignRequest()
FORM_PARAMETERS: Final = FormParameters()
CREATE_MULTIPART: Final = CreateMultipart()
OF_UPLOAD: Final = OfUpload()
SEVERAL_PARTS: Final = SeveralParts()
COMPLETE_MULTIPART: Final = CompleteMultipart()
