"""Makes the signer a WSGI application, and every fault the contract's JSON."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from . import logs
from .config import Config
from .countersigner import Countersigner
from .errors import Refusal
from .routes import blueprint

log = logging.getLogger("signer")


def create_app(config: Config | None = None, clock: Callable[[], float] = time.time) -> Flask:
    """The signer as a WSGI application; without a `config`, the environment's. Raises InvalidConfig."""
    config = config or Config.from_environment()
    logs.configure(config.log_level)
    app = Flask("signer_service", static_folder=None)
    app.url_map.merge_slashes = False
    app.extensions["countersigner"] = Countersigner(config, clock)
    app.register_blueprint(blueprint)
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    return app


def _begin() -> None:
    asked = request.headers.get("X-Request-Id", "")
    g.request_id = asked if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", asked) else str(uuid.uuid4())
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"], response.headers["Cache-Control"] = g.request_id, "no-store"
    told = {"request_id": g.request_id, "status": response.status_code, "audit": g.get("audit")}
    log.info("request", extra={**told, "ms": round((time.perf_counter() - g.began) * 1000, 2)})
    return response


def _refused(refusal: Refusal) -> tuple[Response, int]:
    told = {"request_id": g.request_id, "error": refusal.code, "item": refusal.item}
    log.info("refused", extra={**told, "reason": refusal.reason[:200]})
    response = jsonify(refusal.answer())
    if refusal.status == 503:
        response.headers["Retry-After"] = "1"
    return response, refusal.status


def _http_error(error: HTTPException) -> Response:
    response = error.get_response()  # keeps Allow
    answer = jsonify(error=error.name.lower().replace(" ", "_"), message=error.description)
    response.data, response.content_type = answer.data, answer.content_type
    return Response(response.data, response.status_code, response.headers)


def _unexpected(_: Exception) -> tuple[Response, int]:
    log.exception("unexpected", extra={"request_id": g.request_id})
    return jsonify(error="internal_error", message="something went wrong here; the log has it"), 500
