"""The caller's own token, checked here again, whatever metadata says of it: the second proof.

A person's token comes from the one configured issuer (Amazon Cognito: "Verifying JSON web tokens"; RFC 9068 for
others). An internal service's token is signed by the key that this signer has registered for it.
"""

import hashlib
import json
import tomllib
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, NamedTuple

from jwt import PyJWK

from . import jws
from .config import Config
from .errors import CallerKeysUnavailable, InvalidCallerToken, InvalidJson
from .object_keys import PLAIN_OWNER, SERVICE_NAME
from .watched import WatchedFile

CLOCK_SKEW: Final = 5  # seconds that nbf, and a service token's iat, may be ahead
SERVICE_TOKEN_LIFE: Final = 60  # seconds
SCOPES: Final = {"media:read", "media:write", "media:moderate", "hooks"}
# Headers by which a token says where its own key comes from, or what must be understood (RFC 8725 §3.10).
REFUSED_HEADERS: Final = {"jku", "jwk", "x5u", "x5c", "crit", "b64"}

# The last thousand tokens and their signatures' verdicts, each for one key object: a new key set knows none of them.
_split = lru_cache(1_024)(jws.Jws)
_is_signed_by = lru_cache(1_024)(jws.Jws.is_signed_by)


class Caller(NamedTuple):
    """Whose token it is: `owner` is the form that object keys have; `scopes` are a service's, None for a person."""

    name: str
    owner: str
    scopes: frozenset[str] | None = None


class Service(NamedTuple):
    """An internal service as this signer has it registered."""

    key: PyJWK
    scopes: frozenset[str]


def owner_of(sub: str) -> str:
    """A person's owner form: `sub` itself where it is plain, else `h-` and 40 hex digits of its SHA-256."""
    return sub if PLAIN_OWNER.fullmatch(sub) else "h-" + hashlib.sha256(sub.encode()).hexdigest()[:40]


def parse_jwks(text: bytes) -> dict[str, PyJWK]:
    """The issuer's keys by kid; keys of kinds that we do not take are left out (RFC 7517 §5). Raises ValueError."""
    keys = {}
    for jwk in json.loads(text)["keys"]:
        with suppress(ValueError, KeyError):
            keys[jwk["kid"]] = jws.key_of(jwk)
    if not keys:
        raise ValueError("no usable key")
    return keys


def parse_services(text: bytes) -> dict[str, Service]:
    """services.toml: a table a service, `public_key` (base64url of an Ed25519 key) and `scopes`. Raises ValueError."""
    services = {}
    for name, entry in tomllib.loads(text.decode()).items():
        if not SERVICE_NAME.fullmatch(name) or not set(entry["scopes"]) <= SCOPES:
            raise ValueError("a name of a-z, 0-9 and -, and known scopes")
        key = jws.key_of({"kty": "OKP", "crv": "Ed25519", "x": entry["public_key"]})
        services[name] = Service(key, frozenset(entry["scopes"]))
    return services


class Callers:
    """Verifies callers' tokens. Raises InvalidCallerToken; the answer never says which check failed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.keys = WatchedFile(config.token_keys_file, parse_jwks)
        self._services = WatchedFile(config.services_file, parse_services)

    def person(self, text: str, now: float) -> Caller:
        """The person whose access token this is. Raises CallerKeysUnavailable, too."""
        keys = self.keys.read()
        if keys is None:
            raise CallerKeysUnavailable("the issuer's keys are not there yet")
        token = _token(text)
        claims = _believed(token, keys.get(str(token.header.get("kid"))), now)
        sub = claims.get("sub")
        if claims.get("iss") != self._config.token_issuer or not self._is_access(token):
            raise InvalidCallerToken("not an access token of our issuer for a client of ours")
        if not isinstance(sub, str) or not 0 < len(sub) <= 256:
            raise InvalidCallerToken("sub")
        return Caller(sub, owner_of(sub))

    def _is_access(self, token: jws.Jws) -> bool:
        claims, config = token.claims, self._config
        if "token_use" in claims:  # Cognito's way
            return claims["token_use"] == "access" and str(claims.get("client_id")) in config.token_client_ids
        audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
        if not any(isinstance(audience, str) and audience in config.token_audiences for audience in audiences):
            return False
        claim, _, value = config.token_access_claim.partition("=")
        is_typed = str(token.header.get("typ")).lower() in ("at+jwt", "application/at+jwt")  # RFC 9068 §2.1
        return is_typed or bool(claim and claims.get(claim) == value)

    def service(self, name: str, text: str, now: float) -> Caller:
        """The internal service of this name, with the scopes that both its token and our list give it."""
        service = (self._services.read() or {}).get(name)
        if service is None:
            raise InvalidCallerToken("not a service that is registered here")
        claims = _believed(_token(text), service.key, now)
        issued_at = claims.get("iat")
        if (claims.get("iss"), claims.get("sub"), claims.get("aud")) != (name, name, "countersign-metadata"):
            raise InvalidCallerToken("iss, sub or aud")
        if type(issued_at) is not int or not claims["exp"] - SERVICE_TOKEN_LIFE <= issued_at <= now + CLOCK_SKEW:
            raise InvalidCallerToken("iat, or longer than a minute")
        return Caller(name, "s-" + name, service.scopes & set(str(claims.get("scope")).split()))


def _token(text: str) -> jws.Jws:
    try:
        token = _split(text)
        _ = token.claims  # decoded here, so that no other place need expect it to be malformed
        return token
    except (jws.Malformed, InvalidJson) as fault:
        raise InvalidCallerToken(str(fault)) from fault


def _believed(token: jws.Jws, key: PyJWK | None, now: float) -> dict[str, Any]:
    """The claims, where the signature holds under this key, now."""
    if key is None or not REFUSED_HEADERS.isdisjoint(token.header) or not _is_signed_by(token, key):
        raise InvalidCallerToken("unknown key, a header that names one, or the signature")
    ends, begins = token.claims.get("exp"), token.claims.get("nbf", 0)
    if type(ends) is not int or type(begins) is not int or not begins - CLOCK_SKEW <= now < ends:
        raise InvalidCallerToken("exp or nbf")
    return token.claims
