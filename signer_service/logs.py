"""Structured logs: a JSON object a line on standard output, with the request's id, and never a token or a URL."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Final

_OWN: Final = frozenset(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    """A record as one line of JSON: what was passed as `extra` stands beside the event's name."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": time.time(),
            "service": "signer",
            "level": record.levelname,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send the signer's own log to standard output, at this level and above."""
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonLines())
    logger = logging.getLogger("signer")
    logger.handlers[:] = [output]
    logger.propagate = False
    logger.setLevel(level)
