"""Uploads: asking for a URL, completing, asking after and cancelling."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from .. import callers, clock, strict_json
from ..schemas.uploads import BEGIN_UPLOAD, COMPLETE_BY_KEY, NOTHING
from ..uploads import answers, beginning, cancelling, completing, finding
from ..uploads.beginning import Wanted

blueprint: Final = Blueprint("uploads", __name__)


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.post("/upload-url")
def begin() -> Response:
    """Begin an upload: where to send the file, and under which key it will be served."""
    caller = callers.verified()  # the transaction that records the upload meets the tombstone
    begun = beginning.begin(caller, Wanted(**{"method": None} | strict_json.body(BEGIN_UPLOAD)))
    response = jsonify(beginning.answer(begun))
    response.headers["X-Upload-Id"] = begun.upload.id
    return response


@blueprint.post("/uploads/<upload_id>/complete")
def complete(upload_id: str) -> dict[str, Any]:
    """Complete an upload: check what was sent, and make it visible."""
    caller = callers.require()
    strict_json.body(NOTHING, optional=True)
    return answers.completed(caller, completing.complete(caller, finding.by_id(caller, upload_id)))


@blueprint.post("/upload-complete")
def complete_by_key() -> dict[str, Any]:
    """Complete an upload by its key."""
    caller = callers.require()
    posted = strict_json.body(COMPLETE_BY_KEY)["object_key"]
    return answers.completed(caller, completing.complete(caller, finding.by_key(caller, posted)))


@blueprint.get("/uploads/<upload_id>")
def look(upload_id: str) -> dict[str, Any]:
    """What became of an upload."""
    return answers.status(finding.by_id(callers.require(), upload_id), clock.now())


@blueprint.delete("/uploads/<upload_id>")
def cancel(upload_id: str) -> dict[str, Any]:
    """Cancel an upload that is not ready."""
    return answers.status(cancelling.cancel(callers.require(), upload_id), clock.now())
