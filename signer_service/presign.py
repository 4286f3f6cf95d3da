"""AWS Signature Version 4 for S3, by query and by form: text in, text out.

It knows neither Flask nor grants, and asks no clock: the moment of a signature is an argument.
Sources: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" and "Browser-Based Uploads
Using POST (AWS Signature Version 4)" in the Amazon S3 API Reference.
"""

import hmac
import json
import time
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import quote

ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Bucket(NamedTuple):
    """Where a bucket is addressed: the origin and Host that are signed, and what stands before a key in the path."""

    name: str
    region: str
    origin: str
    host: str
    prefix: str

    @classmethod
    def at(cls, name: str, region: str, endpoint: str) -> "Bucket":
        """The bucket below `endpoint` by path; where that is empty, virtual-hosted at AWS's regional endpoint."""
        if endpoint:
            return cls(name, region, endpoint, endpoint.partition("://")[2], f"/{name}/")
        host = f"{name}.s3.{region}.amazonaws.com"
        return cls(name, region, "https://" + host, host, "/")


class Identity(NamedTuple):
    """An IAM identity's access key; of a role session also its token and its end (seconds since the epoch)."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expires_at: int | None = None


class _Moment(NamedTuple):
    """All of a signature that is the same within one second."""

    at: int
    timestamp: str
    scope: str
    keyed: hmac.HMAC
    query_start: str
    to_sign_start: str

    def signature(self, text: str) -> str:
        """The text's HMAC in hex; a copy of the keyed state spares hashing the key each time."""
        mac = self.keyed.copy()
        mac.update(text.encode())
        return mac.hexdigest()


class Presigner:
    """Signs for one identity and one bucket.

    What a second's signatures share is worked out once and published in a single assignment, so threads see
    either the old moment or the new one, never half of each.
    """

    def __init__(self, identity: Identity, bucket: Bucket) -> None:
        self._identity, self._bucket, self.ends_at = identity, bucket, identity.expires_at
        token = identity.session_token
        self._token = "&X-Amz-Security-Token=" + encode(token) if token else ""
        self._host_line = f"host:{bucket.host}\n"
        self._latest = self._moment(0, None)

    def url(
        self, method: str, object_key: str, *, at: int, expires: int, headers: Mapping[str, str], query: str = ""
    ) -> str:
        """A presigned URL: one `method` on one `object_key`, from `at` (seconds since the epoch) for `expires` seconds.

        `object_key` is taken as it is: its grammar has no character that a path would escape. `headers` (lower-case
        names, trimmed values) all become SignedHeaders, beside host. `query` is what follows the `X-Amz-…`
        parameters: pairs joined by `&`, each name and value through `encode`, sorted by name, after them in byte order.
        """
        latest, bucket = self._latest, self._bucket
        moment = latest if latest.at == at else self._at(at)
        names = signed_names = "host"
        lines = self._host_line
        if headers:
            named = sorted({"host": bucket.host, **headers}.items())
            signed_names, lines = ";".join([name for name, _ in named]), "".join([f"{k}:{v}\n" for k, v in named])
            names = signed_names.replace(";", "%3B")
        more = "&" + query if query else ""
        parameters = f"{moment.query_start}{expires}{self._token}&X-Amz-SignedHeaders={names}{more}"
        path = bucket.prefix + object_key
        canonical = f"{method}\n{path}\n{parameters}\n{lines}\n{signed_names}\nUNSIGNED-PAYLOAD"
        signature = moment.signature(moment.to_sign_start + sha256(canonical.encode()).hexdigest())
        return f"{bucket.origin}{path}?{parameters}&X-Amz-Signature={signature}"

    def form(
        self, object_key: str, *, at: int, expires_at: int, lengths: tuple[int, ...], content_type: str | None
    ) -> tuple[str, dict[str, str]]:
        """A form's address and fields, which S3 takes from `at` until `expires_at` (seconds since the epoch).

        Every condition is exact: `eq` on each field, and the least and most bytes in `lengths`, inclusive.
        """
        moment = self._at(at)
        fields = {"key": object_key} | ({"Content-Type": content_type} if content_type else {})
        signed = {
            "success_action_status": "201",
            "x-amz-algorithm": ALGORITHM,
            "x-amz-credential": f"{self._identity.access_key_id}/{moment.scope}",
            "x-amz-date": moment.timestamp,
        }
        if self._identity.session_token:
            signed["x-amz-security-token"] = self._identity.session_token
        conditions = [
            *[{name: text} for name, text in {"bucket": self._bucket.name, **fields}.items()],
            ["content-length-range", *lengths],
            *[{name: text} for name, text in signed.items()],
        ]
        policy = {"expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at)), "conditions": conditions}
        encoded = b64encode(json.dumps(policy, separators=(",", ":")).encode()).decode()
        proof = {"policy": encoded, "x-amz-signature": moment.signature(encoded)}
        return self._bucket.origin + (self._bucket.prefix.rstrip("/") or "/"), fields | signed | proof

    def _at(self, at: int) -> _Moment:
        latest = self._latest
        if latest.at != at:
            latest = self._latest = self._moment(at, latest)
        return latest

    def _moment(self, at: int, before: _Moment | None) -> _Moment:
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        scope = f"{timestamp[:8]}/{self._bucket.region}/s3/aws4_request"
        keyed = before.keyed if before and before.scope == scope else self._keyed(scope)
        credential = encode(f"{self._identity.access_key_id}/{scope}")
        start = f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={timestamp}&X-Amz-Expires="
        return _Moment(at, timestamp, scope, keyed, start, f"{ALGORITHM}\n{timestamp}\n{scope}\n")

    def _keyed(self, scope: str) -> hmac.HMAC:
        derived = b"AWS4" + self._identity.secret_access_key.encode()
        for part in scope.split("/"):
            derived = hmac.digest(derived, part.encode(), "sha256")
        return hmac.new(derived, digestmod="sha256")


def encode(text: str) -> str:
    """Percent-encode as SigV4 does: all but letters, digits and `-._~`, in UTF-8 (RFC 3986 §2.3)."""
    return quote(text, safe="~")
