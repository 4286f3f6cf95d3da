"""Publication receipts: the owner said, with their own token, that others may read this object.

A receipt is an HMAC under a key that only the signer has, over its terms and the object's name. Whoever steals
metadata's records can show receipts, and cannot make one.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from .errors import CredentialsUnavailable, NotPublished
from .object_keys import ObjectKey
from .watched import WatchedFile

MOST_KEYS: Final = 2
_SHAPE = re.compile(
    r"v1\.(?P<kid>[A-Za-z0-9_-]{1,32})\.(?P<visibility>public|signed_in|link)"
    r"\.(?P<issued>0|[1-9][0-9]{0,12})\.(?P<until>0|[1-9][0-9]{0,12})\.(?P<mac>[A-Za-z0-9_-]{43})",
    re.ASCII,
)
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a receipt grants: to whom, since when and until when (seconds since the epoch; `until` 0 for no end)."""

    visibility: str
    issued_at: int
    until: int


def parse_keys(text: bytes) -> dict[str, bytes]:
    """The receipt keys by kid, the one that issues first. Raises ValueError unless it is one or two of 32 bytes."""
    keys = {}
    for entry in json.loads(text)["keys"]:
        secret = b64decode(entry["secret"] + "=" * (-len(entry["secret"]) % 4), b"-_", validate=True)
        if not _KID.fullmatch(entry["kid"]) or len(secret) < 32:
            raise ValueError("a kid of letters, digits, - and _, and 32 bytes")
        keys[entry["kid"]] = secret
    if not 1 <= len(keys) <= MOST_KEYS:
        raise ValueError("one or two keys")
    return keys


class Receipts:
    """Issues receipts under the first key, and checks them under any that is still active."""

    def __init__(self, keys: WatchedFile[dict[str, bytes]]) -> None:
        self.keys = keys

    def issue(self, object_key: ObjectKey, terms: Terms) -> str:
        """A receipt for one object, in all its sizes. Raises CredentialsUnavailable without a key."""
        keys = self.keys.read()
        if not keys:
            raise CredentialsUnavailable("the receipt key is not there")
        kid = next(iter(keys))
        mac = urlsafe_b64encode(_mac(keys[kid], kid, terms, object_key)).rstrip(b"=").decode()
        return f"v1.{kid}.{terms.visibility}.{terms.issued_at}.{terms.until}.{mac}"

    def terms(self, receipt: str, object_key: ObjectKey) -> Terms:
        """The terms of a receipt for this object. Raises NotPublished where it is not one of ours, or another's."""
        shape = _SHAPE.fullmatch(receipt)
        secret = (self.keys.read() or {}).get(shape["kid"]) if shape else None
        if shape is None or secret is None:
            raise NotPublished("the receipt was not accepted", reason="shape or kid of the receipt")
        terms = Terms(shape["visibility"], int(shape["issued"]), int(shape["until"]))
        mac = urlsafe_b64encode(_mac(secret, shape["kid"], terms, object_key)).rstrip(b"=").decode()
        if not hmac.compare_digest(mac, shape["mac"]):
            raise NotPublished("the receipt was not accepted", reason="the receipt's HMAC")
        return terms


def _mac(secret: bytes, kid: str, terms: Terms, object_key: ObjectKey) -> bytes:
    named = (object_key.owner, object_key.category, object_key.id, object_key.ext)
    lines = ("countersign-receipt-v1", kid, terms.visibility, str(terms.issued_at), str(terms.until), *named)
    return hmac.digest(secret, "\n".join(lines).encode(), "sha256")
