"""One JSON object a line on stdout: what happened, to which request, how long it took. Never a byte of a file."""

import contextlib
import json
import os
import time

LEVELS = ("debug", "info", "warning", "error")


class Log:
    """Writes the lines at and above one level."""

    def __init__(self, level: str) -> None:
        self._lowest = LEVELS.index(level)

    def write(self, level: str, event: str, **fields: object) -> None:
        """One line; fields that are empty are left out. A reader that has gone away stops nothing."""
        if LEVELS.index(level) < self._lowest:
            return
        line = {"ts": round(time.time(), 3), "level": level, "service": "image", "event": event}
        line |= {name: value for name, value in fields.items() if value not in (None, "")}
        with contextlib.suppress(OSError):
            os.write(1, json.dumps(line).encode() + b"\n")
