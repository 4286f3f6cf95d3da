"""Cursors: where a list goes on, as text that only we can make and only its owner can use."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from .errors import ValidationFailed

_POSITION: Final = 8
_MAC: Final = 16
# 24 octets: 32 characters, none of them padding or partly unused, so that each cursor has one spelling.
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{32}")


class Cursors:
    """Makes and reads the cursors of one list, by a secret that all workers have."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def at(self, owner: str, position: int) -> str:
        """The cursor of this owner's list at a position, 0 to 2**64 - 1."""
        octets = position.to_bytes(_POSITION)
        return urlsafe_b64encode(octets + self._mac(owner, octets)).decode("ascii")

    def read(self, owner: str, text: str) -> int:
        """The position. Raises ValidationFailed of `cursor`, also where it is a cursor of somebody else's."""
        if _FORM.fullmatch(text):
            octets = urlsafe_b64decode(text)
            position, mac = octets[:_POSITION], octets[_POSITION:]
            if hmac.compare_digest(mac, self._mac(owner, position)):
                return int.from_bytes(position)
        raise ValidationFailed({"cursor": ["must be the next_cursor of an earlier answer to you; begin without one"]})

    def _mac(self, owner: str, position: bytes) -> bytes:
        # The position's length is fixed, so no two pairs are the same octets.
        return hmac.digest(self._secret, position + owner.encode(), hashlib.sha256)[:_MAC]
