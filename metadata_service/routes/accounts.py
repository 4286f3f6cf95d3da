"""A person's own account."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint

from .. import accounts, callers, erasing

blueprint: Final = Blueprint("accounts", __name__)
ERASED: Final = (
    "The account is erased. Files go within minutes; a URL that was signed before ends by itself, within the hour. "
    "Old versions of files go within 30 days, and backups of the records by their own schedule."
)


@blueprint.get("/users/me")
def show() -> tuple[dict[str, Any], dict[str, str]]:
    """The caller's account."""
    return accounts.described(callers.verified().owner), {"Cache-Control": "no-store"}


@blueprint.delete("/users/me")
def erase() -> tuple[dict[str, str], int, dict[str, str]]:
    """Erase the caller's account: profile, links, photos and every file."""
    erasing.erase(callers.verified().owner)
    return {"message": ERASED}, 202, {"Cache-Control": "no-store"}
