"""Structured logs: a JSON object a line on standard output, with the request's id, and never a token or a URL."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Final

import orjson
from flask import Flask, Response, g, has_request_context, request

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
log = logging.getLogger("metadata")


class JsonLines(logging.Formatter):
    """A record as one line of JSON: what was passed as `extra` stands beside the event's name."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "service": self._service,
            "level": record.levelname,
            "event": record.getMessage(),
        }
        if has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode("utf-8")


def configure(level: str, service: str = "metadata") -> None:
    """Send our own log to standard output, at this level and above."""
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonLines(service))
    log.handlers[:] = [output]
    log.propagate = False
    log.setLevel(level)


def register(app: Flask) -> None:
    """Give every request of `app` its id, and its line when it is answered."""
    app.before_request(_begin)
    app.after_request(_finish)


def note(**fields: object) -> None:
    """Add fields to the line of the request under way, such as the place of its signatures in the audit log."""
    g.setdefault("noted", {}).update(fields)


def traced() -> dict[str, str]:
    """The header that gives the id of the request under way to whom we ask for it; none where there is no request."""
    return {"X-Request-Id": g.request_id} if has_request_context() and "request_id" in g else {}


def _begin() -> None:
    asked = request.headers.get("X-Request-Id", "")
    g.request_id = asked if _REQUEST_ID.fullmatch(asked) else str(uuid.uuid4())
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    line = {
        # The rule, not the path: a path may hold anything.
        "route": request.url_rule.rule if request.url_rule else None,
        "method": request.method,
        "status": response.status_code,
        "ms": round((time.perf_counter() - g.began) * 1000, 2),
    }
    log.info("request", extra=line | g.get("noted", {}))
    return response
