"""The guard: an ASGI wrapper around the embedded engine that lets in only what AWS would.

The engine with AUTH=true still takes anyone who names its root's key id for root, takes old signatures, and answers
much that is not signed at all. So the guard checks every signature itself, before the engine reads a byte, and
refuses by default: what is not signed passes only as one of four kinds (a user pool's public call, its public keys,
a CORS preflight, a form with a signed policy). It also saves the engine's state, which by itself it does only when
stopped in good order.

It runs in the engine's own environment, so it is one file and imports nothing else of the project:
`python -I local/guard.py`, with the variables of `local/engine.py`. It calls some of the engine's private functions;
`requirements/engine.txt` pins the one version that they belong to, and `tests/contract/test_engine.py` holds it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_to_bytes
from xml.sax.saxutils import escape

import ministack.app  # type: ignore[import-not-found]  # it is in the engine's environment alone
from ministack.core import iam_evaluator, persistence, responses  # type: ignore[import-not-found]  # likewise

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("guard")

ROOT_ID = os.environ["AWS_ACCESS_KEY_ID"]
ROOT_SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
ACCOUNT_ID = os.environ.get("MINISTACK_ACCOUNT_ID", "000000000000")
HOSTS = frozenset(os.environ.get("GUARD_HOSTS", "localhost,127.0.0.1").lower().split(","))
STATE_DIR = Path(os.environ["STATE_DIR"])

MAX_TARGET = 8 * 1024  # bytes of path and query
MAX_OBJECT_KEY = 1024  # bytes, as in S3
MAX_CALL = 16 * 1024 * 1024  # bytes of a signed API call, as in DynamoDB
MAX_PUBLIC_CALL = 64 * 1024
MAX_UPLOAD = 256 * 1024 * 1024  # the engine keeps a body in memory
CLOCK_SKEW = 15 * 60
LONGEST_EXPIRY = 7 * 24 * 3600

SAVE_EVERY = 0.4  # seconds; with the save itself, under the second that is promised
JOURNAL_LIMIT = 64 * 1024 * 1024
KEPT = frozenset({"s3", "dynamodb", "iam", "sts", "cognito", "cloudformation", "cloudwatch", "cloudfront"})

# The engine's root also answers to "test", to any twelve digits, and to no name at all. None has this shape.
KEY_ID = re.compile(r"A(?:KIA|SIA)[A-Z0-9]{16}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-\d")
HOST = re.compile(r"([a-z0-9.-]{1,255})(?::\d{1,5})?")
# A bucket before the host: `bucket.localhost`, `bucket.s3.localhost`, `bucket.s3.us-east-1.localhost`.
BUCKET_HOST = re.compile(r"([a-z0-9][a-z0-9-]{1,61}[a-z0-9])(?:\.s3(?:\.[a-z0-9-]+)?)?")
POOL_KEYS = re.compile(r"/[a-z]{2}(?:-[a-z]+)+-\d_[A-Za-z0-9]{1,55}/\.well-known/(?:jwks\.json|openid-configuration)")

# First words of paths that the engine answers before it asks who is there, or not as S3.
# fmt: off
NOT_BUCKETS = frozenset({
    "health", "login", "logout", "oauth2", "v1", "v2", "v20180820", "iceberg", "graphql", "restapis", "restapi",
    "environments", "webtoken", "clitoken", "metrics", "key-value-stores", "execute", "s3", "s3-control", "sqs",
    "sns", "dynamodb", "lambda", "iam", "sts", "secretsmanager", "logs", "ssm", "events", "kinesis", "monitoring",
    "ses", "states", "ecs", "rds", "rds-data", "docdb", "documentdb", "elasticache", "glue", "athena", "airflow",
    "apigateway", "cloudformation", "autoscaling", "codebuild", "transfer", "cur", "budgets", "kinesisanalytics",
    "cloudfront-kvs", "appsync-api", "appsync-realtime-api", "inspector2", "dsql",
})
# fmt: on

# For each service that may be signed for: the paths it is called on, and how its X-Amz-Target begins, if it has one.
CALLS: dict[str, tuple[re.Pattern[str], str | None]] = {
    "dynamodb": (re.compile(r"/"), "DynamoDB"),
    "cognito-idp": (re.compile(r"/"), "AWSCognitoIdentityProviderService."),
    "iam": (re.compile(r"/"), None),
    "sts": (re.compile(r"/"), None),
    "cloudformation": (re.compile(r"/"), None),
    "monitoring": (
        re.compile(r"/(?:service/GraniteServiceVersion20100801/operation/\w{1,64})?"),
        "GraniteServiceVersion20100801.",
    ),
    "cloudfront": (re.compile(r"/\d{4}-\d{2}-\d{2}/[\w./:-]*"), None),
}
PUBLIC_POOL_CALLS = frozenset(
    f"AWSCognitoIdentityProviderService.{name}"
    for name in (
        "SignUp",
        "ConfirmSignUp",
        "ResendConfirmationCode",
        "InitiateAuth",
        "RespondToAuthChallenge",
        "ForgotPassword",
        "ConfirmForgotPassword",
        "GetUser",
        "ChangePassword",
        "RevokeToken",
        "GlobalSignOut",
    )
)
# These say where a request came from and by which scheme. Nobody stands in front of the engine, so they are made up.
FORWARDED = re.compile(r"forwarded|via|x-real-ip|x-forwarded-.*|x-client-ip|true-client-ip|cf-.*")
ONCE = re.compile(r"host|authorization|content-(?:length|type|md5|encoding)|if-(?:none-)?match|range|x-amz-.*")
SIGNATURE_NAMES = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)
QUERY_SIGNATURE = frozenset(name.lower() for name in SIGNATURE_NAMES)
SIGV2_NAMES = frozenset({"awsaccesskeyid", "signature", "signatureversion"})
JOURNALED = re.compile(r"DynamoDB_20120810\.(?:PutItem|UpdateItem|DeleteItem|BatchWriteItem|TransactWriteItems)")
SIGN_IN = re.compile(r"AWSCognitoIdentityProviderService\.(?:Admin)?(?:InitiateAuth|RespondToAuthChallenge)")
READS = re.compile(r"(?:DynamoDB|AWSCognito)\w*\.(?:Admin)?(?:Get|BatchGet|TransactGet|Query|Scan|Describe|List)\w*")


class Refused(Exception):
    """A request that goes no further: the status, S3's or the service's name for it, and why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


