"""A person's own account."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from flask import Blueprint, Response, stream_with_context

from .. import accounts, callers, erasing, exporting

blueprint: Final = Blueprint("accounts", __name__)
ERASED: Final = (
    "The account is erased. Files go within minutes; a URL that was signed before ends by itself, within the hour. "
    "Old versions of files go within 30 days, and backups of the records by their own schedule."
)


@blueprint.get("/users/me")
def show() -> tuple[dict[str, Any], dict[str, str]]:
    """The caller's account."""
    return accounts.described(callers.verified().owner), {"Cache-Control": "no-store"}


@blueprint.get("/users/me/export")
def export() -> Response:
    """All that is held about the caller, with URLs of their files."""
    pieces = exporting.pieces(callers.require())
    first = next(pieces)  # what is refused is refused before the answer begins
    response = Response(stream_with_context(chain([first], pieces)), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="export.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.delete("/users/me")
def erase() -> tuple[dict[str, str], int, dict[str, str]]:
    """Erase the caller's account: profile, links, photos and every file."""
    erasing.erase(callers.verified().owner)
    return {"message": ERASED}, 202, {"Cache-Control": "no-store"}
