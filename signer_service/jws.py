"""JSON and compact JWS, taken apart strictly (RFC 8259; RFC 7515 §7.1): for grants and for callers' tokens alike.

Each text has one reading, and each part one spelling only: Python's own parsers take names twice, padding and stray
bits, and then two texts are one token. The algorithm is the key's, so that no token chooses (RFC 8725 §3.1).
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, NoReturn

from jwt import PyJWK

from .errors import InvalidJson, InvalidRequest, require

DEEPEST: Final = 20  # levels
ALGORITHMS: Final = ("EdDSA", "ES256", "RS256")
# A string to its end, or to the text's end where it has none: linear, whatever the text (no backtracking).
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def decode_json(text: bytes) -> Any:
    """Decode one JSON text, at most 20 levels deep. Raises InvalidJson.

    Refuses what RFC 8259 leaves to the parser and attackers live on: duplicate names, NaN and Infinity, floats, byte
    order marks, encodings other than UTF-8, lone surrogates.
    """
    try:
        if text.count(b"[") + text.count(b"{") > DEEPEST:  # only then can it be too deep
            require(_depth(text) <= DEEPEST, ValueError, "too deep")
        decoded = json.loads(text.decode(), object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse)
        if rb"\u" in text:
            json.dumps(decoded, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
    except (ValueError, RecursionError) as fault:
        wanted = f"JSON in UTF-8, at most {DEEPEST} levels deep, numbers whole, no name twice in an object"
        raise InvalidJson(f"not the JSON that we take: {wanted}") from fault
    return decoded


def _depth(text: bytes) -> int:
    return max(accumulate((byte in b"[{") - (byte in b"]}") for byte in _STRING.sub(b"", text)))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    require(len(members) == len(pairs), ValueError, "an object names a member twice")
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError("not an integer")


class Jws:
    """A token taken apart; nothing in it is believed before `is_signed_by` says so.

    Raises InvalidRequest where it is not a compact JWS in its one spelling, InvalidJson where it is not strict JSON.
    """

    def __init__(self, compact: str) -> None:
        self._signed, _, signature = compact.rpartition(".")
        header, _, self._payload = self._signed.partition(".")
        self._signature, self.header = decode_base64url(signature), _members(header)

    def is_signed_by(self, public: PyJWK) -> bool:
        """Whether the header names the key's own algorithm, and the signature is the key's."""
        is_its_algorithm = self.header.get("alg") == public.algorithm_name
        return is_its_algorithm and public.Algorithm.verify(self._signed.encode(), public.key, self._signature)

    @cached_property
    def claims(self) -> dict[str, Any]:
        """The payload's members. Raises InvalidRequest or InvalidJson."""
        return _members(self._payload)


def _members(part: str) -> dict[str, Any]:
    decoded = decode_json(decode_base64url(part))
    require(isinstance(decoded, dict), InvalidRequest, "the header and the claims must be objects")
    return dict(decoded)


def decode_base64url(part: str) -> bytes:
    """Unpadded base64url in its one spelling, as bytes. Raises InvalidRequest."""
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        decoded = b""
    is_the_spelling = urlsafe_b64encode(decoded).rstrip(b"=").decode() == part
    require(is_the_spelling, InvalidRequest, "not base64url without padding, in its one spelling")
    return decoded


def key_of(jwk: dict[str, Any]) -> PyJWK:
    """A public key, for the one algorithm that it is used with. Raises PyJWTError, or ValueError on other kinds."""
    public = PyJWK(jwk)
    is_taken = public.algorithm_name in ALGORITHMS and jwk.get("crv") != "Ed448" and "d" not in jwk
    require(is_taken, ValueError, "a private key, or one of a kind that we do not take")
    return public
