"""A person's own gallery."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from .. import callers, photos, strict_json
from ..schemas.photos import PHOTOS_PAGE

blueprint: Final = Blueprint("photos", __name__)


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/photos")
def show() -> dict[str, Any]:
    """The caller's photos, the newest first."""
    caller = callers.require()
    return photos.page(caller, **strict_json.query(PHOTOS_PAGE))


@blueprint.delete("/photos/<image_id>")
def delete(image_id: str) -> dict[str, str]:
    """Delete a photo."""
    photos.delete(callers.require(), image_id)
    return {"message": "the photo was deleted"}
