"""Requests about share links, field by field."""

from __future__ import annotations

from typing import Final

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from ..object_keys import LARGE, SIZES
from ..sharing import LONGEST


class PostShareLink(Schema):
    """`POST /share-links`."""

    class Meta:
        unknown = RAISE

    object_key = fields.String(
        required=True, data_key="key", metadata={"description": "An object of one's own, by its key or its URL."}
    )
    expires_in = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, LONGEST),
        metadata={"description": "Seconds until the link ends; at most 30 days."},
    )


class SharedSize(Schema):
    """`GET /shared/{link_id}`: whatever else is in the query, such as what messengers add to links, is ignored."""

    class Meta:
        unknown = EXCLUDE

    size = fields.String(
        load_default=LARGE,
        validate=validate.OneOf(SIZES),
        metadata={"description": "Of a picture: 150, 400 or 800 pixels, 800 by default."},
    )


POST_SHARE_LINK: Final = PostShareLink()
SHARED_SIZE: Final = SharedSize()
