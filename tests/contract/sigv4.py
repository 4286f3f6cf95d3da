"""Signature Version 4 as Amazon's documentation words it, for the vectors alone.

Written from "Authenticating Requests: Using Query Parameters" and "Browser-Based Uploads Using POST" (S3 API
reference), one function a step of theirs, and slow on purpose: a second opinion on the signer, so it shares nothing
with it, nor with botocore.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True)
class Identity:
    """An IAM user's key pair, or a role session's with its token."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class Bucket:
    """Where a bucket answers: `origin` without a path, `folder` the bucket's name in path style, else empty."""

    name: str
    region: str
    origin: str
    folder: str = ""

    @property
    def host(self) -> str:
        return self.origin.split("://", 1)[1]

    def path(self, object_key: str) -> str:
        return f"{self.folder}/{uri_encode(object_key, keep_slash=True)}"


def uri_encode(text: str, *, keep_slash: bool = False) -> str:
    """The documentation's UriEncode(): everything but the unreserved characters as %XY, in capitals."""
    keep = UNRESERVED | ({0x2F} if keep_slash else set())
    return "".join(chr(byte) if byte in keep else f"%{byte:02X}" for byte in text.encode())


def timestamp(epoch: int) -> str:
    """`20130524T000000Z` of seconds since the epoch."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y%m%dT%H%M%SZ")


def _hmac(secret: bytes, text: str) -> bytes:
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


def signing_key(secret: str, day: str, region: str) -> bytes:
    """Task 3: the key derived for a day, a region and S3."""
    return _hmac(_hmac(_hmac(_hmac(b"AWS4" + secret.encode(), day), region), "s3"), "aws4_request")


def scope(epoch: int, region: str) -> str:
    """The credential scope, `20130524/us-east-1/s3/aws4_request`."""
    return f"{timestamp(epoch)[:8]}/{region}/s3/aws4_request"


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Names and values encoded, sorted by the encoded name."""
    encoded = sorted((uri_encode(name), uri_encode(text)) for name, text in parameters.items())
    return "&".join(f"{name}={text}" for name, text in encoded)


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
    """Task 1, for a request whose payload is not signed."""
    names = sorted(headers)
    lines = [f"{name}:{headers[name].strip()}" for name in names]
    return "\n".join([method, path, query, *lines, "", ";".join(names), "UNSIGNED-PAYLOAD"])


def signature(identity: Identity, region: str, epoch: int, request: str) -> str:
    """Tasks 2 and 3: the string to sign, and its HMAC in hex."""
    digest = hashlib.sha256(request.encode()).hexdigest()
    string_to_sign = "\n".join([ALGORITHM, timestamp(epoch), scope(epoch, region), digest])
    derived = signing_key(identity.secret_access_key, timestamp(epoch)[:8], region)
    return _hmac(derived, string_to_sign).hex()


def presigned_url(
    bucket: Bucket,
    identity: Identity,
    method: str,
    object_key: str,
    *,
    signed_at: int,
    expires: int,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    """A URL for one `method` on one object, `expires` seconds from `signed_at`; `headers` are bound, Host as well."""
    bound = {name.lower(): text for name, text in (headers or {}).items()} | {"host": bucket.host}
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{identity.access_key_id}/{scope(signed_at, bucket.region)}",
        "X-Amz-Date": timestamp(signed_at),
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": ";".join(sorted(bound)),
        **(query or {}),
    }
    if identity.session_token:
        parameters["X-Amz-Security-Token"] = identity.session_token
    path, asked = bucket.path(object_key), canonical_query(parameters)
    signed = signature(identity, bucket.region, signed_at, canonical_request(method, path, asked, bound))
    return f"{bucket.origin}{path}?{asked}&X-Amz-Signature={signed}"


def post_form(
    bucket: Bucket,
    identity: Identity,
    object_key: str,
    *,
    signed_at: int,
    expires_at: int,
    length_range: tuple[int, int],
    content_type: str | None = None,
) -> dict[str, str]:
    """The fields of a form that uploads one object: its policy is grant v1's, condition for condition."""
    typed = {"Content-Type": content_type} if content_type is not None else {}
    stamp = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{identity.access_key_id}/{scope(signed_at, bucket.region)}",
        "x-amz-date": timestamp(signed_at),
    }
    if identity.session_token:
        stamp["x-amz-security-token"] = identity.session_token
    done = {"success_action_status": "201"}
    conditions: list[object] = [{"bucket": bucket.name}, {"key": object_key}]
    conditions += [{name: text} for name, text in typed.items()]
    conditions.append(["content-length-range", *length_range])
    conditions += [{name: text} for name, text in (done | stamp).items()]
    ends = datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps({"expiration": ends, "conditions": conditions}, separators=(",", ":"))
    policy = sign_policy(text, identity, bucket.region, signed_at)
    return {"key": object_key, **typed, **done, **stamp, **policy}


def sign_policy(text: str, identity: Identity, region: str, signed_at: int) -> dict[str, str]:
    """The two fields that a POST policy becomes: its base64, and the HMAC over that base64."""
    policy = base64.b64encode(text.encode()).decode()
    derived = signing_key(identity.secret_access_key, timestamp(signed_at)[:8], region)
    return {"policy": policy, "x-amz-signature": _hmac(derived, policy).hex()}
