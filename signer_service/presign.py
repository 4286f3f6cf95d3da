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
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from _hashlib import HASH  # what sha256() makes; hashlib has no public name for it

ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Bucket(NamedTuple):
    """Where a bucket is addressed: the origin, whose host is signed, and what stands before a key in the path."""

    name: str
    region: str
    origin: str
    prefix: str

    @classmethod
    def at(cls, name: str, region: str, endpoint: str) -> "Bucket":
        """The bucket below `endpoint` by path; where that is empty, virtual-hosted at AWS's regional endpoint."""
        if endpoint:
            return cls(name, region, endpoint, f"/{name}/")
        return cls(name, region, f"https://{name}.s3.{region}.amazonaws.com", "/")


class Identity(NamedTuple):
    """An IAM identity's access key; of a role session also its token and its end (seconds since the epoch)."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    expires_at: int | None = None


class _Moment(NamedTuple):
    """All of a signature that is the same within one second; an HMAC's two hashes, the key in them, within a day."""

    at: int
    timestamp: str
    scope: str
    hashes: "tuple[HASH, HASH]"
    query_start: str
    to_sign_start: str

    def signature(self, text: str) -> str:
        """The text's HMAC in hex (RFC 2104); copies of the two hashes spare hashing the key each time."""
        inner, outer = self.hashes[0].copy(), self.hashes[1].copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


class Presigner:
    """Signs for one identity and one bucket.

    What a second's signatures share is worked out once and published in a single assignment, so threads see
    either the old moment or the new one, never half of each.
    """

    def __init__(self, identity: Identity, bucket: Bucket) -> None:
        self._identity, self._bucket, self.ends_at = identity, bucket, identity.expires_at
        self._host, session = bucket.origin.partition("://")[2], identity.session_token
        self._session = "&X-Amz-Security-Token=" + encode(session) if session else ""
        self._host_line = f"host:{self._host}\n"
        self._latest: _Moment | None = None

    def url(
        self, method: str, object_key: str, *, at: int, expires: int, headers: Mapping[str, str], query: str = ""
    ) -> str:
        """A presigned URL: one `method` on one `object_key`, from `at` (seconds since the epoch) for `expires` seconds.

        `object_key` is taken as it is: its grammar has no character that a path would escape. `headers` (lower-case
        names, trimmed values) all become SignedHeaders, beside host. `query` is what follows the `X-Amz-…`
        parameters: pairs joined by `&`, each name and value through `encode`, sorted by name, after them in byte order.
        """
        moment = self._moment(at)
        names, lines = "host", self._host_line
        if headers:
            named = sorted({"host": self._host, **headers}.items())
            names, lines = ";".join([name for name, _ in named]), "".join([f"{k}:{v}\n" for k, v in named])
        more = "&" + query if query else ""
        encoded_names = names.replace(";", "%3B")
        parameters = f"{moment.query_start}{expires}{self._session}&X-Amz-SignedHeaders={encoded_names}{more}"
        path = self._bucket.prefix + object_key
        canonical = f"{method}\n{path}\n{parameters}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        signature = moment.signature(moment.to_sign_start + sha256(canonical.encode()).hexdigest())
        return f"{self._bucket.origin}{path}?{parameters}&X-Amz-Signature={signature}"

    def form(
        self, object_key: str, *, at: int, expires_at: int, lengths: tuple[int, ...], content_type: str | None
    ) -> tuple[str, dict[str, str]]:
        """A form's address and fields, which S3 takes from `at` until `expires_at` (seconds since the epoch).

        Every condition is exact: `eq` on each field, and the least and most bytes in `lengths`, inclusive.
        """
        moment, identity, bucket = self._moment(at), self._identity, self._bucket
        own = {"key": object_key} | ({"Content-Type": content_type} if content_type else {})
        signed = {"success_action_status": "201", "x-amz-algorithm": ALGORITHM}
        signed |= {"x-amz-credential": f"{identity.access_key_id}/{moment.scope}", "x-amz-date": moment.timestamp}
        signed |= {"x-amz-security-token": identity.session_token} if identity.session_token else {}
        before: list[Any] = [{name: text} for name, text in {"bucket": bucket.name, **own}.items()]
        conditions = [*before, ["content-length-range", *lengths], *[{name: text} for name, text in signed.items()]]
        policy = {"expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires_at)), "conditions": conditions}
        encoded = b64encode(json.dumps(policy, separators=(",", ":")).encode()).decode()
        proof = {"policy": encoded, "x-amz-signature": moment.signature(encoded)}
        return bucket.origin + (bucket.prefix.rstrip("/") or "/"), own | signed | proof

    def _moment(self, at: int) -> _Moment:
        latest = self._latest
        if latest is not None and latest.at == at:
            return latest
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        scope = f"{timestamp[:8]}/{self._bucket.region}/s3/aws4_request"
        hashes = latest.hashes if latest is not None and latest.scope == scope else self._hashes(scope)
        credential = encode(f"{self._identity.access_key_id}/{scope}")
        start = f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={timestamp}&X-Amz-Expires="
        moment = _Moment(at, timestamp, scope, hashes, start, f"{ALGORITHM}\n{timestamp}\n{scope}\n")
        self._latest = moment
        return moment

    def _hashes(self, scope: str) -> "tuple[HASH, HASH]":
        derived = b"AWS4" + self._identity.secret_access_key.encode()
        for part in scope.split("/"):
            derived = hmac.digest(derived, part.encode(), "sha256")
        padded = derived.ljust(64, b"\0")
        return sha256(bytes(octet ^ 0x36 for octet in padded)), sha256(bytes(octet ^ 0x5C for octet in padded))


def encode(text: str) -> str:
    """Percent-encode as SigV4 does: all but letters, digits and `-._~`, in UTF-8 (RFC 3986 §2.3)."""
    return quote(text, safe="~")
