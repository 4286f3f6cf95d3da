"""A person's own account."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint

from .. import accounts, callers

blueprint: Final = Blueprint("accounts", __name__)


@blueprint.get("/users/me")
def show() -> tuple[dict[str, Any], dict[str, str]]:
    """The caller's account."""
    return accounts.described(callers.require().owner), {"Cache-Control": "no-store"}
