"""Compact JWS, taken apart strictly (RFC 7515 §7.1): for grants and for callers' tokens alike.

Each part has one spelling only: Python's base64 and PyJWT both take padding and stray bits, and then two texts are
one token. The algorithm is the key's, so that no token chooses (RFC 8725 §3.1).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from typing import Any, Final

from jwt import PyJWK, PyJWKError

from . import strict_json

ALGORITHMS: Final = ("EdDSA", "ES256", "RS256")


class Malformed(ValueError):
    """Not a compact JWS in its one spelling."""


class Jws:
    """A token taken apart; nothing in it is believed before `is_signed_by` says so. Raises Malformed or InvalidJson."""

    def __init__(self, compact: str) -> None:
        self._signed, _, signature = compact.rpartition(".")
        header, _, self._payload = self._signed.partition(".")
        self._signature, self.header = decode(signature), _object(header)

    def is_signed_by(self, key: PyJWK) -> bool:
        """Whether the header names the key's own algorithm, and the signature is the key's."""
        is_its_algorithm = self.header.get("alg") == key.algorithm_name
        return is_its_algorithm and key.Algorithm.verify(self._signed.encode(), key.key, self._signature)

    @cached_property
    def claims(self) -> dict[str, Any]:
        """The payload as an object. Raises Malformed or InvalidJson."""
        return _object(self._payload)


def key_of(jwk: dict[str, Any]) -> PyJWK:
    """A public key, for the one algorithm that it is used with. Raises ValueError on a private one, or another kind."""
    try:
        key = PyJWK(jwk)
    except PyJWKError as fault:
        raise ValueError("not a usable key") from fault
    if key.algorithm_name not in ALGORITHMS or jwk.get("crv") == "Ed448" or "d" in jwk:
        raise ValueError("a private key, or one of a kind that we do not take")
    return key


def decode(part: str) -> bytes:
    """Unpadded base64url in its one spelling, as bytes. Raises Malformed."""
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as fault:
        raise Malformed("not base64url") from fault
    if urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise Malformed("not the one spelling of its base64url")
    return decoded


def _object(part: str) -> dict[str, Any]:
    decoded = strict_json.decode(decode(part))
    if not isinstance(decoded, dict):
        raise Malformed("not an object")
    return decoded
