"""The time and chance that everything goes by: the only place that asks the machine for either."""

from __future__ import annotations

import random
import time
import uuid
from datetime import UTC, datetime


def now() -> int:
    """Whole seconds since the epoch."""
    return int(time.time())


def now_ms() -> int:
    """Whole milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A fresh UUID v4 in lower case."""
    return str(uuid.uuid4())


def spread(seconds: float) -> float:
    """A random pause of half to the whole of `seconds`, so that those who wait do not come back together."""
    return seconds * (0.5 + random.random() / 2)  # noqa: S311 - a pause, not a secret


def iso(seconds: int) -> str:
    """A time as answers say it: ISO 8601, in UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp() -> str:
    """Now, as profiles, links and accounts record it: to the microsecond, so that what is later also sorts later."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
