"""Makes the signer a WSGI application: its routes, its log lines, and every fault as the contract's JSON."""

import json
import logging
import re
import sys
import time
import uuid
from collections.abc import Callable
from typing import Final

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.exceptions import HTTPException

from . import schemas
from .config import Config
from .countersigner import Countersigner
from .errors import InvalidRequest, PayloadTooLarge, Refusal, require
from .jws import decode_json

LARGEST_REQUEST: Final = 64 * 1024  # bytes
_OWN: Final = frozenset(vars(logging.makeLogRecord({})))
log = logging.getLogger("signer")


def create_app(config: Config | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The signer as a WSGI application; without a `config`, the environment's. Raises InvalidConfig."""
    config = config or Config.from_environment()
    _log_to_standard_output(config.log_level)
    app = Flask("signer_service", static_folder=None)
    app.url_map.merge_slashes = False
    app.extensions["countersigner"] = Countersigner(config, clock)
    app.post("/v1/sign")(sign)
    app.get("/healthz")(healthz)
    app.get("/readyz")(readyz)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    return app


def sign() -> Response:
    """Sign what a grant and its caller's own token both allow; see docs/contracts/grant-v1.md."""
    require(request.mimetype == "application/json", InvalidRequest, "Content-Type must be application/json")
    body = request.stream.read(LARGEST_REQUEST + 1)
    require(len(body) <= LARGEST_REQUEST, PayloadTooLarge, f"at most {LARGEST_REQUEST} bytes")
    grant, caller_token = schemas.load(decode_json(body))
    answers, g.audit = _countersigner().sign(grant, caller_token, g.request_id)
    return jsonify(items=answers, audit=g.audit)


def healthz() -> Response:
    """Whether the process answers."""
    return jsonify(status="ok")


def readyz() -> tuple[Response, int]:
    """Whether all that signing needs is there, by name."""
    checks = _countersigner().checks()
    is_ready = set(checks.values()) == {"ok"}
    return jsonify(status="ready" if is_ready else "not_ready", checks=checks), 200 if is_ready else 503


def _countersigner() -> Countersigner:
    countersigner: Countersigner = current_app.extensions["countersigner"]
    return countersigner


def _begin() -> None:
    asked = request.headers.get("X-Request-Id", "")
    g.request_id = asked if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", asked) else str(uuid.uuid4())
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"], response.headers["Cache-Control"] = g.request_id, "no-store"
    told = {"request_id": g.request_id, "status": response.status_code, "audit": g.get("audit"), **g.get("refused", {})}
    log.info("request", extra={**told, "ms": round((time.perf_counter() - g.began) * 1000, 2)})
    return response


def _refused(refusal: Refusal) -> tuple[Response, int, dict[str, str]]:
    g.refused = {"error": refusal.code, "reason": str(refusal)[:200], "item": refusal.item}
    return jsonify(refusal.answer()), refusal.status, {"Retry-After": "1"} if refusal.status == 503 else {}


def _http_error(error: HTTPException) -> tuple[Response, int, dict[str, str]]:
    kept = {name: text for name, text in error.get_headers() if name != "Content-Type"}  # Allow, for one
    told = jsonify(error=error.name.lower().replace(" ", "_"), message=error.description)
    return told, error.code or 500, kept


def _unexpected(_: Exception) -> tuple[Response, int]:
    log.exception("unexpected", extra={"request_id": g.request_id})
    return jsonify(error="internal_error", message="something went wrong here; the log has it"), 500


class JsonLines(logging.Formatter):
    """A record as one line of JSON, never with a token or a URL: what was passed as `extra` beside the event's name."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        told = {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            told["fault"] = self.formatException(record.exc_info)
        own = {"time": record.created, "service": "signer", "level": record.levelname, "event": record.getMessage()}
        return json.dumps(own | told | own, default=str)


def _log_to_standard_output(level: str) -> None:
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonLines())
    log.handlers[:], log.propagate = [output], False
    log.setLevel(level)
