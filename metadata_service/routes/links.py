"""A person's own links."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response

from .. import callers, links, strict_json
from ..profile_view import described
from ..schemas.links import POST_LINK

blueprint: Final = Blueprint("links", __name__)


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/links")
def save() -> dict[str, Any]:
    """Add a link, or change it."""
    caller = callers.require()
    link = links.save(caller.owner, strict_json.body(POST_LINK))
    return {"message": "Link saved successfully", "link": described(link)}


@blueprint.get("/links")
def show() -> dict[str, Any]:
    """The caller's links, by order, then age."""
    return {"links": [described(link) for link in links.listed(callers.require().owner)]}


@blueprint.delete("/links/<link_id>")
def delete(link_id: str) -> dict[str, Any]:
    """Delete a link."""
    links.delete(callers.require().owner, link_id)
    return {"message": "Link deleted successfully"}
