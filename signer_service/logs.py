"""Structured logs: a JSON object a line on standard output, with the request's id, and never a token or a URL."""

import json
import logging
import sys
import time
from typing import Final

_OWN: Final = frozenset(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    """A record as one line of JSON: what was passed as `extra` stands beside the event's name."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the line."""
        line = {"time": time.time(), "service": "signer", "level": record.levelname, "event": record.getMessage()}
        told = {name: value for name, value in vars(record).items() if name not in _OWN}
        fault = {"fault": self.formatException(record.exc_info)} if record.exc_info else {}
        return json.dumps(line | told | fault | line, default=str)


def configure(level: str) -> None:
    """Send the signer's own log to standard output, at this level and above."""
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(JsonLines())
    logger = logging.getLogger("signer")
    logger.handlers[:], logger.propagate = [output], False
    logger.setLevel(level)
