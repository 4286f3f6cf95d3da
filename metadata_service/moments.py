"""The time as records say it."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Now, ISO 8601 in UTC, to the microsecond: so that what is later also sorts later."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
