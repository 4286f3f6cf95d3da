"""AWS Signature Version 4 for S3, by query and by form: text in, text out.

It knows neither Flask nor grants, and asks no clock: the moment of a signature is an argument.
Sources: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" and "Browser-Based Uploads
Using POST (AWS Signature Version 4)" in the Amazon S3 API Reference.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket is addressed: the origin and Host that are signed, and what stands before a key in the path."""

    name: str
    region: str
    origin: str
    host: str
    prefix: str

    @classmethod
    def at(cls, name: str, region: str, endpoint: str | None) -> Bucket:
        """The bucket below `endpoint` by path; without one, virtual-hosted at AWS's regional endpoint."""
        if endpoint:
            return cls(name, region, endpoint, endpoint.split("://", 1)[1], f"/{name}/")
        host = f"{name}.s3.{region}.amazonaws.com"
        return cls(name, region, "https://" + host, host, "/")


@dataclass(frozen=True, slots=True)
class Identity:
    """An IAM identity's access key; of a role session also its token and its end (seconds since the epoch)."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    """All of a signature that is the same within one second."""

    at: int
    timestamp: str
    scope: str
    signing_key: bytes
    query_start: str
    to_sign_start: str


class Presigner:
    """Signs for one identity and one bucket.

    What a second's signatures share is worked out once and published in a single assignment, so threads see
    either the old moment or the new one, never half of each.
    """

    def __init__(self, identity: Identity, bucket: Bucket) -> None:
        self._identity = identity
        self._bucket = bucket
        token = identity.session_token
        self._token = "" if token is None else "&X-Amz-Security-Token=" + encode(token)
        self._latest = self._moment(0)

    def url(
        self,
        method: str,
        object_key: str,
        *,
        at: int,
        expires: int,
        headers: Mapping[str, str] | None = None,
        query: str = "",
    ) -> str:
        """A presigned URL: one `method` on one `object_key`, from `at` (seconds since the epoch) for `expires` seconds.

        `object_key` is taken as it is: its grammar has no character that a path would escape. `headers` (lower-case
        names, trimmed values) all become SignedHeaders, beside host. `query` is what follows the `X-Amz-…`
        parameters: pairs joined by `&`, each name and value through `encode`, sorted by name, each after them in byte order.
        """
        moment = self._at(at)
        signed_names, lines = self._headers(headers)
        names_in_query = signed_names.replace(";", "%3B")
        parameters = (
            f"{moment.query_start}{expires}{self._token}&X-Amz-SignedHeaders={names_in_query}{query and '&' + query}"
        )
        path = self._bucket.prefix + object_key
        canonical = f"{method}\n{path}\n{parameters}\n{lines}\n\n{signed_names}\nUNSIGNED-PAYLOAD"
        to_sign = moment.to_sign_start + hashlib.sha256(canonical.encode()).hexdigest()
        signature = hmac.digest(moment.signing_key, to_sign.encode(), "sha256").hex()
        return f"{self._bucket.origin}{path}?{parameters}&X-Amz-Signature={signature}"

    def _headers(self, headers: Mapping[str, str] | None) -> tuple[str, str]:
        if not headers:
            return "host", "host:" + self._bucket.host
        named = {"host": self._bucket.host, **headers}
        names = sorted(named)
        return ";".join(names), "\n".join([f"{name}:{named[name]}" for name in names])

    def form(
        self,
        object_key: str,
        *,
        at: int,
        expires_at: int,
        length_range: tuple[int, int],
        content_type: str | None = None,
    ) -> tuple[str, dict[str, str]]:
        """A form's address and fields, which S3 takes until `expires_at`, for bytes within `length_range`, inclusive.

        Every condition is exact: `eq` on each field, and the length's range.
        """
        moment = self._at(at)
        fields = {"key": object_key}
        if content_type is not None:
            fields["Content-Type"] = content_type
        fields["success_action_status"] = "201"
        fields["x-amz-algorithm"] = ALGORITHM
        fields["x-amz-credential"] = f"{self._identity.access_key_id}/{moment.scope}"
        fields["x-amz-date"] = moment.timestamp
        if self._identity.session_token is not None:
            fields["x-amz-security-token"] = self._identity.session_token
        policy = _policy(self._bucket.name, fields, length_range, expires_at)
        fields["policy"] = policy.decode()
        fields["x-amz-signature"] = hmac.digest(moment.signing_key, policy, "sha256").hex()
        return self._bucket.origin + self._bucket.prefix, fields

    def _at(self, at: int) -> _Moment:
        latest = self._latest
        if latest.at != at:
            latest = self._latest = self._moment(at, latest)
        return latest

    def _moment(self, at: int, before: _Moment | None = None) -> _Moment:
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        day = timestamp[:8]
        scope = f"{day}/{self._bucket.region}/s3/aws4_request"
        credential = encode(f"{self._identity.access_key_id}/{scope}")
        is_same_day = before is not None and before.scope == scope
        return _Moment(
            at=at,
            timestamp=timestamp,
            scope=scope,
            signing_key=before.signing_key if before and is_same_day else self._signing_key(day),
            query_start=f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={timestamp}&X-Amz-Expires=",
            to_sign_start=f"{ALGORITHM}\n{timestamp}\n{scope}\n",
        )

    def _signing_key(self, day: str) -> bytes:
        derived = b"AWS4" + self._identity.secret_access_key.encode()
        for part in (day, self._bucket.region, "s3", "aws4_request"):
            derived = hmac.digest(derived, part.encode(), "sha256")
        return derived


def _policy(bucket: str, fields: Mapping[str, str], length_range: tuple[int, int], expires_at: int) -> bytes:
    conditions: list[Any] = [{"bucket": bucket}]
    conditions += [{name: value} for name, value in fields.items()]
    after_the_type = 3 if "Content-Type" in fields else 2
    conditions.insert(after_the_type, ["content-length-range", *length_range])
    expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at))
    policy = {"expiration": expiration, "conditions": conditions}
    return b64encode(json.dumps(policy, separators=(",", ":")).encode())


def encode(text: str) -> str:
    """Percent-encode as SigV4 does: all but letters, digits and `-._~`, in UTF-8 (RFC 3986 §2.3)."""
    return quote(text, safe="~")
