"""The second proof, whatever metadata says: the caller's own token, checked here again, or a publication receipt.

A person's token comes from the one configured issuer (Amazon Cognito: "Verifying JSON web tokens"; RFC 9068 for
others), an internal service's is signed by the key that this signer has registered for it. The answer never says
which check failed. By a receipt the owner said, with their own token, that others may read this object: an HMAC under
a key that only the signer has, over its terms and the object's name, so that whoever steals metadata's records can
show receipts, and cannot make one.
"""

import hashlib
import hmac
import json
import tomllib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from jwt import PyJWK, PyJWTError

from . import errors, jws, schemas
from .config import Config
from .errors import InvalidCallerToken, require
from .policy import Proof

CLOCK_SKEW: Final = 5  # seconds that nbf, and a service token's iat, may be ahead
SERVICE_TOKEN_LIFE: Final = 60  # seconds
# Headers by which a token says where its own key comes from, or what must be understood (RFC 8725 §3.10).
REFUSED_HEADERS: Final = {"jku", "jwk", "x5u", "x5c", "crit", "b64"}
Members = dict[str, Any]
ReceiptKeys = dict[str, bytes]  # by kid
Services = dict[str, tuple[PyJWK, frozenset[str]]]  # by name, each with its key and its scopes, as registered here
# The last tokens whose signatures held, by their SHA-256, each with the key object that it held under. Never the
# tokens themselves: whoever reads this memory finds none that is not in flight.
_remembered: Final[dict[bytes, tuple[PyJWK, Members, Members]]] = {}
MOST_REMEMBERED: Final = 1_024


class Caller(NamedTuple):
    """Whose token it is: `owner` is the form that object keys have; `scopes` are a service's, None for a person."""

    name: str
    owner: str
    scopes: frozenset[str] | None = None


class Terms(NamedTuple):
    """What a receipt grants: to whom, since when and until when (seconds since the epoch; `until` 0 for no end)."""

    visibility: str
    issued_at: int
    until: int


def person(keys: dict[str, PyJWK] | None, config: Config, text: str, now: float) -> Caller:
    """The person whose access token this is. Raises InvalidCallerToken or CallerKeysUnavailable."""
    if keys is None:
        raise errors.CallerKeysUnavailable("the issuer's keys are not there yet")
    header, claims = _believed(text, lambda header: keys.get(str(header.get("kid"))), now)
    require(claims.get("iss") == config.token_issuer, InvalidCallerToken, "not of our issuer")
    require(_is_access(header, claims, config), InvalidCallerToken, "not an access token for a client of ours")
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= 256:
        raise InvalidCallerToken("sub")
    return Caller(sub, owner_of(sub))


def owner_of(sub: str) -> str:
    """A person's owner form: `sub` itself where it is plain, else `h-` and 40 hex digits of its SHA-256."""
    return sub if schemas.PLAIN_OWNER.fullmatch(sub) else "h-" + hashlib.sha256(sub.encode()).hexdigest()[:40]


def _is_access(header: Members, claims: Members, config: Config) -> bool:
    if "token_use" in claims:  # Cognito's way
        return claims["token_use"] == "access" and str(claims.get("client_id")) in config.token_client_ids
    audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    is_for_us = not config.token_audiences.isdisjoint(map(str, audiences))
    is_typed = str(header.get("typ")).lower() in ("at+jwt", "application/at+jwt")  # RFC 9068 §2.1
    claim, _, value = config.token_access_claim.partition("=")
    return is_for_us and (is_typed or bool(claim and claims.get(claim) == value))


def service(services: Services, name: str, text: str, now: float) -> Caller:
    """The service of this name, with the scopes that both its token and our list give. Raises InvalidCallerToken."""
    public, scopes = services.get(name, (None, frozenset()))
    _, claims = _believed(text, lambda _: public, now)
    named, issued_at = (claims.get("iss"), claims.get("sub"), claims.get("aud")), claims.get("iat")
    require(named == (name, name, "countersign-metadata"), InvalidCallerToken, "iss, sub or aud")
    is_brief = type(issued_at) is int and claims["exp"] - SERVICE_TOKEN_LIFE <= issued_at <= now + CLOCK_SKEW
    require(is_brief, InvalidCallerToken, "iat, or longer than a minute")
    return Caller(name, "s-" + name, scopes & set(str(claims.get("scope")).split()))


