"""The `keys` job: fetches the token issuer's JWKS for the signer, which itself reaches nothing.

A process of its own, with no credential and that one file to write. An issuer that cannot be reached, or answers with
anything but keys, leaves the file as it is: known keys keep working.
"""

import json
import os
import re
import signal
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import Final

from .callers import parse_jwks
from .config import FORBIDDEN

LARGEST_JWKS: Final = 256 * 1024  # bytes
TIMEOUT: Final = 10  # seconds
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url: str) -> bytes:
    """The issuer's JWKS. Raises OSError where it cannot be had, ValueError where it holds no usable key."""
    with _OPENER.open(url, timeout=TIMEOUT) as answer:
        text: bytes = answer.read(LARGEST_JWKS + 1)
    if len(text) > LARGEST_JWKS:
        raise ValueError("the JWKS is too large")
    parse_jwks(text)
    return text


def write(path: Path, text: bytes) -> bool:
    """Put the keys in place in one step, where they differ from those that are there. Returns whether they did."""
    if path.exists() and path.read_bytes() == text:
        return False
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as fresh:
        fresh.write(text)
        fresh.flush()
        os.fsync(fresh.fileno())
    os.chmod(fresh.name, 0o644)
    os.replace(fresh.name, path)
    return True


def settings() -> tuple[str, Path, float]:
    """The URL, the file, and seconds between two looks; exit 2 naming every fault."""
    faults = [f"{name} is set: this job holds no credential" for name in os.environ if FORBIDDEN.fullmatch(name)]
    url, path = os.environ.get("TOKEN_JWKS_URL", ""), os.environ.get("TOKEN_KEYS_FILE", "")
    refresh = os.environ.get("REFRESH_SECONDS") or "60"
    if not re.fullmatch(r"https?://\S+", url):
        faults.append("TOKEN_JWKS_URL must be a URL")
    if not path:
        faults.append("TOKEN_KEYS_FILE must be set")
    if not re.fullmatch(r"[1-9]\d{0,4}", refresh):
        faults.append("REFRESH_SECONDS must be a number of seconds")
    if faults:
        print("\n".join(f"keys: {fault}" for fault in faults), file=sys.stderr)
        raise SystemExit(2)
    return url, Path(path), float(refresh)


def main() -> None:
    """Look, write where something changed, wait; until told to stop."""
    url, path, refresh = settings()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.is_set():
        try:
            event = "keys_changed" if write(path, fetch(url)) else "keys_unchanged"
        except (OSError, ValueError) as fault:
            event = f"keys_not_fetched: {type(fault).__name__}"
        print(json.dumps({"service": "keys", "event": event}), flush=True)
        stopping.wait(refresh if path.exists() else 1.0)


if __name__ == "__main__":
    main()
