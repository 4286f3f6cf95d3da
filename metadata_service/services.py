"""Internal services, by the short-lived tokens that they sign themselves and that `services.toml` says how to check.

A service token is a JWT by EdDSA of at most 60 s: `iss` and `sub` are the service's registered name, `aud` is ours.
"""

from __future__ import annotations

import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from flask import current_app

from . import jws
from .callers import CLOCK_SKEW, LONGEST_TOKEN, Caller, bearer
from .errors import Forbidden, Unauthorized, Unavailable
from .owners import owner_of_service

AUDIENCE: Final = "countersign-metadata"
LONGEST_LIFE: Final = 60
"""Seconds from a token's `iat` to its `exp`."""
SCOPES: Final = frozenset({"media:read", "media:write", "media:moderate", "hooks"})
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_JTI = re.compile(r"[\x21-\x7e]{1,128}")


class InsufficientScope(Forbidden):
    """The service is known, and its token does not say that it may do this (RFC 6750 §3.1)."""

    code = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class Service:
    """An internal service, as its token says; `scopes` are those of the token that it is registered for."""

    name: str
    owner: str
    token: str
    scopes: frozenset[str]

    @property
    def caller(self) -> Caller:
        """The service as an owner of files like any other."""
        return Caller(self.name, self.owner, self.token, named_as="service")

    def require(self, scope: str) -> None:
        """Raise InsufficientScope unless the token has this scope."""
        if scope not in self.scopes:
            raise InsufficientScope(f"the service token does not have the scope {scope}")


@dataclass(frozen=True, slots=True)
class Registration:
    """What `services.toml` says of one service."""

    public_key: jws.PublicKey
    scopes: frozenset[str]


def parse(text: bytes) -> dict[str, Registration]:
    """services.toml: a table a service, `public_key` (base64url of an Ed25519 key) and `scopes`. Raises ValueError."""
    registered = {}
    for name, entry in tomllib.loads(text.decode("utf-8")).items():
        scopes = frozenset(entry.get("scopes", ()))
        if not _NAME.fullmatch(name) or not scopes <= SCOPES:
            raise ValueError(f"{name[:40]}: a name of a-z, 0-9 and -, and known scopes")
        public_key = jws.PublicKey.of({"kty": "OKP", "crv": "Ed25519", "x": entry.get("public_key")})
        registered[name] = Registration(public_key, scopes)
    return registered


class Services:
    """The registered services, read again when their file changes. `clock`: seconds since the epoch."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._read: tuple[tuple[int, int, int], Mapping[str, Registration]] | None = None

    def verify(self, token: str) -> Service:
        """Whose token this is. Raises Unauthorized, or Unavailable where the services cannot be read."""
        if len(token) > LONGEST_TOKEN:
            raise _refused()
        try:
            split = jws.split(token)
        except jws.Malformed as fault:
            raise _refused() from fault
        name = split.claims.get("iss")
        registration = self.registered().get(name) if isinstance(name, str) else None
        if not isinstance(name, str) or registration is None or not registration.public_key.signed(split):
            raise _refused()
        # Absent, too (RFC 7519 §5.1: it is optional); but a token of another kind is none of these.
        if str(split.header.get("typ", "JWT")).upper() != "JWT" or not _are_ours(split.claims, self._clock()):
            raise _refused()
        scopes = registration.scopes.intersection(split.claims["scope"].split(" "))
        return Service(name, owner_of_service(name), token, scopes)

    def registered(self) -> Mapping[str, Registration]:
        """The services by name. Raises Unavailable where their file cannot be read."""
        try:
            found = os.stat(self._path)
            version = (found.st_mtime_ns, found.st_ino, found.st_size)
            if self._read is None or self._read[0] != version:
                self._read = (version, parse(self._path.read_bytes()))
            return self._read[1]
        except (OSError, ValueError, TypeError, AttributeError) as fault:
            raise Unavailable("the list of services cannot be read") from fault


def require(scope: str) -> Service:
    """The internal service that asks, and may. Raises Unauthorized, InsufficientScope or Unavailable."""
    service = identified()
    service.require(scope)
    return service


def identified() -> Service:
    """The internal service that asks, whatever it may. Raises Unauthorized or Unavailable."""
    services: Services = current_app.extensions["services"]
    token = bearer()
    if token is None:
        raise Unauthorized("a service token is needed: Authorization: Bearer …")
    return services.verify(token)


def _are_ours(claims: Mapping[str, Any], now: float) -> bool:
    issued_at, expires_at = claims.get("iat"), claims.get("exp")
    # `type`, not isinstance: true is an int.
    if type(issued_at) is not int or type(expires_at) is not int:
        return False
    is_current = issued_at <= now + CLOCK_SKEW and now < expires_at <= issued_at + LONGEST_LIFE
    is_for_us = claims.get("aud") == AUDIENCE and claims.get("sub") == claims.get("iss")
    jti, scope = claims.get("jti"), claims.get("scope")
    return is_current and is_for_us and isinstance(scope, str) and isinstance(jti, str) and bool(_JTI.fullmatch(jti))


def _refused() -> Unauthorized:
    return Unauthorized("the service token is not accepted")
