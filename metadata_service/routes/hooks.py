"""What the user pool's triggers ask and tell, by a service of the operator's with the scope `hooks`."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint

from .. import accounts, services, strict_json
from ..owners import owner_of
from ..schemas.hooks import POST_CONFIRMATION, PRE_SIGN_UP
from ..store.users import Account

blueprint: Final = Blueprint("hooks", __name__, url_prefix="/internal/v1/cognito")


@blueprint.before_request
def _only_for_hooks() -> None:
    services.require("hooks")


@blueprint.post("/pre-signup")
def pre_sign_up() -> dict[str, Any]:
    """Whether somebody may sign up: not under a username that cannot be had."""
    username = strict_json.body(PRE_SIGN_UP)["username"]
    objection = None if username is None else accounts.objection(username)
    return {"allow": True} if objection is None else {"allow": False, "reason": f"username_{objection}"}


@blueprint.post("/post-confirmation")
def post_confirmation() -> dict[str, Any]:
    """Make the account of somebody who has signed up; asked again, it only says so."""
    told = strict_json.body(POST_CONFIRMATION)
    user_id = owner_of(told.pop("sub"))
    return {"user_id": user_id, "created": accounts.confirm(Account(user_id, **told))}