def _believed(text: str, key_for: Callable[[Members], PyJWK | None], now: float) -> tuple[Members, Members]:
    """The token's header and claims, where the signature holds under the key that is for it, now."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    key, header, claims = _remembered.get(digest, (None, {}, {}))
    if key is None or key is not key_for(header):
        key, header, claims = _verified(text, key_for)
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[digest] = key, header, claims
    ends, begins = claims.get("exp"), claims.get("nbf", 0)
    is_now = type(ends) is int and type(begins) is int and begins - CLOCK_SKEW <= now < ends
    require(is_now, InvalidCallerToken, "exp or nbf")
    return header, claims


def _verified(text: str, key_for: Callable[[Members], PyJWK | None]) -> tuple[PyJWK, Members, Members]:
    try:
        token = jws.Jws(text)
        claims = token.claims
    except errors.Refusal as fault:
        raise InvalidCallerToken(str(fault)) from fault
    require(REFUSED_HEADERS.isdisjoint(token.header), InvalidCallerToken, "a header that names a key")
    key = key_for(token.header)
    if key is None or not token.is_signed_by(key):
        raise InvalidCallerToken("an unknown key, or the signature")
    return key, token.header, claims


def check(keys: ReceiptKeys, item: schemas.Item, proof: Proof, caller: Caller | None, now: float) -> Terms | None:
    """Hold an item to the proof that it owes. Returns the receipt's terms, where that is what opens it."""
    if proof is Proof.RECEIPT:
        return _check_receipt(keys, item, caller, now)
    if proof is not Proof.NOBODY:
        _check_token(proof, item, caller)
    return None


def _check_token(proof: Proof, item: schemas.Item, caller: Caller | None) -> None:
    if caller is None:
        raise InvalidCallerToken(f"no token, where {proof.value} is needed")
    require(proof is Proof.SERVICE or caller.owner == item.owner, errors.CallerMismatch, "the token is not the owner's")
    wanted = {"media:read"} if proof is Proof.SERVICE else {"media:write", "media:read" if item.op == "get" else ""}
    is_in_scope = caller.scopes is None or not caller.scopes.isdisjoint(wanted)
    require(is_in_scope, errors.NotPermitted, "the service's token lacks the scope")


def _check_receipt(keys: ReceiptKeys, item: schemas.Item, caller: Caller | None, now: float) -> Terms:
    terms = _terms(keys, item)
    is_in_force = not terms.until or (now < terms.until and item.expires_at <= terms.until)
    require(is_in_force, errors.NotPublished, "the receipt ends before expires_at")
    if terms.visibility == "signed_in" and item.op == "get":
        is_person = caller is not None and caller.scopes is None
        require(is_person, InvalidCallerToken, "no person's token, where the receipt opens to those signed in")
    require(terms.visibility == "public" or not item.window, errors.InvalidItem, "window needs a public receipt")
    return terms


def _terms(keys: ReceiptKeys, item: schemas.Item) -> Terms:
    if shape := schemas.RECEIPT.fullmatch(item.receipt or ""):
        kid, terms = shape[1], Terms(shape[2], int(shape[3]), int(shape[4]))
        if kid in keys and hmac.compare_digest(receipt(kid, keys[kid], terms, item), shape[0]):
            return terms
    raise errors.NotPublished("the receipt was not accepted")


def receipt(kid: str, secret: bytes, terms: Terms, item: schemas.Item) -> str:
    """A receipt for an item's object, in all its sizes: grant-v1.md, "Answer"."""
    signed = ["countersign-receipt-v1", kid, *map(str, terms), item.owner, item.category, item.id, item.ext]
    mac = hmac.digest(secret, "\n".join(signed).encode(), "sha256")
    return ".".join(["v1", kid, *map(str, terms), urlsafe_b64encode(mac).rstrip(b"=").decode()])


def parse_jwks(text: bytes) -> dict[str, PyJWK]:
    """The issuer's keys by kid; keys of kinds that we do not take are left out (RFC 7517 §5). Raises ValueError."""
    keys = {}
    for jwk in json.loads(text)["keys"]:
        with suppress(PyJWTError, ValueError, KeyError):
            keys[jwk["kid"]] = jws.key_of(jwk)
    require(bool(keys), ValueError, "no usable key")
    return keys


def parse_services(text: bytes) -> Services:
    """services.toml: a table a service, `public_key` (base64url of an Ed25519 key) and `scopes`. Raises on others."""
    services = tomllib.loads(text.decode()).items()
    jwks = {name: {"kty": "OKP", "crv": "Ed25519", "x": entry["public_key"]} for name, entry in services}
    return {name: (jws.key_of(jwks[name]), frozenset(entry["scopes"])) for name, entry in services}


def parse_receipt_keys(text: bytes) -> ReceiptKeys:
    """The receipt keys by kid, the one that issues first. Raises ValueError unless it is one or two of 32 bytes."""
    entries = jws.decode_json(text)["keys"]
    keys = {entry["kid"]: jws.decode_base64url(entry["secret"].rstrip("=")) for entry in entries}
    is_in_form = len(keys) in (1, 2) and all(schemas.KID.fullmatch(kid) and len(keys[kid]) >= 32 for kid in keys)
    require(is_in_form, ValueError, "one or two keys of 32 bytes, each with a kid of letters, digits, - and _")
    return keys
