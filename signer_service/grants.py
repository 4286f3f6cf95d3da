"""Grants: what metadata, the sweeper and the importer ask to have signed, and whether they really asked.

See docs/contracts/grant-v1.md. A grant is a JWT that we verify ourselves, because the contract takes one spelling
of it only: exact header, exact claims, no duplicate names, no padding.
"""

from collections import Counter
from typing import Any, Final, NamedTuple

from jwt import PyJWK

from .errors import InvalidGrant, InvalidRequest, Refusal, require
from .jws import Jws, decode_json, key_of
from .schemas import UUID4

ISSUERS: Final = {"metadata", "sweeper", "importer"}
LONGEST_LIFE: Final = 60  # seconds from iat to exp
CLOCK_SKEW: Final = 5  # seconds that iat may be ahead; and that it must be after the replay memory's beginning
IMPORTER_KEY_LIFE: Final = 86_400  # seconds; a migration's key ends within a day
NEVER: Final = 2**53  # seconds since the epoch
KEYS_PER_ISSUER: Final = 2
MOST_ITEMS: Final = 100
REGISTERED: Final = {"iss", "aud", "iat", "exp", "jti"}


class GrantKey(NamedTuple):
    """One public key, the only issuer that it speaks for, and its end (seconds since the epoch)."""

    kid: str
    issuer: str
    public: PyJWK
    expires_at: int


class Grant(NamedTuple):
    """A grant whose signature, issuer, audience and times hold; its items are still as they were sent."""

    issuer: str
    jti: str
    issued_at: int
    expires_at: int
    caller: str | None
    service: str | None
    items: list[Any]


def parse_keys(text: bytes) -> dict[str, GrantKey]:
    """The JWKS of the grant keys. Raises ValueError on a private key, a shared kid, or a third key of one issuer."""
    listed = decode_json(text)["keys"]
    keys = [GrantKey(jwk["kid"], jwk["issuer"], key_of(jwk), jwk.get("expires_at", NEVER)) for jwk in listed]
    is_in_form = all(type(key.expires_at) is int and key.public.algorithm_name == "EdDSA" for key in keys)
    require(is_in_form, ValueError, "grants are signed by Ed25519 keys, which end at whole seconds since the epoch")
    by_kid, by_issuer = {key.kid: key for key in keys}, Counter(key.issuer for key in keys)
    require(len(by_kid) == len(keys) and by_issuer.keys() <= ISSUERS, ValueError, "a kid belongs to exactly one issuer")
    require(1 <= max(by_issuer.values()) <= KEYS_PER_ISSUER, ValueError, "an issuer has at most two keys")
    return by_kid


def open_grant(keys: dict[str, GrantKey], compact: str, now: float) -> tuple[GrantKey, Jws]:
    """A grant whose signature holds, and whose; its claims are not even read yet. Raises InvalidGrant.

    The answer never says which check failed.
    """
    try:
        token = Jws(compact)
    except Refusal as fault:
        raise InvalidGrant(str(fault)) from fault
    kid = str(token.header.get("kid"))
    require(token.header == {"alg": "EdDSA", "typ": "grant+jwt", "kid": kid}, InvalidGrant, "the header")
    if (key := keys.get(kid)) is None:
        raise InvalidGrant("a kid that is not known")
    require(now < key.expires_at, InvalidGrant, "the key has ended")
    is_short_lived = key.issuer != "importer" or key.expires_at - now <= IMPORTER_KEY_LIFE
    require(is_short_lived, InvalidGrant, "an importer's key ends within a day")
    require(token.is_signed_by(key.public), InvalidGrant, "the signature")
    return key, token


def accept(key: GrantKey, claims: dict[str, Any], replica: str, memory_began: int, now: float) -> Grant:
    """The grant, once its claims are in form, for this signer, and for now. Raises InvalidGrant or InvalidRequest."""
    _check_form(claims)
    issued_at, expires_at = claims["iat"], claims["exp"]
    require(claims["iss"] == key.issuer, InvalidGrant, "the kid belongs to another issuer")
    require(claims["aud"] == f"countersign-signer/{replica}", InvalidGrant, "the grant is for another signer")
    require(max(now, issued_at) < expires_at <= issued_at + LONGEST_LIFE, InvalidGrant, "exp")
    require(memory_began + CLOCK_SKEW < issued_at, InvalidGrant, "iat is not younger than the replay memory")
    require(issued_at <= now + CLOCK_SKEW, InvalidGrant, "iat is ahead")
    named = claims.get("caller"), claims.get("service")
    return Grant(key.issuer, claims["jti"], issued_at, expires_at, *named, claims["items"])


def _check_form(claims: dict[str, Any]) -> None:
    require(claims.keys() >= REGISTERED, InvalidGrant, "a registered claim is missing")
    require(UUID4.fullmatch(str(claims["jti"])) is not None, InvalidGrant, "jti is not a UUID v4")
    require(type(claims["iat"]) is int and type(claims["exp"]) is int, InvalidGrant, "iat or exp is no whole number")
    named, items = claims.keys() & {"caller", "service"}, claims.get("items")
    wanted = "the grant's claims are iss, aud, iat, exp, jti, items, and caller or service"
    require(claims.keys() - named == {*REGISTERED, "items"} and len(named) <= 1, InvalidRequest, wanted)
    is_text = all(isinstance(claims[name], str) and claims[name] for name in named)
    require(is_text, InvalidRequest, "the grant's caller or service must be a string")
    is_list = isinstance(items, list) and 1 <= len(items) <= MOST_ITEMS
    require(is_list, InvalidRequest, f"the grant's items must be a list of 1 to {MOST_ITEMS}")
