"""The caller's own token, checked here again, whatever metadata says of it: the second proof.

A person's token comes from the one configured issuer (OpenID Connect; Amazon Cognito: "Verifying a JSON Web
Token"; RFC 9068 for other issuers). An internal service's token is signed by the key registered for it.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from . import jws
from .errors import CallerKeysUnavailable, InvalidCallerToken
from .object_keys import SERVICE_NAME
from .watched import WatchedFile

CLOCK_SKEW: Final = 5  # seconds that nbf and a service token's iat may be ahead
LONGEST_SUB: Final = 256  # characters
SERVICE_AUDIENCE: Final = "countersign-metadata"
SERVICE_TOKEN_LIFE: Final = 60  # seconds
TOKENS_REMEMBERED: Final = 1_024
SCOPES: Final = frozenset({"media:read", "media:write", "media:moderate", "hooks"})

# Headers that let a token say where its own key comes from (RFC 8725 §3.10), or that we would have to understand.
_REFUSED_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})
_PLAIN_SUB = re.compile(r"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}", re.ASCII)
_SERVICE_NAME = re.compile(SERVICE_NAME, re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is: `owner` is the form that object keys have; `scopes` are a service's, empty for a person."""

    name: str
    owner: str
    is_service: bool = False
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Service:
    """An internal service as this signer has it registered."""

    key: jws.VerificationKey
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Whose tokens count: the issuer, and the clients (Cognito) or audiences and access claim (others)."""

    issuer: str
    client_ids: frozenset[str]
    audiences: frozenset[str]
    access_claim: tuple[str, str] | None


class _Believed(NamedTuple):
    """A token whose signature held: under which key, of what type, and its claims."""

    key: jws.VerificationKey
    typ: str
    claims: dict[str, Any]


def owner_of(sub: str) -> str:
    """A person's owner form: `sub` itself where it is plain, else `h-` and 40 hex digits of its SHA-256."""
    if _PLAIN_SUB.fullmatch(sub):
        return sub
    return "h-" + hashlib.sha256(sub.encode("utf-8")).hexdigest()[:40]


def parse_jwks(text: bytes) -> dict[str, jws.VerificationKey]:
    """The issuer's keys by kid; keys of kinds that we do not take are left out (RFC 7517 §5). Raises ValueError."""
    keys = {}
    for jwk in json.loads(text)["keys"]:
        if isinstance(jwk.get("kid"), str) and jwk.get("use", "sig") == "sig" and jwk.get("kty") != "oct":
            try:
                keys[jwk["kid"]] = jws.key_of(jwk)
            except ValueError:
                continue
    if not keys:
        raise ValueError("no usable key")
    return keys


def parse_services(text: bytes) -> dict[str, Service]:
    """services.toml: a table a service, `public_key` (base64url of an Ed25519 key) and `scopes`. Raises ValueError."""
    services = {}
    for name, entry in tomllib.loads(text.decode("utf-8")).items():
        scopes = frozenset(entry["scopes"])
        if not _SERVICE_NAME.fullmatch(name) or not scopes <= SCOPES:
            raise ValueError(f"{name[:40]}: a name of a-z, 0-9 and -, and known scopes")
        key = jws.key_of({"kty": "OKP", "crv": "Ed25519", "x": entry["public_key"]})
        services[name] = Service(key, scopes)
    return services


