"""Grants: what metadata, the sweeper and the importer ask to have signed, and whether they really asked.

See docs/contracts/grant-v1.md. A grant is a JWT that we verify ourselves, because the contract takes one spelling
of it only: exact header, exact claims, no duplicate names, no padding.
"""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from jwt import PyJWK

from . import jws
from .errors import InvalidGrant, InvalidJson, InvalidRequest
from .object_keys import is_uuid4
from .watched import WatchedFile

ISSUERS: Final = ("metadata", "sweeper", "importer")
LONGEST_LIFE: Final = 60  # seconds from iat to exp
CLOCK_SKEW: Final = 5  # seconds that iat may be ahead; and that it must be after the replay memory's beginning
IMPORTER_KEY_LIFE: Final = 86_400  # seconds; a migration's key ends within a day
KEYS_PER_ISSUER: Final = 2
MOST_ITEMS: Final = 100
_NEEDED: Final = {"iss", "aud", "iat", "exp", "jti", "items"}


class GrantKey(NamedTuple):
    """One public key, the only issuer that it speaks for, and its end (seconds since the epoch), if it has one."""

    issuer: str
    key: PyJWK
    expires_at: int | None


Keys = WatchedFile[dict[str, GrantKey]]


class Opened(NamedTuple):
    """A grant whose signature held; what it claims is not even read yet."""

    kid: str
    issuer: str
    token: jws.Jws


class Grant(NamedTuple):
    """A grant whose signature, issuer, audience and times hold; its items are still as they were sent."""

    kid: str
    issuer: str
    jti: str
    issued_at: int
    expires_at: int
    caller: str | None
    service: str | None
    items: list[Any]


def parse_keys(text: bytes) -> dict[str, GrantKey]:
    """The JWKS of the grant keys. Raises ValueError on a private key, a shared kid, or a third key of one issuer."""
    keys: dict[str, GrantKey] = {}
    for jwk in json.loads(text)["keys"]:
        key = GrantKey(jwk["issuer"], jws.key_of(jwk), jwk.get("expires_at"))
        siblings = sum(other.issuer == key.issuer for other in keys.values())
        if jwk["kid"] in keys or key.issuer not in ISSUERS or siblings == KEYS_PER_ISSUER:
            raise ValueError("each kid belongs to exactly one issuer, which has at most two")
        if key.key.algorithm_name != "EdDSA" or (key.issuer == "importer" and key.expires_at is None):
            raise ValueError("grants are signed by Ed25519 keys, an importer's by one with an end")
        keys[jwk["kid"]] = key
    if not keys:
        raise ValueError("no key at all")
    return keys


class Verifier:
    """Verifies grants for one replica of the signer, in two steps: what is refused in the second is an alarm."""

    def __init__(self, keys: Keys, replica: str, memory_began: Callable[[float], int]) -> None:
        self._keys, self._audience, self._memory_began = keys, f"countersign-signer/{replica}", memory_began

    def open(self, compact: str, now: float) -> Opened:
        """The grant, once its signature holds. Raises InvalidGrant; the answer never says which check failed."""
        try:
            token = jws.Jws(compact)
            kid, key = self._key(token.header, now)
            if not token.is_signed_by(key.key):
                raise InvalidGrant("signature")
            return Opened(kid, key.issuer, token)
        except (jws.Malformed, InvalidJson) as fault:
            raise InvalidGrant(str(fault)) from fault

    def _key(self, header: dict[str, Any], now: float) -> tuple[str, GrantKey]:
        kid = header.get("kid")
        if header != {"alg": "EdDSA", "typ": "grant+jwt", "kid": kid} or not isinstance(kid, str):
            raise InvalidGrant("header")
        key = (self._keys.read() or {}).get(kid)
        if key is None:
            raise InvalidGrant("unknown kid")
        if key.expires_at is not None and now >= key.expires_at:
            raise InvalidGrant("the key has ended")
        if key.issuer == "importer" and (key.expires_at or 0) - now > IMPORTER_KEY_LIFE:
            raise InvalidGrant("an importer's key ends within a day")
        return kid, key

    def accept(self, opened: Opened, now: float) -> Grant:
        """The grant, once its claims are in form, for this signer, and for now.

        Raises InvalidGrant; InvalidJson or InvalidRequest where a grant of ours is badly made.
        """
        claims = opened.token.claims
        _check_form(claims)
        if claims["iss"] != opened.issuer or claims["aud"] != self._audience:
            raise InvalidGrant("the kid belongs to another issuer, or the grant to another signer")
        issued_at, expires_at = claims["iat"], claims["exp"]
        if not now < expires_at <= issued_at + LONGEST_LIFE or expires_at <= issued_at:
            raise InvalidGrant("exp")
        if not self._memory_began(now) + CLOCK_SKEW < issued_at <= now + CLOCK_SKEW:
            raise InvalidGrant("iat is ahead, or not younger than the replay memory")
        named = claims.get("caller"), claims.get("service")
        return Grant(opened.kid, opened.issuer, claims["jti"], issued_at, expires_at, *named, claims["items"])


def _check_form(claims: dict[str, Any]) -> None:
    named = claims.keys() & {"caller", "service"}
    if not _NEEDED - {"items"} <= claims.keys() or not is_uuid4(claims["jti"]):
        raise InvalidGrant("a claim is missing, or jti is not a UUID v4")
    if type(claims["iat"]) is not int or type(claims["exp"]) is not int:
        raise InvalidGrant("iat or exp")
    if claims.keys() - named != _NEEDED or len(named) > 1:
        raise InvalidRequest("the grant's claims are iss, aud, iat, exp, jti, items, and caller or service")
    if not all(isinstance(claims[name], str) and claims[name] for name in named):
        raise InvalidRequest("the grant's caller or service must be a string")
    if not isinstance(claims["items"], list) or not 1 <= len(claims["items"]) <= MOST_ITEMS:
        raise InvalidRequest(f"the grant's items must be a list of 1 to {MOST_ITEMS}")
