"""The current picture for seed 004's client: a form that comes through us, or a URL to S3; answers in camelCase."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from .. import callers, forms, pictures, strict_json
from ..errors import NotFound
from ..object_keys import LARGE
from ..schemas.uploads import COMPLETE_BY_KEY, PRESIGN_PHOTO
from ..uploads import answers, beginning, completing, finding, forwarding
from ..uploads.beginning import Wanted

blueprint: Final = Blueprint("profilephoto", __name__, url_prefix="/api/profilephoto")
KIND: Final = "profile_photo"
LONGEST_FILE: Final = 5 * 1024 * 1024
"""Bytes; the gateway takes no more on this route, whatever the kind allows."""


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


@blueprint.post("/upload")
def upload() -> Response:
    """Make the picture in a form the current one."""
    caller = callers.require()
    sent = forms.file("file", LONGEST_FILE)
    done = forwarding.forward(caller, KIND, sent.content_type, sent.octets)
    return _of_upload(done.upload.id, photoUrl=answers.completed(caller, done)["url"])


@blueprint.get("/url")
def show() -> dict[str, Any]:
    """Where the current picture is, or the default one."""
    return {"photoUrl": pictures.described(callers.require())["urls"][LARGE]}


@blueprint.delete("")
def remove() -> dict[str, str]:
    """Remove the current picture."""
    if not pictures.remove(callers.require()):
        raise NotFound("No profile photo found")
    return {"message": "Profile photo deleted"}


@blueprint.get("/presigned-upload-url")
def presign() -> Response:
    """Begin an upload: a URL to PUT a picture to."""
    caller = callers.require()
    begun = beginning.begin(caller, Wanted(KIND, strict_json.query(PRESIGN_PHOTO)["content_type"]))
    return _of_upload(begun.upload.id, uploadUrl=begun.destination.url, key=begun.upload.object_key.text())


@blueprint.post("/upload-complete")
def complete() -> dict[str, Any]:
    """Complete an upload by its key, or by the URL that it was sent to."""
    caller = callers.require()
    posted = strict_json.body(COMPLETE_BY_KEY)["object_key"]
    done = completing.complete(caller, finding.by_key(caller, posted, category="profile"))
    return {"photoUrl": answers.completed(caller, done)["url"]}


def _of_upload(upload_id: str, **spoken: str) -> Response:
    response = jsonify(spoken)
    response.headers["X-Upload-Id"] = upload_id
    return response
