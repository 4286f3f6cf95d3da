"""Compact JWS, taken apart strictly (RFC 7515 §7.1): for grants and for callers' tokens alike.

Each part has one spelling only. Python's base64 and PyJWT both take padding and stray bits, and then two texts are
one token.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple

from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from . import strict_json
from .errors import Refusal


class Jws(NamedTuple):
    """A token's parts, decoded but not yet believed."""

    header: dict[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes


class VerificationKey(NamedTuple):
    """A public key and the one algorithm it is used with, so that no token chooses (RFC 8725 §3.1)."""

    algorithm: str
    verifier: Any
    key: Any


class Malformed(ValueError):
    """Not a compact JWS in its one spelling."""


def split(compact: str) -> Jws:
    """Take a compact JWS apart. Raises `Malformed`."""
    try:
        header, payload, signature = compact.encode("ascii").split(b".")
        decoded = strict_json.decode(_decode(header))
    except (ValueError, Refusal) as fault:
        raise Malformed("not a compact JWS") from fault
    if not isinstance(decoded, dict):
        raise Malformed("the header is not an object")
    return Jws(decoded, _decode(payload), header + b"." + payload, _decode(signature))


def claims(token: Jws) -> dict[str, Any]:
    """The payload as an object, decoded strictly. Raises `Malformed`."""
    try:
        decoded = strict_json.decode(token.payload)
    except Refusal as fault:
        raise Malformed("the payload is not the JSON that we take") from fault
    if not isinstance(decoded, dict):
        raise Malformed("the payload is not an object")
    return decoded


def is_signed_by(token: Jws, key: VerificationKey) -> bool:
    """Whether the header names the key's own algorithm, and the signature is the key's."""
    if token.header.get("alg") != key.algorithm:
        return False
    return bool(key.verifier.verify(token.signed, key.key, token.signature))


def key_of(jwk: dict[str, Any]) -> VerificationKey:
    """A public JWK as the key of one algorithm: RS256, ES256 or EdDSA. Raises ValueError on any other kind."""
    if "d" in jwk or "k" in jwk:
        raise ValueError("a private or symmetric key where a public one belongs")
    kind = (jwk.get("kty"), jwk.get("crv"))
    try:
        if kind == ("OKP", "Ed25519"):
            return VerificationKey("EdDSA", OKPAlgorithm(), OKPAlgorithm.from_jwk(jwk))
        if kind == ("EC", "P-256"):
            return VerificationKey("ES256", ECAlgorithm(ECAlgorithm.SHA256), ECAlgorithm.from_jwk(jwk))
        if kind == ("RSA", None) and jwk.get("alg", "RS256") == "RS256":
            return VerificationKey("RS256", RSAAlgorithm(RSAAlgorithm.SHA256), RSAAlgorithm.from_jwk(jwk))
    except InvalidKeyError as fault:
        raise ValueError("not a usable public key") from fault
    raise ValueError(f"a key of kind {kind} is not one we take")


def _decode(part: bytes) -> bytes:
    try:
        decoded = base64.b64decode(part + b"=" * (-len(part) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Malformed("not base64url") from fault
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part:
        raise Malformed("not the one spelling of its base64url")
    return decoded
