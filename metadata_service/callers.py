"""Who asks: the person whose access token a request carries, checked here whatever anyone before us checked.

Amazon Cognito: "Verifying a JSON Web Token"; for other issuers RFC 9068. An ID token is no access token.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from flask import current_app, g, request

from . import jws
from .errors import AccountErased, Unauthorized, Unavailable
from .grants import Asker
from .owners import owner_of
from .store import users
from .token_keys import TokenKeys

LONGEST_TOKEN: Final = 8_192
LONGEST_SUB: Final = 256
CLOCK_SKEW: Final = 5
"""Seconds that a token's beginning (`nbf`) may lie ahead of our clock."""
REMEMBERED: Final = 1_024
ACCESS: Final = "access"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as their token says: `sub`, its form in keys and tables (`owner`), and the token itself.

    An internal service is a caller like any other, its name for `sub`; `named_as`: the claim by which a grant says so.
    """

    sub: str
    owner: str
    token: str
    named_as: str = "caller"

    @property
    def is_person(self) -> bool:
        """Whether this is somebody who is signed in, rather than an internal service."""
        return self.named_as == "caller"

    @property
    def asker(self) -> Asker:
        """Whose request a grant is for."""
        return Asker(self.sub, self.token, self.named_as)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Whose tokens count: the issuer, and its clients (Cognito) or audiences and access claim (others)."""

    issuer: str
    client_ids: frozenset[str]
    audiences: frozenset[str]
    access_claim: tuple[str, str] | None


class _Believed(NamedTuple):
    sub: str
    owner: str
    kid: str
    public_key: jws.PublicKey
    not_before: int
    expires_at: int


class Callers:
    """Verifies access tokens, and remembers the last thousand: a page of requests costs one signature check.

    `clock`: seconds since the epoch.
    """

    def __init__(self, rules: TokenRules, keys: TokenKeys, clock: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self._rules, self._clock = rules, clock
        # By SHA-256, without the token: whoever reads this memory finds none that is not in flight.
        self._remembered: OrderedDict[bytes, _Believed] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """Whose token this is. Raises Unauthorized, or Unavailable while no keys are known."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        believed = self._remembered.get(digest)
        # What is remembered still answers to the clock, and to the keys in force.
        if believed is None or self.keys.find(believed.kid) is not believed.public_key:
            believed = self._remember(digest, self._believe(token))
        now = self._clock()
        if believed.expires_at <= now or believed.not_before > now + CLOCK_SKEW:
            raise _refused()
        return Caller(believed.sub, believed.owner, token)

    def _remember(self, digest: bytes, believed: _Believed) -> _Believed:
        self._remembered[digest] = believed
        while len(self._remembered) > REMEMBERED:
            try:
                self._remembered.popitem(last=False)
            except KeyError:  # another thread was there first
                break
        return believed

    def _believe(self, token: str) -> _Believed:
        if len(token) > LONGEST_TOKEN:
            raise _refused()
        try:
            split = jws.split(token)
        except jws.Malformed as fault:
            raise _refused() from fault
        kid = split.header.get("kid")
        public_key = self.keys.find(kid) if isinstance(kid, str) else None
        if not isinstance(kid, str) or public_key is None or not public_key.signed(split):
            raise _refused()
        sub, not_before, expires_at = _checked(split.claims, str(split.header.get("typ")), self._rules)
        return _Believed(sub, owner_of(sub), kid, public_key, not_before, expires_at)


def require() -> Caller:
    """The person who asks. Raises Unauthorized, AccountErased, or Unavailable."""
    caller = verified()
    if not g.get("is_alive", False):
        users.get(caller.owner)
        g.is_alive = True
    return caller


def verified() -> Caller:
    """The same by the token alone, for what meets the account's tombstone itself, without a request of its own.

    Raises Unauthorized, or Unavailable while no keys are known.
    """
    found = g.get("caller")
    if found is None:
        found = g.caller = _callers().verify(_presented())
    caller: Caller = found
    return caller


def optional() -> Caller | None:
    """The person who asks on a public route; a token that does not verify, or of an erased person, counts as none."""
    if "Authorization" not in request.headers:
        return None
    try:
        return require()
    except (Unauthorized, AccountErased, Unavailable):
        return None


def bearer() -> str | None:
    """The request's one Bearer token (RFC 6750 §2.1), or None."""
    presented = request.headers.getlist("Authorization")
    scheme, _, token = presented[0].partition(" ") if len(presented) == 1 else ("", "", "")
    return token.strip(" ") if scheme.lower() == "bearer" and token.strip(" ") else None


def _presented() -> str:
    token = bearer()
    if token is None:
        raise Unauthorized("an access token is needed: Authorization: Bearer …")
    return token


def _callers() -> Callers:
    found: Callers = current_app.extensions["callers"]
    return found


def _refused() -> Unauthorized:
    # One sentence for every reason: a token that fails teaches nothing about the next.
    return Unauthorized("the access token is not accepted")


def _checked(claims: dict[str, Any], typ: str, rules: TokenRules) -> tuple[str, int, int]:
    """The token's `sub`, beginning and end, if it is an access token of ours. Raises Unauthorized."""
    sub, expires_at, not_before = claims.get("sub"), claims.get("exp"), claims.get("nbf", 0)
    if claims.get("iss") != rules.issuer or not _is_access(claims, typ.lower(), rules):
        raise _refused()
    if not isinstance(sub, str) or not 0 < len(sub) <= LONGEST_SUB:
        raise _refused()
    # `type`, not isinstance: true is an int, and text may look like one.
    if type(expires_at) is not int or type(not_before) is not int:
        raise _refused()
    return sub, not_before, expires_at


def _is_access(claims: dict[str, Any], typ: str, rules: TokenRules) -> bool:
    if "token_use" in claims:
        client_id = claims.get("client_id")
        is_ours = isinstance(client_id, str) and client_id in rules.client_ids
        return is_ours and claims["token_use"] == ACCESS
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(one, str) and one in rules.audiences for one in audiences):
        return False
    if typ in ("at+jwt", "application/at+jwt"):
        return True
    return rules.access_claim is not None and claims.get(rules.access_claim[0]) == rules.access_claim[1]
