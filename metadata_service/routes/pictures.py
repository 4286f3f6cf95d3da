"""The current picture: one's own, and anybody's by username."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from .. import callers, pictures, strict_json, usernames
from ..errors import NotFound
from ..schemas.uploads import PICTURE_SIZE
from ..store import profiles
from .media import redirection

blueprint: Final = Blueprint("pictures", __name__)


@blueprint.get("/users/me/picture")
def mine() -> tuple[dict[str, Any], dict[str, str]]:
    """The caller's current picture, or the default one."""
    return pictures.described(callers.require()), {"Cache-Control": "no-store"}


@blueprint.delete("/users/me/picture")
def remove() -> dict[str, str]:
    """Remove the caller's current picture."""
    if not pictures.remove(callers.require()):
        raise NotFound("you have no picture")
    return {"message": "the picture was removed"}


@blueprint.get("/profiles/<username>/avatar")
def avatar(username: str) -> Response:
    """Somebody's picture, or the default one where there is none to be seen."""
    size = strict_json.query(PICTURE_SIZE)["size"]
    spelled = usernames.read(username)
    profile = None if spelled is None else profiles.by_username(spelled)
    if profile is None:
        raise NotFound("there is nobody of this name")
    return redirection(pictures.opened(profile.user_id, size, callers.optional()))
