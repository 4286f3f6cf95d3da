"""Grants: what metadata, the sweeper and the importer ask to have signed, and whether they really asked.

See docs/contracts/grant-v1.md. A grant is a JWT that we verify ourselves, because the contract takes one spelling
of it only: exact header, exact claims, no duplicate names, no padding.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from . import jws
from .errors import InvalidGrant
from .object_keys import is_uuid4
from .watched import WatchedFile

ISSUERS: Final = ("metadata", "sweeper", "importer")
LONGEST_LIFE: Final = 60  # seconds between iat and exp
CLOCK_SKEW: Final = 5  # seconds that iat may be ahead; and that a grant must be younger than the replay memory
IMPORTER_KEY_LIFE: Final = 86_400  # seconds; a migration's key ends within a day
KEYS_PER_ISSUER: Final = 2
MOST_ITEMS: Final = 100

_NEEDED: Final = frozenset({"iss", "aud", "iat", "exp", "jti", "items"})
_ALLOWED: Final = _NEEDED | {"caller", "service"}


@dataclass(frozen=True, slots=True)
class GrantKey:
    """One public key, the only issuer that it speaks for, and its end (seconds since the epoch), if it has one."""

    issuer: str
    key: jws.VerificationKey
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant whose signature, issuer, audience and times hold; its items are still as they were sent."""

    issuer: str
    kid: str
    jti: str
    issued_at: int
    expires_at: int
    caller: str | None
    service: str | None
    items: tuple[Any, ...]


def parse_keys(text: bytes) -> dict[str, GrantKey]:
    """The JWKS of the grant keys. Raises ValueError on a private key, a shared kid, or a third key of one issuer."""
    keys: dict[str, GrantKey] = {}
    for jwk in json.loads(text)["keys"]:
        if jwk["issuer"] not in ISSUERS or not isinstance(jwk["kid"], str) or jwk["kid"] in keys:
            raise ValueError("each kid belongs to exactly one issuer")
        verification_key = jws.key_of(jwk)
        if verification_key.algorithm != "EdDSA":
            raise ValueError("grants are signed by Ed25519 keys")
        if jwk["issuer"] == "importer" and not isinstance(jwk.get("expires_at"), int):
            raise ValueError("an importer's key has an end")
        keys[jwk["kid"]] = GrantKey(jwk["issuer"], verification_key, jwk.get("expires_at"))
    for issuer in ISSUERS:
        if sum(key.issuer == issuer for key in keys.values()) > KEYS_PER_ISSUER:
            raise ValueError(f"{issuer} has more than {KEYS_PER_ISSUER} keys")
    return keys


@dataclass(frozen=True, slots=True)
class Opened:
    """A grant whose signature held; what it claims is not yet accepted."""

    kid: str
    issuer: str
    claims: dict[str, Any]


class Verifier:
    """Verifies grants for one replica of the signer, in two steps: what is refused in the second is an alarm."""

    def __init__(
        self, keys: WatchedFile[dict[str, GrantKey]], audience: str, memory_began: Callable[[float], int]
    ) -> None:
        self.keys = keys
        self._audience = audience
        self._memory_began = memory_began

    def open(self, compact: str, now: float) -> Opened:
        """The grant, once its signature holds. Raises InvalidGrant; the answer never says which check failed."""
        try:
            token = jws.split(compact)
            key = self._key(token.header, now)
            if not jws.is_signed_by(token, key.key):
                raise InvalidGrant("signature")
            return Opened(token.header["kid"], key.issuer, jws.claims(token))
        except jws.Malformed as fault:
            raise InvalidGrant(str(fault)) from fault

    def accept(self, opened: Opened, now: float) -> Grant:
        """The grant, once its claims are in form, for this signer, and for now. Raises InvalidGrant."""
        claims = opened.claims
        _check_form(claims)
        if claims["iss"] != opened.issuer:
            raise InvalidGrant("the kid belongs to another issuer")
        if claims["aud"] != self._audience:
            raise InvalidGrant("audience")
        self._check_times(claims["iat"], claims["exp"], now)
        return _made(claims, opened.kid)

    def _key(self, header: dict[str, Any], now: float) -> GrantKey:
        if header.keys() != {"alg", "typ", "kid"} or header["typ"] != "grant+jwt" or header["alg"] != "EdDSA":
            raise InvalidGrant("header")
        kid = header["kid"]
        key = (self.keys.read() or {}).get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidGrant("unknown kid")
        if key.expires_at is not None and now >= key.expires_at:
            raise InvalidGrant("the key has ended")
        if key.issuer == "importer" and key.expires_at is not None and key.expires_at - now > IMPORTER_KEY_LIFE:
            raise InvalidGrant("an importer's key ends within a day")
        return key

    def _check_times(self, issued_at: int, expires_at: int, now: float) -> None:
        if not 0 < expires_at - issued_at <= LONGEST_LIFE:
            raise InvalidGrant("exp - iat")
        if expires_at <= now:
            raise InvalidGrant("expired")
        if issued_at > now + CLOCK_SKEW:
            raise InvalidGrant("iat is ahead")
        if issued_at <= self._memory_began(now) + CLOCK_SKEW:
            raise InvalidGrant("not younger than the replay memory")


def _check_form(claims: dict[str, Any]) -> None:
    if not claims.keys() >= _NEEDED or not claims.keys() <= _ALLOWED:
        raise InvalidGrant("claims")
    if type(claims["iat"]) is not int or type(claims["exp"]) is not int or not is_uuid4(claims["jti"]):
        raise InvalidGrant("iat, exp or jti")
    for name in ("caller", "service"):
        if name in claims and not (isinstance(claims[name], str) and claims[name]):
            raise InvalidGrant(name)
    if "caller" in claims and "service" in claims:
        raise InvalidGrant("caller and service exclude each other")
    if not isinstance(claims["items"], list) or not 1 <= len(claims["items"]) <= MOST_ITEMS:
        raise InvalidGrant("items")


def _made(claims: dict[str, Any], kid: str) -> Grant:
    return Grant(
        issuer=claims["iss"],
        kid=kid,
        jti=claims["jti"],
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        caller=claims.get("caller"),
        service=claims.get("service"),
        items=tuple(claims["items"]),
    )
