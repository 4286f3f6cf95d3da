"""The signer's one door, and what tells whether it is open."""

from flask import Blueprint, Response, current_app, g, jsonify, request

from . import schemas, strict_json
from .countersigner import Countersigner
from .errors import InvalidRequest, PayloadTooLarge

LARGEST_REQUEST = 64 * 1024  # bytes
blueprint = Blueprint("signer", __name__)


def _countersigner() -> Countersigner:
    countersigner: Countersigner = current_app.extensions["countersigner"]
    return countersigner


@blueprint.post("/v1/sign")
def sign() -> Response:
    """Sign what a grant and its caller's own token both allow; see docs/contracts/grant-v1.md."""
    if request.mimetype != "application/json":
        raise InvalidRequest("Content-Type must be application/json")
    body = request.stream.read(LARGEST_REQUEST + 1)
    if len(body) > LARGEST_REQUEST:
        raise PayloadTooLarge(f"at most {LARGEST_REQUEST} bytes")
    grant, caller_token = schemas.load(strict_json.decode(body))
    answers, g.audit = _countersigner().sign(grant, caller_token, g.request_id)
    return jsonify(items=answers, audit=g.audit)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Whether the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether all that signing needs is there, by name."""
    checks = _countersigner().checks()
    is_ready = set(checks.values()) == {"ok"}
    return jsonify(status="ready" if is_ready else "not_ready", checks=checks), 200 if is_ready else 503