# ---- What was asked ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """A request line and headers that are well formed: strict UTF-8, no dot segments, nothing said twice."""

    method: str
    raw_path: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The names in the query, in lower case."""
        return frozenset(name.lower() for name, _ in self.query)

    @cached_property
    def bucket_in_host(self) -> str | None:
        """The bucket of a virtual-host style request."""
        host = _host_name(self.headers)
        for known in HOSTS:
            if host.endswith(f".{known}") and (match := BUCKET_HOST.fullmatch(host[: -len(known) - 1])):
                return match[1]
        return None

    @cached_property
    def s3_target(self) -> tuple[str, str] | None:
        """Bucket and object key ("" for the bucket itself, both "" for the list of buckets); None if not S3's."""
        first, _, rest = self.path[1:].partition("/")
        if first.lower() in NOT_BUCKETS or first.startswith(("_", "@")):
            return None
        if bucket := self.bucket_in_host:
            return None if bucket in NOT_BUCKETS else (bucket, self.path[1:])
        if self.path == "/":
            return "", ""
        return (first, rest) if BUCKET.fullmatch(first) else None

    def query_value(self, name: str) -> str:
        """The value of a name in the query; raises Refused unless it stands there once, spelled so."""
        found = [text for spelled, text in self.query if spelled == name]
        if len(found) != 1 or not found[0]:
            raise Refused(400, "AuthorizationQueryParametersError", f"{name} must be given once")
        return found[0]


def read_request(scope: Scope) -> Request:
    """The request of an ASGI scope; raises Refused where it is not well formed."""
    if scope.get("http_version") not in {"1.0", "1.1"}:
        raise Refused(400, "InvalidRequest", "only HTTP/1.1 is spoken here")
    if scope["method"] not in {"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"}:
        raise Refused(405, "MethodNotAllowed", "the method is not one of S3's or of an API's")
    raw_path, raw_query = bytes(scope.get("raw_path") or b""), bytes(scope.get("query_string", b""))
    if len(raw_path) + len(raw_query) > MAX_TARGET:
        raise Refused(414, "RequestURITooLong", f"path and query have more than {MAX_TARGET} bytes")
    path = _path(raw_path)
    headers = _headers(scope["headers"])
    name = _host_name(headers)
    if name not in HOSTS and not any(name.endswith(f".{known}") for known in HOSTS):
        raise Refused(400, "InvalidRequest", "Host names none of this engine's addresses")
    return Request(scope["method"], raw_path.decode("ascii"), path, tuple(_query(raw_query)), headers)


