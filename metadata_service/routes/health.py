"""Whether the process is up, and whether what it depends on is."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, current_app

from ..readiness import Readiness

blueprint: Final = Blueprint("health", __name__)


@blueprint.after_request
def _not_for_caches(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/healthz")
def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@blueprint.get("/readyz")
def readiness() -> tuple[dict[str, Any], int]:
    """What it depends on, by name; 503 where one of it cannot be reached."""
    checks: Readiness = current_app.extensions["readiness"]
    standing = checks.standing()
    is_ready = all(state == "ok" for state in standing.values())
    return {"status": "ok" if is_ready else "unavailable", "dependencies": standing}, 200 if is_ready else 503
