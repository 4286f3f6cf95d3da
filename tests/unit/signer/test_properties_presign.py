"""Signing, held to botocore byte for byte, and to the worked examples in Amazon's own documentation."""

import base64
import json
import string
from calendar import timegm
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given
from hypothesis import strategies as st

from signer_service.grants import Grant
from signer_service.presign import Bucket, Identity, Presigner, encode
from signer_service.schemas import item
from signer_service.signing import answer

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
ID = "3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a01"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

identities = st.builds(
    Identity,
    st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=24),
    st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=60),
    st.none() | st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=200),
)
endpoints = st.sampled_from(["", "http://127.0.0.1:4566", "https://s3.example.org", "http://s3.test:8443"])
regions = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-4", "us-gov-west-1", "cn-northwest-1"])
bucket_names = st.from_regex(r"[a-z0-9][a-z0-9-]{1,40}[a-z0-9]", fullmatch=True)
buckets = st.builds(Bucket.at, bucket_names, regions, endpoints)
object_keys = st.from_regex(
    r"(incoming/)?users/[A-Za-z0-9][A-Za-z0-9_-]{0,20}/photos/[0-9a-f-]{1,36}\.jpg", fullmatch=True
)
moments = st.integers(0, 4_102_444_800)  # to the year 2100
lives = st.integers(1, 604_800)
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
header_names = st.sampled_from(
    ["content-type", "content-length", "x-amz-checksum-sha256", "if-none-match", "cache-control"]
)
bound_headers = st.dictionaries(header_names, visible)
late_names = st.sampled_from(
    [
        "partNumber",
        "response-content-disposition",
        "response-content-type",
        "uploadId",
        "uploads",
        "x-countersign-grant",
    ]
)
queries = st.dictionaries(late_names, st.text(max_size=60).filter(lambda text: text.isprintable()))


def botocores_clock(at: int) -> Any:
    """botocore asks a clock of its own, and takes no other."""
    moment = datetime.fromtimestamp(at, UTC)
    return patch.object(auth, "get_current_datetime", lambda: moment)


def credentials(identity: Identity) -> Credentials:
    return Credentials(identity.access_key_id, identity.secret_access_key, identity.session_token)


def canonical(url: str) -> str:
    """The URL with its parameters in the order in which they are signed, and the signature last."""
    address, _, query = url.partition("?")
    parameters, _, signature = query.rpartition("&X-Amz-Signature=")
    return f"{address}?{'&'.join(sorted(parameters.split('&')))}&X-Amz-Signature={signature}"


def by_botocore(
    identity: Identity, bucket: Bucket, method: str, object_key: str, at: int, life: int, **more: dict[str, str]
) -> str:
    url = f"{bucket.origin}{bucket.prefix}{object_key}"
    request = AWSRequest(method=method, url=url, headers=more["headers"], params=dict(more["query"]))
    with botocores_clock(at):
        auth.S3SigV4QueryAuth(credentials(identity), "s3", bucket.region, expires=life).add_auth(request)
    return canonical(str(request.url))


@given(
    identities,
    buckets,
    st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    object_keys,
    moments,
    lives,
    bound_headers,
    queries,
)
def test_a_presigned_url_is_botocores(
    identity: Identity,
    bucket: Bucket,
    method: str,
    object_key: str,
    at: int,
    life: int,
    headers: dict[str, str],
    query: dict[str, str],
) -> None:
    written = "&".join(f"{encode(name)}={encode(text)}" for name, text in sorted(query.items()))
    presigner = Presigner(identity, bucket)
    ours = presigner.url(method, object_key, at=at, expires=life, headers=headers, query=written)
    assert ours == by_botocore(identity, bucket, method, object_key, at, life, headers=headers, query=query)


PARTS: dict[str, tuple[str, set[str]]] = {
    # S3 API: the method of each operation, and what in its query makes it that one
    "multipart_create": ("POST", {"uploads"}),
    "multipart_part": ("PUT", {"partNumber", "uploadId"}),
    "multipart_list": ("GET", {"uploadId"}),
    "multipart_complete": ("POST", {"uploadId"}),
    "multipart_abort": ("DELETE", {"uploadId"}),
}
upload_ids = st.text(string.ascii_letters + string.digits + "._~+/=-", min_size=1, max_size=1_024)


@given(identities, buckets, moments, lives, upload_ids, st.integers(1, 10_000), st.integers(0, 5 * 2**30))
def test_a_url_of_an_upload_in_parts_is_botocores(
    identity: Identity, bucket: Bucket, at: int, life: int, upload_id: str, number: int, length: int
) -> None:
    named = {
        "area": "incoming",
        "owner": "alice",
        "category": "photos",
        "id": ID,
        "ext": "jpg",
        "expires_at": at + life,
    }
    asked = {"uploads": "", "uploadId": upload_id, "partNumber": str(number)}
    grant = Grant("metadata", "the-jti", at, at + 30, "alice", None, [])
    presigner = Presigner(identity._replace(expires_at=None), bucket)  # no session's end comes before the URL's
    for op, (method, names) in PARTS.items():
        own: dict[str, Any] = {"multipart_create": {"content_type": "image/jpeg"}}.get(op, {"upload_id": upload_id})
        own |= {"part_number": number, "content_length": length} if op == "multipart_part" else {}
        made = answer(presigner, grant, item({"op": op, **named, **own}))
        bound = {"content-type": "image/jpeg"} if op == "multipart_create" else {}
        bound |= {"content-length": str(length)} if op == "multipart_part" else {}
        query = {name: asked[name] for name in names} | {"x-countersign-grant": "the-jti"}
        object_key = f"incoming/users/alice/photos/{ID}.jpg"
        theirs = by_botocore(identity, bucket, method, object_key, at, life, headers=bound, query=query)
        assert (made["method"], made["url"]) == (method, theirs)


