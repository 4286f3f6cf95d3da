"""Stable addresses of objects: a redirect to a signed URL, for whoever may read."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response

from .. import callers, reading
from ..errors import NotFound
from ..object_keys import InvalidKey, ObjectKey
from ..reading import Opened

blueprint: Final = Blueprint("media", __name__)


@blueprint.after_request
def _differs_by_caller(response: Response) -> Response:
    if not response.cache_control.public:
        response.vary.add("Authorization")
        response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.get("/media/<path:text>")
def media(text: str) -> Response:
    """Read an object: public ones by anybody, others by their owner."""
    try:
        object_key, size = ObjectKey.parse_with_size(text)
    except InvalidKey:
        raise NotFound("there is nothing here, or you may not see it") from None
    return redirection(reading.open_for(object_key, size, callers.optional()))


def redirection(opened: Opened) -> Response:
    """302, to be kept by caches for less than the URL lives, and by shared ones only if it is the same for all."""
    response = Response(status=302)
    response.headers["Location"] = opened.url
    response.cache_control.max_age = opened.max_age
    if opened.is_public:
        response.cache_control.public = True
    else:
        response.cache_control.private = True
        response.vary.add("Authorization")
    return response
