"""Share links: making and ending one's own, and opening anybody's."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from .. import callers, sharing, strict_json
from ..schemas.shares import POST_SHARE_LINK, SHARED_SIZE

blueprint: Final = Blueprint("shares", __name__)


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    # Not even the redirect's own browser: a link that its owner ends is to end at once.
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/share-links")
def share() -> dict[str, Any]:
    """Make a link that opens one object of the caller's to whoever has it."""
    caller = callers.require()
    posted = strict_json.body(POST_SHARE_LINK)
    return sharing.share(caller, posted["object_key"], posted["expires_in"])


@blueprint.delete("/share-links/<share_link_id>")
def end(share_link_id: str) -> dict[str, str]:
    """End a link at once."""
    sharing.end(callers.require(), share_link_id)
    return {"message": "the link has ended"}


@blueprint.get("/shared/<share_link_id>")
def open_shared(share_link_id: str) -> Response:
    """Read what a link opens."""
    size = strict_json.query(SHARED_SIZE)["size"]
    return Response(status=302, headers={"Location": sharing.opened(share_link_id, size)})
