"""Profiles, and whether a username can be had."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint

from .. import accounts, callers, profile_view, profiles, strict_json, usernames
from ..errors import NotFound
from ..schemas.profiles import CHECK_USERNAME, POST_PROFILE, SEVERAL_PROFILES
from ..store import profiles as store

blueprint: Final = Blueprint("profiles", __name__)
PRIVATE: Final = {"Cache-Control": "no-store"}
FOR_THIS_CALLER: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""What anybody is told; who is signed in may be told more, signed URLs among it (PRIVATE)."""

Answer = tuple[dict[str, Any], dict[str, str]]


@blueprint.post("/profiles")
def save() -> Answer:
    """Change the caller's profile, or make it."""
    caller = callers.require()
    saved = profiles.save(caller, strict_json.body(POST_PROFILE))
    return {"message": "Profile saved successfully", "profile": profile_view.shown(saved, caller)}, PRIVATE


@blueprint.get("/profiles/<username>")
def show(username: str) -> Answer:
    """Somebody's profile; to its owner, all of it."""
    name = usernames.read(username)
    profile = None if name is None else store.by_username(name)
    if profile is None:
        raise NotFound("there is nobody of this name")
    caller = callers.optional()
    return profile_view.shown(profile, caller), FOR_THIS_CALLER if caller is None else PRIVATE


@blueprint.get("/profiles")
def show_several() -> Answer:
    """A line for each of several people."""
    names = strict_json.query(SEVERAL_PROFILES)["usernames"]
    caller = callers.optional()
    return {"profiles": profile_view.several(names, caller)}, FOR_THIS_CALLER if caller is None else PRIVATE


@blueprint.get("/username/check")
def check() -> Answer:
    """Whether a username can be had."""
    wanted = strict_json.query(CHECK_USERNAME)["username"]
    answer: dict[str, Any] = {"username": usernames.read(wanted) or wanted}
    objection = accounts.objection(wanted)
    if objection is None:
        return {**answer, "available": True}, PRIVATE
    return {**answer, "available": False, "reason": objection}, PRIVATE