def _path(raw: bytes) -> str:
    path = _decoded(raw, "path")
    if not path.startswith("/") or any(segment in {".", ".."} for segment in path.split("/")):
        raise Refused(400, "InvalidURI", "the path must begin with / and have no segment . or ..")
    if len(path.encode()) > MAX_OBJECT_KEY + 64:
        raise Refused(400, "KeyTooLongError", f"an object key has at most {MAX_OBJECT_KEY} bytes")
    return path


def _decoded(raw: bytes, what: str) -> str:
    if not raw.isascii() or re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        raise Refused(400, "InvalidURI", f"the {what} is not percent-encoded")
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400, "InvalidURI", f"the {what} is not UTF-8") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise Refused(400, "InvalidURI", f"the {what} has control characters")
    return text


def _query(raw: bytes) -> Iterator[tuple[str, str]]:
    for pair in raw.split(b"&") if raw else ():
        name, _, value = pair.replace(b"+", b" ").partition(b"=")
        if not name:
            raise Refused(400, "InvalidURI", "the query has a value without a name")
        yield _decoded(name, "query"), _decoded(value, "query")


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), _header_text(raw_value)
        if FORWARDED.fullmatch(name):
            continue
        if name in headers and ONCE.fullmatch(name):
            raise Refused(400, "InvalidRequest", f"{name} is given twice")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _header_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def _host_name(headers: dict[str, str]) -> str:
    match = HOST.fullmatch(headers.get("host", "").lower())
    if match is None:
        raise Refused(400, "InvalidRequest", "Host is missing, or no host name")
    return match[1]


