"""The token issuer's public keys, from its JWKS or a file of the same form (RFC 7517 §5).

Keys once known go on working while the JWKS cannot be reached. It is asked again every few minutes, and for a kid that
is not known, at most once a minute: or anyone could make us ask by making up kids.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .connections import Address, Connections, Unreachable
from .errors import Unavailable
from .jws import PublicKey

STALE_AFTER: Final = 300.0
"""Seconds after which the keys are asked for again, so that one the issuer took back stops working."""
ASKED_AT_MOST_EVERY: Final = 60.0
"""Seconds between two attempts, whatever became of the first."""
RETRIED_AFTER: Final = 2.0
"""Seconds between two attempts while there are no keys at all."""
LONGEST: Final = 256 * 1024
PATIENCE: Final = 3.0

log = logging.getLogger("metadata")


class TokenKeys:
    """The keys by their kid. `location`: a URL, or a path. `clock` is monotonic, in seconds."""

    def __init__(self, location: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = _fetcher(location) if location.startswith(("http://", "https://")) else Path(location).read_bytes
        self._clock = clock
        self._asking = threading.Lock()
        self._asked_at = -STALE_AFTER
        # Replaced as a whole, so a reader needs no lock: each key beside the JWK that it was made of.
        self._known: Mapping[str, tuple[Any, PublicKey]] = {}

    def find(self, kid: str) -> PublicKey | None:
        """The key of this name, or None. Raises Unavailable while no keys are known at all."""
        if kid not in self._known or self._clock() - self._asked_at > STALE_AFTER:
            self._refresh()
        if not self._known:
            raise Unavailable("the token issuer's keys cannot be reached; ask again")
        return self._known[kid][1] if kid in self._known else None

    def check(self) -> None:
        """Raises Unavailable while no keys are known."""
        if not self._known:
            self._refresh()
        if not self._known:
            raise Unavailable("the token issuer's keys cannot be reached; ask again")

    def _refresh(self) -> None:
        # Whoever comes second waits where there is no key yet, and else goes on with those that there are.
        if not self._asking.acquire(blocking=not self._known):
            return
        try:
            if self._clock() - self._asked_at >= (ASKED_AT_MOST_EVERY if self._known else RETRIED_AFTER):
                self._asked_at = self._clock()
                self._known = self._renewed(self._read())
        except (OSError, ValueError, Unreachable) as fault:
            log.warning("token keys not read", extra={"reason": f"{type(fault).__name__}: {fault}"[:300]})
        finally:
            self._asking.release()

    def _renewed(self, text: bytes) -> Mapping[str, tuple[Any, PublicKey]]:
        """The keys that the text holds; one that has not changed stays the same object. Raises ValueError."""
        found = {}
        for kid, jwk in _jwks(text).items():
            before = self._known.get(kid)
            try:
                found[kid] = before if before is not None and before[0] == jwk else (jwk, PublicKey.of(jwk))
            except ValueError:
                continue  # of a kind that we do not take
        if not found:
            raise ValueError("no usable key")
        return found


def _jwks(text: bytes) -> dict[str, dict[str, Any]]:
    spoken = json.loads(text)
    if not isinstance(spoken, dict) or not isinstance(spoken.get("keys"), list):
        raise ValueError("not a JWKS")
    signing = [jwk for jwk in spoken["keys"] if isinstance(jwk, dict) and jwk.get("use", "sig") == "sig"]
    return {jwk["kid"]: jwk for jwk in signing if isinstance(jwk.get("kid"), str)}


def _fetcher(url: str) -> Callable[[], bytes]:
    parts = urlsplit(url)
    address = Address.parse(f"{parts.scheme}://{parts.netloc}")
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    connections = Connections(patience=PATIENCE, deadline=PATIENCE)

    def fetched() -> bytes:
        headers = {"Accept": "application/json", "Connection": "close"}
        answer = connections.ask(address, "GET", target, headers=headers, limit=LONGEST)
        if answer.status != 200:
            raise ValueError(f"the JWKS answered {answer.status}")
        return answer.body

    return fetched