class Callers:
    """Verifies callers' tokens, and remembers the last thousand so that a page of requests costs one check."""

    def __init__(
        self,
        rules: TokenRules,
        keys: WatchedFile[dict[str, jws.VerificationKey]],
        services: WatchedFile[dict[str, Service]],
    ) -> None:
        self.keys = keys
        self._rules = rules
        self._services = services
        self._remembered: OrderedDict[bytes, _Believed] = OrderedDict()

    def person(self, token: str, now: float) -> Caller:
        """The person whose access token this is. Raises InvalidCallerToken, or CallerKeysUnavailable."""
        keys = self.keys.read()
        if keys is None:
            raise CallerKeysUnavailable("the issuer's keys are not there yet")
        believed = self._believed(token, keys)
        _check_times(believed.claims, now)
        _check_use(believed, self._rules)
        sub = believed.claims.get("sub")
        if not isinstance(sub, str) or not 0 < len(sub) <= LONGEST_SUB:
            raise InvalidCallerToken("sub")
        return Caller(sub, owner_of(sub))

    def service(self, token: str, now: float) -> Caller:
        """The internal service whose token this is, by our own list of services. Raises InvalidCallerToken."""
        services = self._services.read() or {}
        try:
            split = jws.split(token)
            claims = jws.claims(split)
        except jws.Malformed as fault:
            raise InvalidCallerToken(str(fault)) from fault
        issuer = claims.get("iss")
        service = services.get(issuer) if isinstance(issuer, str) else None
        if service is None or not isinstance(issuer, str):
            raise InvalidCallerToken("not a registered service")
        _check_header(split.header)
        if not jws.is_signed_by(split, service.key):
            raise InvalidCallerToken("signature")
        _check_service_claims(claims, now)
        return Caller(issuer, "s-" + issuer, True, service.scopes & frozenset(str(claims.get("scope")).split()))

    def _believed(self, token: str, keys: dict[str, jws.VerificationKey]) -> _Believed:
        """The claims, once the signature holds. What is remembered still answers to the key set in force."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        remembered = self._remembered.get(digest)
        if remembered is not None and any(remembered.key is key for key in keys.values()):
            return remembered
        believed = self._remembered[digest] = _verified(token, keys)
        while len(self._remembered) > TOKENS_REMEMBERED:
            self._remembered.popitem(last=False)
        return believed


def _verified(token: str, keys: dict[str, jws.VerificationKey]) -> _Believed:
    try:
        split = jws.split(token)
        _check_header(split.header)
        kid = split.header.get("kid")
        key = keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidCallerToken("unknown kid")
        if not jws.is_signed_by(split, key):
            raise InvalidCallerToken("signature")
        return _Believed(key, str(split.header.get("typ")).lower(), jws.claims(split))
    except jws.Malformed as fault:
        raise InvalidCallerToken(str(fault)) from fault


def _check_header(header: dict[str, Any]) -> None:
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise InvalidCallerToken("a header that names a key, or that must be understood")


def _check_times(claims: dict[str, Any], now: float) -> None:
    expires_at, not_before = claims.get("exp"), claims.get("nbf", 0)
    if type(expires_at) is not int or expires_at <= now:
        raise InvalidCallerToken("exp")
    if type(not_before) is not int or not_before > now + CLOCK_SKEW:
        raise InvalidCallerToken("nbf")


def _check_use(believed: _Believed, rules: TokenRules) -> None:
    claims = believed.claims
    if claims.get("iss") != rules.issuer:
        raise InvalidCallerToken("iss")
    if "token_use" in claims:
        client_id = claims.get("client_id")
        if claims["token_use"] != "access" or not isinstance(client_id, str) or client_id not in rules.client_ids:
            raise InvalidCallerToken("token_use or client_id")
        return
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in rules.audiences for one in audiences):
        raise InvalidCallerToken("aud")
    if believed.typ in ("at+jwt", "application/at+jwt"):  # RFC 9068 §2.1
        return
    if rules.access_claim is None or claims.get(rules.access_claim[0]) != rules.access_claim[1]:
        raise InvalidCallerToken("not an access token")


def _check_service_claims(claims: dict[str, Any], now: float) -> None:
    issued_at = claims.get("iat")
    _check_times(claims, now)
    if claims.get("aud") != SERVICE_AUDIENCE or claims.get("sub") != claims["iss"]:
        raise InvalidCallerToken("aud or sub")
    if type(issued_at) is not int or issued_at > now + CLOCK_SKEW:
        raise InvalidCallerToken("iat")
    if claims["exp"] - issued_at > SERVICE_TOKEN_LIFE:
        raise InvalidCallerToken("longer than a minute")