@given(
    identities,
    buckets,
    object_keys,
    moments,
    lives,
    st.none() | visible,
    st.lists(st.integers(0, 5 * 2**30), min_size=2, max_size=2),
)
def test_a_form_is_botocores(
    identity: Identity,
    bucket: Bucket,
    object_key: str,
    at: int,
    life: int,
    content_type: str | None,
    lengths: list[int],
) -> None:
    low, high = sorted(lengths)
    _, fields = Presigner(identity, bucket).form(
        object_key, at=at, expires_at=at + life, lengths=(low, high), content_type=content_type
    )
    typed = {"Content-Type": content_type} if content_type else {}
    own = {"key": object_key, **typed, "success_action_status": "201"}
    conditions: list[Any] = [{"bucket": bucket.name}, {"key": object_key}, *([typed] if typed else [])]
    conditions += [["content-length-range", low, high], {"success_action_status": "201"}]
    ends = datetime.fromtimestamp(at + life, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = {"s3-presign-post-fields": own, "s3-presign-post-policy": {"expiration": ends, "conditions": conditions}}
    request = AWSRequest(method="POST", url=bucket.origin + bucket.prefix)
    request.context.update(asked)
    signing = auth.S3SigV4PostAuth(credentials(identity), "s3", bucket.region)
    with botocores_clock(at):
        signing.add_auth(request)
    theirs = request.context["s3-presign-post-fields"]
    assert json.loads(base64.b64decode(fields["policy"])) == request.context["s3-presign-post-policy"]
    # The policy's own bytes differ by white space; its signature is botocore's over ours.
    signed = signing.signature(fields["policy"], request)
    assert fields == theirs | {"policy": fields["policy"], "x-amz-signature": signed}


@given(identities, buckets, object_keys, st.lists(moments, min_size=2, max_size=6))
@example(Identity(KEY_ID, SECRET), Bucket.at("abc", "us-east-1", ""), "users/a/photos/b.jpg", [86_399, 86_400, 86_399])
def test_what_is_kept_between_signatures_changes_none(
    identity: Identity, bucket: Bucket, object_key: str, times: list[int]
) -> None:
    kept = Presigner(identity, bucket)
    for at in times:
        fresh = Presigner(identity, bucket)
        asked: dict[str, Any] = {"at": at, "expires": 60, "headers": {}}
        assert kept.url("GET", object_key, **asked) == fresh.url("GET", object_key, **asked)


@given(buckets, object_keys, queries)
def test_a_presigned_url_reads_back_as_what_was_asked(bucket: Bucket, object_key: str, query: dict[str, str]) -> None:
    written = "&".join(f"{encode(name)}={encode(text)}" for name, text in sorted(query.items()))
    url = urlsplit(
        Presigner(Identity(KEY_ID, SECRET), bucket).url("GET", object_key, at=0, expires=1, headers={}, query=written)
    )
    parameters = parse_qsl(url.query, strict_parsing=True, keep_blank_values=True)
    names = [name for name, _ in parameters]
    assert len(names) == len(set(names))
    assert names == [*sorted(names[:-1]), "X-Amz-Signature"]
    assert query.items() <= dict(parameters).items()
    assert url.path.endswith("/" + object_key)
    assert not url.fragment


def test_amazons_example_of_a_presigned_get() -> None:
    """S3 API reference, "Authenticating Requests: Using Query Parameters", example."""
    host = "examplebucket.s3.amazonaws.com"
    bucket = Bucket("examplebucket", "us-east-1", f"https://{host}", "/")
    url = Presigner(Identity(KEY_ID, SECRET), bucket).url(
        "GET", "test.txt", at=timegm((2013, 5, 24, 0, 0, 0)), expires=86_400, headers={}
    )
    assert url.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


EXAMPLE_POLICY = """\
{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}"""


def test_amazons_example_of_a_post_policy() -> None:
    """S3 API reference, "Example: Browser-Based Upload using HTTP POST"; its lines end in CR LF."""
    policy = base64.b64encode(EXAMPLE_POLICY.replace("\n", "\r\n").encode()).decode()
    presigner = Presigner(Identity(KEY_ID, SECRET), Bucket.at("sigv4examplebucket", "us-east-1", ""))
    # The policies that a form has are our own, so Amazon's goes in where a form's is signed.
    signature = presigner._moment(timegm((2015, 12, 29, 0, 0, 0))).signature(policy)
    assert signature == "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
