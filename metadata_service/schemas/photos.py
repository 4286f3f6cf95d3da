"""Requests about photos, field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

LARGEST_PAGE: Final = 100
ORDINARY_PAGE: Final = 50
_DIGITS: Final = re.compile(r"[0-9]{1,9}")


class Digits(fields.Integer):
    """A whole number of ASCII digits alone: int() takes signs, spaces, underscores and other scripts' digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if _DIGITS.fullmatch(value) is None:
            raise ValidationError("must be a whole number, in digits")
        return int(value)


class PhotosPage(Schema):
    """`GET /photos`."""

    class Meta:
        unknown = RAISE

    limit = Digits(
        load_default=ORDINARY_PAGE,
        validate=validate.Range(1, LARGEST_PAGE),
        metadata={"description": "Photos an answer, 50 by default."},
    )
    cursor = fields.String(
        load_default=None, metadata={"description": "The next_cursor of the answer before; without it, the newest."}
    )


PHOTOS_PAGE: Final = PhotosPage()
