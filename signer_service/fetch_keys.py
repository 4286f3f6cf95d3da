"""The `keys` job: fetches the token issuer's JWKS for the signer, which itself reaches nothing.

A process of its own, with no credential and that one file to write. An issuer that cannot be reached, or answers with
anything but keys, leaves the file as it is: known keys keep working.
"""

import ctypes
import json
import signal
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .config import Settings, setting
from .proofs import parse_jwks

LARGEST_JWKS: Final = 256 * 1024  # bytes
TIMEOUT: Final = 10  # seconds
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class KeysConfig(Settings):
    """Where the keys are, where they belong, and the seconds between two looks."""

    token_jwks_url: str = setting(r"https?://\S+", "a URL")
    token_keys_file: Path = setting(r".+", "a file", Path)
    refresh_seconds: int = setting(r"[1-9]\d{0,4}", "a number of seconds", int, "60")


def fetch(url: str) -> bytes:
    """The issuer's JWKS. Raises OSError where it cannot be had, and whatever a parser raises where it is none."""
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
    fresh = path.with_name(path.name + ".fresh")
    fresh.write_bytes(text)
    fresh.chmod(0o644)
    fresh.replace(path)
    return True


def main() -> None:
    """Look, write where something changed, wait; until told to stop."""
    config = KeysConfig.from_environment()
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no ptrace, and /proc/PID for root alone (prctl(2))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    while True:
        try:
            event = "keys_changed" if write(config.token_keys_file, fetch(config.token_jwks_url)) else "keys_unchanged"
        except Exception as fault:  # whatever an issuer answers, and whatever a parser makes of it
            event = f"keys_not_fetched: {type(fault).__name__}"
        print(json.dumps({"service": "keys", "event": event}), flush=True)
        time.sleep(config.refresh_seconds if config.token_keys_file.exists() else 1)


if __name__ == "__main__":
    main()
