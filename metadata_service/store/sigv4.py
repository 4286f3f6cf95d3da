"""AWS Signature Version 4 for the headers of a JSON request. Text in, headers out; it knows no table.

The source is Amazon's "Create a signed AWS API request"; the tests hold it to botocore, byte for byte.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

from .credentials import Credentials


class HeaderSigner:
    """Signs requests to one service in one region, and keeps the day's key."""

    def __init__(self, service: str, region: str) -> None:
        self._service, self._region = service, region
        # One tuple, replaced as a whole: a thread never sees the key of one day under the name of another.
        self._day: tuple[str, str, bytes] = ("", "", b"")

    def headers(
        self, credentials: Credentials, host: str, headers: Mapping[str, str], body: bytes, now: float
    ) -> dict[str, str]:
        """`headers` (names in lower case) and what the signature adds, for a POST to `/` at `now`, epoch seconds."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        to_send = {**headers, "x-amz-date": stamp}
        if credentials.token:
            to_send["x-amz-security-token"] = credentials.token
        signed = {"host": host, **to_send}
        names = sorted(signed)
        listed = ";".join(names)
        canonical = "\n".join(
            ("POST", "/", "", *(f"{name}:{signed[name]}" for name in names), "", listed, _sha256(body))
        )
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
        signature = hmac.digest(self._key(credentials.secret, stamp[:8]), to_sign.encode(), "sha256").hex()
        to_send["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
            f"SignedHeaders={listed}, Signature={signature}"
        )
        return to_send

    def _key(self, secret: str, day: str) -> bytes:
        known_secret, known_day, signing_key = self._day
        if (known_secret, known_day) == (secret, day):
            return signing_key
        signing_key = f"AWS4{secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            signing_key = hmac.digest(signing_key, part.encode(), "sha256")
        self._day = (secret, day, signing_key)
        return signing_key


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
