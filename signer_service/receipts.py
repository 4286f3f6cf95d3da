"""Publication receipts: the owner said, with their own token, that others may read this object.

A receipt is an HMAC under a key that only the signer has, over its terms and the object's name. Whoever steals
metadata's records can show receipts, and cannot make one.
"""

import hmac
import json
import re
from base64 import urlsafe_b64encode
from typing import NamedTuple

from . import jws
from .errors import CredentialsUnavailable, NotPublished
from .object_keys import ObjectKey
from .schemas import KID, RECEIPT
from .watched import WatchedFile


class Terms(NamedTuple):
    """What a receipt grants: to whom, since when and until when (seconds since the epoch; `until` 0 for no end)."""

    visibility: str
    issued_at: int
    until: int


def parse_keys(text: bytes) -> dict[str, bytes]:
    """The receipt keys by kid, the one that issues first. Raises ValueError unless it is one or two of 32 bytes."""
    keys = {entry["kid"]: jws.decode(entry["secret"].rstrip("=")) for entry in json.loads(text)["keys"]}
    if len(keys) not in (1, 2) or not all(re.fullmatch(KID, kid) and len(keys[kid]) >= 32 for kid in keys):
        raise ValueError("one or two keys of 32 bytes, each with a kid of letters, digits, - and _")
    return keys


class Receipts:
    """Issues receipts under the first key, and checks them under any that is still active."""

    def __init__(self, keys: WatchedFile[dict[str, bytes]]) -> None:
        self._keys = keys

    def issuing_key(self) -> tuple[str, bytes]:
        """The key that issues, with its kid. Raises CredentialsUnavailable without one."""
        for kid, secret in (self._keys.read() or {}).items():
            return kid, secret
        raise CredentialsUnavailable("the receipt key is not there")

    def terms(self, shown: str, object_key: ObjectKey) -> Terms:
        """The terms of a receipt for this object. Raises NotPublished where it is not one of ours, or another's."""
        shape = RECEIPT.fullmatch(shown)
        secret = (self._keys.read() or {}).get(shape[1]) if shape else None
        if shape is None or secret is None:
            raise NotPublished("the receipt was not accepted")
        terms = Terms(shape[2], int(shape[3]), int(shape[4]))
        if not hmac.compare_digest(receipt(shape[1], secret, terms, object_key), shown):
            raise NotPublished("the receipt was not accepted")
        return terms


def receipt(kid: str, secret: bytes, terms: Terms, object_key: ObjectKey) -> str:
    """A receipt for one object, in all its sizes: grant-v1.md, "Answer"."""
    named = (object_key.owner, object_key.category, object_key.id, object_key.ext)
    signed = "\n".join(["countersign-receipt-v1", kid, *map(str, terms), *named])
    mac = urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
    return ".".join(["v1", kid, *map(str, terms), mac])
