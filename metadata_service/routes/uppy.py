"""Uppy's S3 plugins: version 6 by `signRequest`, 4 and 5 by Companion's routes, all with a person's token."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from .. import callers, strict_json
from ..schemas.uppy import (
    COMPLETE_MULTIPART,
    CREATE_MULTIPART,
    FORM_PARAMETERS,
    OF_UPLOAD,
    SEVERAL_PARTS,
    SIGN_REQUEST,
    part_number,
)
from ..uploads import multipart, uppy
from ..uploads.uppy import SignRequest

blueprint: Final = Blueprint("uppy", __name__)


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _began(answer: dict[str, Any], upload_id: str) -> Response:
    response = jsonify(answer)
    response.headers["X-Upload-Id"] = upload_id
    return response


@blueprint.post("/uppy/<file_type>/sign")
def sign(file_type: str) -> Response | dict[str, Any]:
    """Sign what Uppy 6 is about to do at S3."""
    caller = callers.require()
    asked = SignRequest(**strict_json.body(SIGN_REQUEST))
    if asked.multipart_id is not None:
        return uppy.signed(uppy.sign(caller, file_type, asked))
    begun = uppy.begin(caller, file_type, asked)
    return _began(uppy.signed_first(begun), begun.upload.id)


@blueprint.get("/uppy/<file_type>/s3/params")
def params(file_type: str) -> Response:
    """Begin an upload by a form."""
    caller = callers.require()
    begun = uppy.begin_form(caller, file_type, **strict_json.query(FORM_PARAMETERS))
    return _began(uppy.form(begun), begun.upload.id)


@blueprint.post("/uppy/<file_type>/s3/multipart")
def create(file_type: str) -> Response:
    """Begin an upload in parts."""
    caller = callers.require()
    begun, multipart_id = uppy.create(caller, file_type, **strict_json.body(CREATE_MULTIPART))
    return _began(uppy.created(begun, multipart_id), begun.upload.id)


@blueprint.get("/uppy/<file_type>/s3/multipart/<multipart_id>/<number>")
def sign_part(file_type: str, multipart_id: str, number: str) -> dict[str, Any]:
    """Sign the upload of one part."""
    caller = callers.require()
    wanted = part_number(number)
    upload = multipart.find(caller, file_type, strict_json.query(OF_UPLOAD)["object_key"], multipart_id)
    return uppy.signed_part(multipart.sign_parts(caller, upload, multipart_id, [wanted])[wanted], upload)


@blueprint.get("/uppy/<file_type>/s3/multipart/<multipart_id>/batch")
def sign_parts(file_type: str, multipart_id: str) -> dict[str, Any]:
    """Sign the upload of several parts at once."""
    caller = callers.require()
    asked = strict_json.query(SEVERAL_PARTS)
    upload = multipart.find(caller, file_type, asked["object_key"], multipart_id)
    return uppy.signed_parts(multipart.sign_parts(caller, upload, multipart_id, asked["numbers"]))


@blueprint.get("/uppy/<file_type>/s3/multipart/<multipart_id>")
def list_parts(file_type: str, multipart_id: str) -> list[dict[str, Any]]:
    """The parts that S3 has, to go on after them."""
    caller = callers.require()
    upload = multipart.find(caller, file_type, strict_json.query(OF_UPLOAD)["object_key"], multipart_id)
    return uppy.listed(multipart.parts(caller, upload, multipart_id))


@blueprint.post("/uppy/<file_type>/s3/multipart/<multipart_id>/complete")
def complete(file_type: str, multipart_id: str) -> dict[str, Any]:
    """Make the parts one file, and complete the upload."""
    caller = callers.require()
    upload = multipart.find(caller, file_type, strict_json.query(OF_UPLOAD)["object_key"], multipart_id)
    parts = uppy.sent_parts(strict_json.body(COMPLETE_MULTIPART)["parts"])
    return uppy.completed(caller, multipart.complete(caller, upload, multipart_id, parts))


@blueprint.delete("/uppy/<file_type>/s3/multipart/<multipart_id>")
def abort(file_type: str, multipart_id: str) -> dict[str, Any]:
    """Cancel an upload in parts, and let go of those that came."""
    caller = callers.require()
    upload = multipart.find(caller, file_type, strict_json.query(OF_UPLOAD)["object_key"], multipart_id)
    multipart.abort_now(caller, upload, multipart_id)
    return {}