# ---- Who asked --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signature:
    """A SigV4 signature's parts. `expires_in` is the query's X-Amz-Expires, in seconds; None for a header's."""

    key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    hexadecimal: str
    signed_at: str
    expires_in: int | None = None

    def over(self, payload: str) -> str:
        """The signature that the key's secret gives for a string to sign."""
        signing_key = ("AWS4" + _secret(self.key_id, self.service)).encode()
        for part in (self.day, self.region, self.service, "aws4_request"):
            signing_key = hmac.digest(signing_key, part.encode(), "sha256")
        return hmac.digest(signing_key, payload.encode(), "sha256").hex()

    def check(self, request: Request, payload_hash: str) -> None:
        """Raises Refused unless this is the signature of the request, now."""
        self._check_time()
        canonical = "\n".join(
            (
                request.method,
                _canonical_path(request, self.service),
                _canonical_query(request),
                *(f"{name}:{_signed_value(request, name)}" for name in self.signed_headers),
                "",
                ";".join(self.signed_headers),
                payload_hash,
            )
        )
        scope = f"{self.day}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        self.match(f"AWS4-HMAC-SHA256\n{self.signed_at}\n{scope}\n{digest}")

    def match(self, payload: str) -> None:
        """Raises Refused unless this signs the string."""
        # As bytes: of two texts it takes only ASCII ones, and what a stranger calls a signature may be any text.
        if not hmac.compare_digest(self.over(payload).encode(), self.hexadecimal.encode()):
            raise Refused(403, "SignatureDoesNotMatch", "the signature is not the one that the key's secret gives")

    def _check_time(self) -> None:
        try:
            signed_at = datetime.strptime(self.signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise Refused(403, "AccessDenied", "X-Amz-Date is no time") from None
        if self.signed_at[:8] != self.day:
            raise Refused(403, "SignatureDoesNotMatch", "the credential's day is not that of X-Amz-Date")
        now = time.time()
        if self.expires_in is None:
            if abs(now - signed_at) > CLOCK_SKEW:
                raise Refused(403, "RequestTimeTooSkewed", "X-Amz-Date is more than 15 minutes off")
        elif now > signed_at + self.expires_in:
            raise Refused(403, "AccessDenied", "Request has expired")
        elif now < signed_at - CLOCK_SKEW:
            raise Refused(403, "AccessDenied", "Request is not valid yet")


def _secret(key_id: str, service: str) -> str:
    """The secret of an access key; raises Refused where there is none."""
    if hmac.compare_digest(key_id.encode(), ROOT_ID.encode()):
        return ROOT_SECRET
    found: Any = "ambiguous"
    with contextlib.suppress(iam_evaluator.AmbiguousAccessKeyError):
        account = iam_evaluator.find_iam_access_key_account(key_id) or ACCOUNT_ID
        found = iam_evaluator.resolve_credential(key_id, account)
    if not isinstance(found, iam_evaluator.ResolvedCredential):
        code = "InvalidAccessKeyId" if service == "s3" else getattr(found, "code", "InvalidClientTokenId")
        raise Refused(403, code, "the access key id is unknown, or no longer good")
    return str(found.secret_access_key)


def _credential(text: str) -> tuple[str, str, str, str]:
    """Key id, day, region and service of a credential scope."""
    parts = text.split("/")
    if len(parts) != 5 or not KEY_ID.fullmatch(parts[0]):
        raise Refused(403, "InvalidAccessKeyId", "the credential names no access key id of the known shape")
    key_id, day, region, service, end = parts
    known = service == "s3" or service in CALLS
    if not (re.fullmatch(r"\d{8}", day) and REGION.fullmatch(region) and known and end == "aws4_request"):
        raise Refused(
            403, "AuthorizationHeaderMalformed", "the credential's scope is not day/region/service/aws4_request"
        )
    return key_id, day, region, service


def _signed_headers(text: str, request: Request) -> tuple[str, ...]:
    """The names in SignedHeaders; raises Refused where a header that takes effect is not among them."""
    names = tuple(text.split(";"))
    if "host" not in names or list(names) != sorted(set(names)) or any(name not in request.headers for name in names):
        raise Refused(403, "SignatureDoesNotMatch", "SignedHeaders must be sorted, sent, and name host")
    if unsigned := [name for name in request.headers if name.startswith("x-amz-") and name not in names]:
        raise Refused(
            403, "AccessDenied", f"There were headers present in the request which were not signed: {unsigned[0]}"
        )
    return names


def header_signature(request: Request) -> Signature:
    """The signature in the Authorization header; raises Refused where it is of another kind or malformed."""
    scheme, _, rest = request.headers["authorization"].partition(" ")
    fields = [part.strip().partition("=") for part in rest.split(",")]
    values = {name: value for name, _, value in fields}
    if scheme != "AWS4-HMAC-SHA256" or len(fields) != 3 or set(values) != {"Credential", "SignedHeaders", "Signature"}:
        raise Refused(400, "AuthorizationHeaderMalformed", "only AWS4-HMAC-SHA256 is taken")
    if request.query_names & (QUERY_SIGNATURE | SIGV2_NAMES):
        raise Refused(400, "InvalidArgument", "a request is signed in its header or in its query, not in both")
    signed_headers = _signed_headers(values["SignedHeaders"], request)
    if "x-amz-date" not in signed_headers:
        raise Refused(403, "AccessDenied", "X-Amz-Date is missing")
    return Signature(
        *_credential(values["Credential"]), signed_headers, values["Signature"], request.headers["x-amz-date"]
    )


def query_signature(request: Request) -> Signature:
    """The signature in the query of a presigned S3 URL; raises Refused where it is of another kind or malformed."""
    if len(request.query_names) != len(request.query) or request.query_names & SIGV2_NAMES:
        raise Refused(400, "AuthorizationQueryParametersError", "a name in the query is given twice, or is of SigV2's")
    algorithm, credential, signed_at, expires, names, hexadecimal = map(request.query_value, SIGNATURE_NAMES)
    if algorithm != "AWS4-HMAC-SHA256":
        raise Refused(400, "AuthorizationQueryParametersError", "only AWS4-HMAC-SHA256 is taken")
    if not re.fullmatch(r"[0-9]{1,6}", expires) or not 1 <= int(expires) <= LONGEST_EXPIRY:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Expires is from 1 to 604800")
    key_id, day, region, service = _credential(credential)
    if service != "s3":
        raise Refused(403, "AccessDenied", "only S3 is signed in the query")
    signed_headers = _signed_headers(names, request)
    return Signature(key_id, day, region, service, signed_headers, hexadecimal, signed_at, int(expires))


def _signed_value(request: Request, name: str) -> str:
    return " ".join(request.headers[name].split())


def _canonical_path(request: Request, service: str) -> str:
    once = quote(request.path, safe="/-_.~")
    return once if service == "s3" else quote(once, safe="/-_.~")


def _canonical_query(request: Request) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query
        if name != "X-Amz-Signature"
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


# ---- What is let in ---------------------------------------------------------------------------------------------


async def admit(request: Request, receive: Receive) -> tuple[Receive, bytes]:
    """The way to the request's body, and the body where it had to be read; raises Refused."""
    _check_framing(request)
    if "authorization" in request.headers:
        return await _admit_header_signed(request, receive)
    if _is_preflight(
        request
    ):  # of a presigned URL, too: a browser asks with its whole query, before it may send anything
        return _replay(b"", receive), b""
    if request.query_names & QUERY_SIGNATURE:
        return _admit_presigned(request, receive), b""
    if request.query_names & SIGV2_NAMES:
        raise Refused(400, "InvalidRequest", "only AWS4-HMAC-SHA256 is taken")
    return await _admit_unsigned(request, receive)


def _check_framing(request: Request) -> None:
    if "transfer-encoding" in request.headers or (
        request.method in {"PUT", "POST"} and "content-length" not in request.headers
    ):
        raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    if int(request.headers.get("content-length", "0")) > MAX_UPLOAD:
        raise Refused(413, "EntityTooLarge", f"the engine takes at most {MAX_UPLOAD} bytes")
    # A body that says its own length could differ from the one that was signed.
    chunked = "aws-chunked" in request.headers.get("content-encoding", "").lower()
    if chunked or request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        raise Refused(400, "InvalidRequest", "aws-chunked bodies are not taken")


async def _admit_header_signed(request: Request, receive: Receive) -> tuple[Receive, bytes]:
    signature = header_signature(request)
    _check_place(request, signature.service)
    declared = request.headers.get("x-amz-content-sha256")
    if declared is not None:  # S3's always say; so a stranger's body is not even read
        signature.check(request, declared)
    body = await _read(receive, MAX_UPLOAD if signature.service == "s3" else MAX_CALL)
    digest = hashlib.sha256(body).hexdigest()
    if declared is None:
        signature.check(request, digest)
    elif declared != digest and not (signature.service == "s3" and declared == "UNSIGNED-PAYLOAD"):
        raise Refused(400, "XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not that of the body")
    return _replay(body, receive), body


def _check_place(request: Request, service: str) -> None:
    """Raises Refused unless host, path and target are those of the service that was signed for."""
    target = request.headers.get("x-amz-target")
    if service == "s3":
        _check_s3_target(request)
        if target is not None:
            raise Refused(403, "AccessDenied", "X-Amz-Target is not S3's")
        return
    path, begins = CALLS[service]
    is_its_own = target is None or (begins is not None and target.startswith(begins))
    if request.bucket_in_host or not path.fullmatch(request.path) or not is_its_own:
        raise Refused(403, "AccessDenied", f"that is no call of {service}'s")
    if service != "cloudfront" and (request.method != "POST" or request.query):
        raise Refused(405, "MethodNotAllowed", f"{service} is called by POST, with no query")


def _check_s3_target(request: Request) -> None:
    if request.s3_target is None:
        raise Refused(403, "AccessDenied", "the path names no bucket")
    if len(request.s3_target[1].encode()) > MAX_OBJECT_KEY:
        raise Refused(400, "KeyTooLongError", f"an object key has at most {MAX_OBJECT_KEY} bytes")


def _admit_presigned(request: Request, receive: Receive) -> Receive:
    _check_s3_target(request)
    query_signature(request).check(request, "UNSIGNED-PAYLOAD")
    return receive


async def _admit_unsigned(request: Request, receive: Receive) -> tuple[Receive, bytes]:
    if request.method in {"GET", "HEAD"} and POOL_KEYS.fullmatch(request.path):
        return _replay(b"", receive), b""
    if request.method == "POST" and request.path == "/" and request.headers.get("x-amz-target") in PUBLIC_POOL_CALLS:
        return await _admit_public_call(request, receive)
    if request.method == "POST" and request.headers.get("content-type", "").startswith("multipart/form-data"):
        body = await _read(receive, MAX_UPLOAD)
        check_form(request, body)
        return _replay(body, receive), body
    raise Refused(403, "AccessDenied", "Access Denied: the request is not signed")


def _is_preflight(request: Request) -> bool:
    asked = request.headers.get("origin") and request.headers.get("access-control-request-method")
    return bool(request.method == "OPTIONS" and asked and request.s3_target is not None)


async def _admit_public_call(request: Request, receive: Receive) -> tuple[Receive, bytes]:
    strange = [
        name
        for name in request.headers
        if name.startswith("x-amz-") and name not in {"x-amz-target", "x-amz-user-agent"}
    ]
    if request.query or strange or request.bucket_in_host:
        raise Refused(
            400, "InvalidParameterException", "a public call has no query and no x-amz- header but its target"
        )
    body = await _read(receive, MAX_PUBLIC_CALL)
    try:
        well_formed = _is_call(json.loads(body))
    except (ValueError, RecursionError):
        well_formed = False
    if not well_formed:
        raise Refused(400, "SerializationException", "the body is not a JSON object of texts, lists and objects")
    return _replay(body, receive), body


# Of a public call's members, those that are no text.
STRUCTURES = frozenset(
    {"AuthParameters", "ClientMetadata", "ChallengeResponses", "AnalyticsMetadata", "UserContextData"}
)
LISTS = frozenset({"UserAttributes", "ValidationData"})


def _is_call(call: Any) -> bool:
    return isinstance(call, dict) and all(_is_member(name, value) for name, value in call.items())


def _is_member(name: str, value: Any) -> bool:
    if name in STRUCTURES:
        return _is_texts(value)
    if name in LISTS:
        return isinstance(value, list) and all(_is_texts(entry) and "Name" in entry for entry in value)
    return _is_text(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(entry) for entry in value.values())


def _is_text(value: Any) -> bool:
    """A text that can be encoded: a lone surrogate would fail where it is stored."""
    return isinstance(value, str) and len(value) <= 16_384 and value.isprintable()


def check_form(request: Request, body: bytes) -> None:
    """Raises Refused unless the form has a policy signed with SigV4; what the policy asks for the engine checks."""
    if request.s3_target is None or not request.s3_target[0] or request.s3_target[1].strip("/") or request.query:
        raise Refused(400, "InvalidRequest", "a form is posted to a bucket")
    fields = _form_fields(request, body)
    scope = _credential(fields.get("x-amz-credential", ""))
    if scope[3] != "s3" or fields.get("x-amz-algorithm") != "AWS4-HMAC-SHA256" or set(fields) & SIGV2_NAMES:
        raise Refused(403, "AccessDenied", "the form is not signed with AWS4-HMAC-SHA256 for S3")
    policy = fields.get("policy", "")
    try:
        if not policy or not isinstance(json.loads(base64.b64decode(policy, validate=True)), dict):
            raise ValueError
    except (ValueError, RecursionError, binascii.Error):
        raise Refused(400, "InvalidPolicyDocument", "the form's policy is no base64 of a JSON object") from None
    Signature(*scope, (), fields.get("x-amz-signature", ""), fields.get("x-amz-date", "")).match(policy)


def _form_fields(request: Request, body: bytes) -> dict[str, str]:
    """A form's fields but its file, read as the engine reads them, so that both see the same."""
    s3 = ministack.app._get_module("s3")
    parts = s3._parse_multipart_form(request.headers["content-type"], body)
    names = [name.lower() for name, *_ in parts]
    if not names or max(Counter(names).values()) > 1 or names[-1] != "file":
        raise Refused(400, "MalformedPOSTRequest", "a form has each field once, the file last")
    file_name = parts[-1][1] or ""
    try:
        fields = {name.lower(): value.decode("utf-8") for name, _, _, value in parts[:-1]}
    except UnicodeDecodeError:
        raise Refused(400, "MalformedPOSTRequest", "a field of the form is not UTF-8") from None
    _path(quote("/" + fields.get("key", "").replace("${filename}", file_name)).encode())
    return fields


class Incoming:
    """A request's body on its way in; knows whether it has come to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_over = False

    async def __call__(self) -> dict[str, Any]:
        """The next ASGI message."""
        message = await self._receive()
        self._is_over = not message.get("more_body")
        return message

    async def drain(self, request: Request | None) -> None:
        """Read what is left of a small body, so that its sender gets to read why it was refused."""
        length = request.headers.get("content-length", "0") if request else "0"
        if not self._is_over and length.isdecimal() and 0 < int(length) <= MAX_CALL:
            with contextlib.suppress(Refused, TimeoutError):
                await asyncio.wait_for(_read(self, MAX_CALL), timeout=5)


async def _read(receive: Receive, limit: int) -> bytes:
    """The whole body; raises Refused when it has more than `limit` bytes, or the client goes away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refused(400, "IncompleteBody", "the client went away")
        body += message.get("body", b"")
        if len(body) > limit:
            raise Refused(413, "EntityTooLarge", f"the body has more than {limit} bytes")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body that was read, then goes on as before."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> dict[str, Any]:
        return messages.pop() if messages else await receive()

    return replayed


# ---- What is kept -----------------------------------------------------------------------------------------------


class Keeper:
    """Keeps the engine's state on disk, so that a kill -9 costs no record, and at most a second of sign-ins.

    Objects the engine writes itself. Writes to tables are journaled before they are answered, and done again when
    the engine starts. What changes seldom (identities, people, settings) is saved whole before it is answered; what
    a sign-in leaves, soon after.
    """

    def __init__(self, folder: Path) -> None:
        self._snapshot = folder / "dynamodb.json"
        self._journal_path = folder / "dynamodb.journal"
        self._journal = -1
        self._written = 0
        self._stale: set[str] = set()

    def note(self, request: Request, body: bytes, status: int) -> None:
        """Take down what an answered request changed; called before the answer goes out."""
        target = request.headers.get("x-amz-target", "")
        if status >= 400 or request.method in {"GET", "HEAD", "OPTIONS"} or READS.fullmatch(target):
            return
        if JOURNALED.fullmatch(target):
            self._append(f"{target} {_region(request)} {len(body)}\n".encode() + body + b"\n")
            return
        self._stale |= _changed(request, target)
        if not SIGN_IN.fullmatch(target):
            self.save()

    def save(self) -> None:
        """Save what has changed since the last time."""
        if self._written > JOURNAL_LIMIT:
            self._stale.add("dynamodb")
        if not self._stale:
            return
        sources = ministack.app._build_persistence_save_dict()
        chosen = {name: sources[name] for name in self._stale & sources.keys()}
        self._stale = set()
        before = self._identity()
        persistence.save_all(chosen)
        if "dynamodb" not in chosen:
            return
        if self._identity() != before:
            self._begin_journal()
        else:  # it says nothing when it fails; the journal still has everything
            self._stale.add("dynamodb")

    async def run(self) -> None:
        """Save at a steady pace, until cancelled."""
        while True:
            await asyncio.sleep(SAVE_EVERY)
            try:
                self.save()
            except Exception as error:
                log.error("the state was not saved: %s", type(error).__name__)

    async def recover(self) -> None:
        """Do again the writes that the last process answered but never saved."""
        tables = ministack.app._get_module("dynamodb")
        for target, region, body in self._unsaved():
            responses.set_request_account_id("")
            responses.set_request_region(region)
            status, _, _ = await tables.handle_request("POST", "/", {"x-amz-target": target}, body, {})
            if status != 200:
                log.error("a %s that was answered could not be done again", target)
        self._stale.add("dynamodb")
        self.save()
        if self._journal < 0:
            raise OSError(f"the tables cannot be saved to {self._snapshot}")

    def _append(self, entry: bytes) -> None:
        written = os.write(self._journal, entry)
        self._written += written
        if written != len(entry):
            # Half an entry would hide all that follow it.
            os.ftruncate(self._journal, os.fstat(self._journal).st_size - written)
            raise OSError("the disk is full; the write to the table is not answered")

    def _begin_journal(self) -> None:
        """Begin a journal that follows the snapshot as it now is, and no other."""
        draft = self._journal_path.with_suffix(".new")
        journal = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        os.write(journal, self._identity())
        draft.replace(self._journal_path)
        if self._journal >= 0:
            os.close(self._journal)
        self._journal, self._written = journal, 0

    def _identity(self) -> bytes:
        try:
            found = self._snapshot.stat()
        except FileNotFoundError:
            return b"nothing\n"
        return f"{found.st_ino} {found.st_mtime_ns} {found.st_size}\n".encode()

    def _unsaved(self) -> Iterator[tuple[str, str, bytes]]:
        """The journal's whole entries, where it follows the snapshot on disk; a torn last one is nobody's answer."""
        try:
            journal = self._journal_path.open("rb")
        except FileNotFoundError:
            return
        with journal:
            if journal.readline() != self._identity():
                return
            while len(head := journal.readline().decode().split()) == 3:
                body = journal.read(int(head[2]))
                if journal.read(1) != b"\n":
                    return
                yield head[0], head[1], body


def _region(request: Request) -> str:
    """The region in a checked Authorization header."""
    return request.headers["authorization"].split("/", 3)[2]


def _changed(request: Request, target: str) -> set[str]:
    """The names of the saved states that a request may have changed."""
    if target.startswith("AWSCognito"):
        return {"cognito"}
    if target.startswith("DynamoDB"):
        return {"dynamodb"}
    service = _service(request)
    if service == "s3":
        # Objects, with their versions and delete markers, are on disk already; a bucket's settings are not.
        return set() if request.s3_target and request.s3_target[1] else {"s3"}
    # A stack is made behind the answer, so whoever asks how far it is learns that everything may have changed.
    return set(KEPT) if service == "cloudformation" else {"iam", "sts", "cloudwatch", "cloudfront"}


def _service(request: Request) -> str:
    found = request.headers.get("authorization", "").split("/", 4)
    return found[3] if len(found) == 5 else "s3"


# ---- The application --------------------------------------------------------------------------------------------


class Guard:
    """The ASGI application: admits, passes on, keeps."""

    def __init__(self, engine: Application, keeper: Keeper) -> None:
        self._engine = engine
        self._keeper = keeper
        self._saving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, incoming = None, Incoming(receive)
        try:
            request = read_request(scope)
            admitted, body = await admit(request, incoming)
        except Refused as refusal:
            await incoming.drain(request)
            await _refuse(request, refusal, send)
            return
        headers = [
            (name, value) for name, value in scope["headers"] if not FORWARDED.fullmatch(name.decode("latin-1").lower())
        ]
        await self._engine({**scope, "headers": headers}, admitted, self._keeping(request, body, send))

    def _keeping(self, request: Request, body: bytes, send: Send) -> Send:
        async def keep_then_send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._keeper.note(request, body, message["status"])
                message = _with_cors(request, message)
            await send(message)

        return keep_then_send

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def recover_then_send(message: dict[str, Any]) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._keeper.recover()
                self._saving = asyncio.create_task(self._keeper.run())
            await send(message)

        await self._engine(scope, receive, recover_then_send)


def _with_cors(request: Request, message: dict[str, Any]) -> dict[str, Any]:
    """S3 lets a page read its refusals; the engine adds the bucket's CORS headers to 2xx alone."""
    present = {name.lower() for name, _ in message["headers"]}
    if b"access-control-allow-origin" in present:
        return message
    allowed = [(name.encode(), value.encode()) for name, value in _cors_headers(request)]
    return {**message, "headers": [*message["headers"], *allowed]}


def _cors_headers(request: Request | None) -> list[tuple[str, str]]:
    if request is None or "origin" not in request.headers or not request.s3_target or not request.s3_target[0]:
        return []
    s3 = ministack.app._get_module("s3")
    found = s3.cors_response_headers(request.s3_target[0], request.method, request.headers)
    return [(name, str(value)) for name, value in found.items()]


async def _refuse(request: Request | None, refusal: Refused, send: Send) -> None:
    body, media_type = _refusal_body(request, refusal)
    headers = [
        ("content-type", media_type),
        ("content-length", str(len(body))),
        ("x-refused-by", "guard"),
        *_cors_headers(request),
    ]
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": encoded})
    await send({"type": "http.response.body", "body": b"" if request and request.method == "HEAD" else body})


def _refusal_body(request: Request | None, refusal: Refused) -> tuple[bytes, str]:
    if request is not None and "x-amz-target" in request.headers:
        return json.dumps({"__type": refusal.code, "message": str(refusal)}).encode(), "application/x-amz-json-1.1"
    fault = f"<Code>{escape(refusal.code)}</Code><Message>{escape(str(refusal))}</Message>"
    if request is not None and _service(request) != "s3":
        return f"<ErrorResponse><Error><Type>Sender</Type>{fault}</Error></ErrorResponse>".encode(), "text/xml"
    return f'<?xml version="1.0" encoding="UTF-8"?><Error>{fault}</Error>'.encode(), "application/xml"


def checked_environment() -> None:
    """Raises SystemExit, naming the variable, where the engine would be open in spite of the guard."""
    if os.environ.get("AUTH") != "true":
        raise SystemExit("AUTH must be true")
    if not KEY_ID.fullmatch(ROOT_ID) or len(ROOT_SECRET) < 20:
        raise SystemExit("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be a key pair of AWS's shape")
    if os.environ.get("PERSIST_STATE") != "1" or os.environ.get("S3_PERSIST") != "1":
        raise SystemExit("PERSIST_STATE and S3_PERSIST must be 1")


checked_environment()
os.umask(0o077)  # the engine's files hold every secret of the stack
for folder in (STATE_DIR, Path(os.environ["S3_DATA_DIR"])):
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
# To make one stack the engine loads every service that it knows, fifty of them. Only ours are worth a file each.
for name in ministack.app._state_map.keys() - KEPT:
    del ministack.app._state_map[name]
app = Guard(ministack.app.app, Keeper(STATE_DIR))


def main() -> None:
    """Serve in this process alone: a worker process would outlive a kill -9 of its parent, and go on serving."""
    from hypercorn.asyncio import serve  # type: ignore[import-not-found]  # in the engine's environment alone
    from hypercorn.config import Config  # type: ignore[import-not-found]  # likewise

    config = Config()
    config.bind = [f"{os.environ.get('BIND_HOST', '127.0.0.1')}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.keep_alive_max_requests = 10**9
    config.loglevel = "WARNING"
    config.errorlog = "-"
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
