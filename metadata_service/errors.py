"""Faults as the interface speaks of them, and the one place where they become HTTP."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

log = logging.getLogger("metadata")


class ApiError(Exception):
    """A request that is answered with a refusal: `status`, `code`, a sentence, and fields of its own in `extra`."""

    status: int = 500
    code: str = "internal_error"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.headers = dict(headers or {})
        self.extra = extra

    def answer(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": self.code, "message": self.message, **self.extra}


class InvalidJson(ApiError):
    """The body is not JSON as we take it."""

    status, code = 400, "invalid_json"


class ValidationFailed(ApiError):
    """Fields that are not what they should be: `fields` has a list of sentences for each, by its name."""

    status, code = 400, "validation_failed"

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(f"not as it should be: {', '.join(sorted(map(str, fields)))}", fields=dict(fields))
        self.fields = dict(fields)


class Unauthorized(ApiError):
    """There is no access token, or none that is accepted (RFC 6750 §3)."""

    status, code = 401, "unauthorized"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        super().__init__(message, headers=challenge | dict(headers or {}), **extra)


class Forbidden(ApiError):
    """Whoever asks is known, and may not."""

    status, code = 403, "forbidden"


class NotFound(ApiError):
    """There is nothing here, or nothing that the caller may see."""

    status, code = 404, "not_found"


class AccountErased(ApiError):
    """Whoever asks had their account erased; the token outlives it, and is good for nothing."""

    status, code = 410, "account_erased"

    def __init__(self) -> None:
        super().__init__("this account was erased")


class Unavailable(ApiError):
    """Something that we depend on does not answer; nothing was changed by half, and asking again may work."""

    status, code = 503, "unavailable"

    def __init__(self, message: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(message, headers={"Retry-After": "1"} | dict(headers or {}), **extra)


def register(app: Flask) -> None:
    """Answer every fault of `app` in JSON, for nobody to keep."""
    app.register_error_handler(ApiError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_kept_by_nobody)


def _kept_by_nobody(response: Response) -> Response:
    # A cache may keep 404, 405, 410 and 414 unasked (RFC 9110 §15.1), and what is not there now may come.
    if response.status_code >= 400:
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refused(error: ApiError) -> Response:
    if error.status >= 500:
        log.warning("unavailable", extra={"error": error.code, "reason": str(error.__cause__ or error)[:500]})
    response = jsonify(error.answer())
    response.status_code = error.status
    response.headers.update(error.headers)
    return response


def _http_error(error: HTTPException) -> Response:
    original = error.get_response()  # has what belongs to the status: Allow, Retry-After
    name = re.sub(r"[^a-z]+", "_", error.name.lower())
    response = jsonify(error=_CODES.get(error.code or 500, name), message=error.description)
    response.status_code = error.code or 500
    kept = ("Allow", "Retry-After", "Location")
    response.headers.update({name: original.headers[name] for name in kept if name in original.headers})
    return response


_CODES = {413: "payload_too_large", 500: "internal_error"}


def _unexpected(_: Exception) -> tuple[Response, int]:
    log.exception("unexpected")
    return jsonify(error="internal_error", message="something went wrong here; the log has it"), 500
