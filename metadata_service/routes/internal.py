"""What internal services may ask: URLs for reading and for files of their own, and that an object be blocked."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from .. import blocking, services, signed_urls, strict_json
from ..schemas.internal import BLOCK, SIGN_BATCH, UNBLOCK, idempotency_key
from ..schemas.uploads import NOTHING
from ..uploads import answers, completing, finding

blueprint: Final = Blueprint("internal", __name__, url_prefix="/internal/v1")


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.post("/signed-urls")
def sign() -> dict[str, Any]:
    """Have up to a hundred URLs signed: to read anybody's objects, and to upload into the service's own space."""
    service, sent_with = services.identified(), idempotency_key()
    batch = signed_urls.read(strict_json.body(SIGN_BATCH)["items"], sent_with)
    for scope in batch.scopes:
        service.require(scope)
    return {"items": signed_urls.answered(service, batch)}


@blueprint.post("/uploads/<upload_id>/complete")
def complete(upload_id: str) -> dict[str, Any]:
    """Complete an upload of the service's own: check what was sent, and make it visible."""
    caller = services.require("media:write").caller
    idempotency_key()
    strict_json.body(NOTHING, optional=True)
    return answers.completed(caller, completing.complete(caller, finding.by_id(caller, upload_id)))


@blueprint.post("/objects/block")
def block() -> dict[str, Any]:
    """Block an object: nobody gets a new URL to it; URLs signed before end by themselves."""
    service = services.require("media:moderate")
    idempotency_key()
    asked = strict_json.body(BLOCK)
    object_key, _ = asked["object_key"]
    blocking.block(object_key, service.name, asked["reason"])
    return {"key": object_key.text(), "blocked": True}


@blueprint.post("/objects/unblock")
def unblock() -> dict[str, Any]:
    """Lift a block: whoever might read the object before may read it again."""
    service = services.require("media:moderate")
    idempotency_key()
    asked = strict_json.body(UNBLOCK)
    object_key, _ = asked["object_key"]
    blocking.unblock(object_key, service.name, asked.get("reason"))
    return {"key": object_key.text(), "blocked": False}
