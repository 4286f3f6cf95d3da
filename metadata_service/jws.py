"""Compact JWS, taken apart strictly (RFC 7515 §7.1), and public keys that each stand for one algorithm.

Each part has one spelling only. Python's base64 and PyJWT both take padding and stray bits, and then two texts are
one token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from . import strict_json
from .errors import InvalidJson

# Headers by which a token names its own key, or asks to be understood (RFC 8725 §3.10; RFC 7515 §4.1.11).
_REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64"})


class Malformed(ValueError):
    """Not a compact JWS in its one spelling."""


class Jws(NamedTuple):
    """A token's parts, decoded and not yet believed."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, eq=False)
class PublicKey:
    """A public key and the one algorithm that it is used with, so that no token chooses (RFC 8725 §3.1)."""

    algorithm: str
    verifier: Any
    content: Any

    def signed(self, token: Jws) -> bool:
        """Whether the token names this algorithm, and its signature is this key's."""
        if token.header.get("alg") != self.algorithm:
            return False
        return bool(self.verifier.verify(token.signed, self.content, token.signature))

    @classmethod
    def of(cls, jwk: Mapping[str, Any]) -> PublicKey:
        """RS256, ES256 or EdDSA by the key's own kind. Raises ValueError on any other."""
        if "d" in jwk or "k" in jwk:
            raise ValueError("a private or symmetric key where a public one belongs")
        kind = (jwk.get("kty"), jwk.get("crv"))
        try:
            if kind == ("OKP", "Ed25519"):
                return cls("EdDSA", OKPAlgorithm(), OKPAlgorithm.from_jwk(dict(jwk)))
            if kind == ("EC", "P-256"):
                return cls("ES256", ECAlgorithm(ECAlgorithm.SHA256), ECAlgorithm.from_jwk(dict(jwk)))
            if kind == ("RSA", None) and jwk.get("alg", "RS256") == "RS256":
                return cls("RS256", RSAAlgorithm(RSAAlgorithm.SHA256), RSAAlgorithm.from_jwk(dict(jwk)))
        except (InvalidKeyError, TypeError) as fault:
            raise ValueError("not a usable public key") from fault
        raise ValueError("a key of a kind that we do not take")


def split(compact: str) -> Jws:
    """Take a compact JWS apart. Raises Malformed."""
    try:
        header, claims, signature = compact.encode("ascii").split(b".")
        token = Jws(_object(header), _object(claims), header + b"." + claims, _octets(signature))
    except (ValueError, InvalidJson) as fault:
        raise Malformed("not a compact JWS") from fault
    if not _REFUSED_HEADERS.isdisjoint(token.header):
        raise Malformed("a header that names a key, or that must be understood")
    return token


def _object(part: bytes) -> dict[str, Any]:
    decoded = strict_json.decode(_octets(part))
    if not isinstance(decoded, dict):
        raise Malformed("not an object")
    return decoded


def _octets(part: bytes) -> bytes:
    try:
        decoded = base64.b64decode(part + b"=" * (-len(part) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Malformed("not base64url") from fault
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part:
        raise Malformed("not the one spelling of its base64url")
    return decoded
