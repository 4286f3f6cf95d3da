"""Service tokens: JWTs by EdDSA of at most a minute, which a service makes for itself."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

AUDIENCE = "countersign-metadata"
LIFETIME = 60
"""Seconds; the longest that is taken."""
LEFT_AT_LEAST = 20
"""Seconds that a token has left when a request begins: the request waits in queues, and clocks differ."""

PrivateKey = Ed25519PrivateKey | Mapping[str, str] | str | bytes
"""An Ed25519 key: as an object, as a JWK, as PEM (PKCS 8) or a JWK's JSON, or as its 32 bytes."""


class ServiceTokens:
    """The tokens of one service, each used until it is nearly over; may be shared by threads."""

    def __init__(self, service_name: str, private_key: PrivateKey, scopes: Iterable[str]) -> None:
        self._name, self._private_key, self._scope = service_name, ed25519(private_key), " ".join(scopes)
        if not service_name or not self._scope:
            raise ValueError("service_name and scopes must say who asks, and for what")
        self._made: tuple[float, str] = (0.0, "")
        self._lock = threading.Lock()

    def current(self) -> str:
        """A token that is good for a while."""
        with self._lock:
            now = time.time()
            expires_at, token = self._made
            # One with more left than it ever had was made before the clock was set back: it begins in the future.
            if not LEFT_AT_LEAST <= expires_at - now <= LIFETIME:
                self._made = (int(now) + LIFETIME, token := self._signed(int(now)))
            return token

    def _signed(self, issued_at: int) -> str:
        claims = {
            "iss": self._name,
            "sub": self._name,
            "aud": AUDIENCE,
            "scope": self._scope,
            "iat": issued_at,
            "exp": issued_at + LIFETIME,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(claims, self._private_key, algorithm="EdDSA")


def ed25519(given: PrivateKey) -> Ed25519PrivateKey:
    """The private key in any of its forms. Raises ValueError, which does not repeat it."""
    try:
        found = _read(given)
    except (ValueError, TypeError, KeyError, jwt.PyJWTError):
        found = None
    if not isinstance(found, Ed25519PrivateKey):
        raise ValueError("private_key must be an Ed25519 private key: a JWK, PEM, or 32 bytes") from None
    return found


def _read(given: PrivateKey) -> object:
    if isinstance(given, Ed25519PrivateKey):
        return given
    if isinstance(given, Mapping):
        return cast(Any, jwt.PyJWK(dict(given), algorithm="EdDSA").key)
    octets = given.encode() if isinstance(given, str) else given
    if octets.lstrip().startswith(b"{"):
        return _read(json.loads(octets))
    if octets.lstrip().startswith(b"-----BEGIN"):
        return load_pem_private_key(octets, password=None)
    return Ed25519PrivateKey.from_private_bytes(octets)
