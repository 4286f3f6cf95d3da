"""Wires the signer together, and turns every fault into the contract's JSON."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from . import callers, freeze, grants, logs, receipts
from .audit import AuditLog
from .config import Config, from_environment_or_exit
from .countersigner import Countersigner
from .errors import Refusal
from .freeze import Freezer
from .identities import Identities
from .presign import Bucket
from .proofs import Proofs
from .replay import ReplayMemory
from .routes import blueprint
from .signing import Signing
from .watched import WatchedFile

log = logging.getLogger("signer")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def create_app(config: Config | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The signer as a WSGI application; without a `config`, the environment's (exit 2 where that is wrong)."""
    config = config or from_environment_or_exit()
    logs.configure(config.log_level)
    app = Flask("signer_service", static_folder=None)
    app.url_map.merge_slashes = False
    app.extensions["countersigner"] = wired(config, clock)
    app.register_blueprint(blueprint)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    return app


def wired(config: Config, clock: Callable[[], float]) -> Countersigner:
    """Every part in its place; nothing is read yet but what is asked for."""
    bucket = Bucket.at(config.bucket, config.region, config.endpoint)
    rules = callers.TokenRules(
        config.token_issuer, config.token_client_ids, config.token_audiences, config.token_access_claim
    )
    grant_keys = WatchedFile(config.grant_keys_file, grants.parse_keys)
    token_keys = WatchedFile(config.token_keys_file, callers.parse_jwks)
    services = WatchedFile(config.services_file, callers.parse_services)
    receipt_keys = WatchedFile(config.receipt_keys_file, receipts.parse_keys)
    replay = ReplayMemory(config.replay_file, config.deletes_per_minute)
    issued = receipts.Receipts(receipt_keys)
    identities = Identities(config.identities_dir, bucket)
    return Countersigner(
        clock=clock,
        grants=grants.Verifier(grant_keys, f"countersign-signer/{config.signer_name}", replay.began),
        freezer=Freezer(WatchedFile(config.freeze_file, freeze.parse_freeze_list, fail_closed=True)),
        proofs=Proofs(callers.Callers(rules, token_keys, services), issued),
        replay=replay,
        audit=AuditLog(config.audit_dir),
        signing=Signing(identities, issued),
        needed_files={
            "grant_keys": grant_keys,
            "token_keys": token_keys,
            "receipt_keys": receipt_keys,
            **identities.files,
        },
    )


def _begin() -> None:
    asked = request.headers.get("X-Request-Id", "")
    g.request_id = asked if _REQUEST_ID.fullmatch(asked) else str(uuid.uuid4())
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    response.headers["Cache-Control"] = "no-store"
    milliseconds = round((time.perf_counter() - g.began) * 1000, 2)
    line: dict[str, Any] = {"request_id": g.request_id, "status": response.status_code, "ms": milliseconds}
    log.info("request", extra={**line, "route": request.path[:100], "audit": g.get("decision")})
    return response


def _refused(refusal: Refusal) -> tuple[Response, int]:
    log.info("refused", extra={"request_id": g.request_id, "error": refusal.code, "reason": refusal.reason[:200]})
    response = jsonify(refusal.answer())
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response, refusal.status


def _http_error(error: HTTPException) -> Response:
    original = error.get_response()  # keeps Allow
    response = jsonify(error=error.name.lower().replace(" ", "_"), message=error.description)
    response.headers.extend((name, value) for name, value in original.headers if name == "Allow")
    response.status_code = error.code or 500
    return response


def _unexpected(_: Exception) -> tuple[Response, int]:
    log.exception("unexpected", extra={"request_id": g.request_id})
    return jsonify(error="internal_error", message="something went wrong here; the log has it"), 500
