"""What the guard closes: each row is a way in that the bare engine leaves open, or a request made to break it."""

import base64
import hashlib
import hmac
import json
import os
import stat
import subprocess
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

import pytest

from local.engine import AccessKey, Engine
from tests.contract.engine_wire import JPEG, Wire, an_object_key, free_port, raw, send


def put(wire: Wire) -> str:
    object_key = an_object_key()
    assert wire.use(wire.presign("PUT", object_key), JPEG).status == 200
    return object_key


def is_refused(status: int) -> bool:
    return status in {400, 403, 404, 405, 411, 413, 414}


# ---- Nobody is root by name

UNKNOWN = "AKIAAAAAAAAAAAAAAAAA"
IMPOSTORS = ["test", "123456789012", "000000000000", "", "AKIA", UNKNOWN, UNKNOWN.replace("AK", "AS"), "{root}"]
LIST_TABLES = "DynamoDB_20120810.ListTables"
LIST_POOLS = "AWSCognitoIdentityProviderService.ListUserPools"
CALLS = {"dynamodb": LIST_TABLES, "cognito-idp": LIST_POOLS}


@pytest.mark.parametrize("name", IMPOSTORS)
@pytest.mark.parametrize("how", ["header", "query", "form"])
def test_a_name_is_not_enough(wire: Wire, name: str, how: str) -> None:
    pair = AccessKey(name.format(root=wire.deployment.root.access_key_id), "not the secret")
    object_key = an_object_key()
    if how == "header":
        target, headers = wire.signed("PUT", wire.url(object_key), identity=pair, body=JPEG)
        status = send(wire.port, "PUT", target, headers, JPEG).status
    elif how == "query":
        status = wire.use(wire.presign("PUT", object_key, identity=pair), JPEG).status
    else:
        status = wire.post(wire.form(object_key, identity=pair), JPEG).status
    assert is_refused(status)


@pytest.mark.parametrize("name", IMPOSTORS)
@pytest.mark.parametrize(("service", "target"), CALLS.items(), ids=CALLS)
def test_a_name_is_not_enough_for_an_api(wire: Wire, name: str, service: str, target: str) -> None:
    pair = AccessKey(name.format(root=wire.deployment.root.access_key_id), "not the secret")
    assert is_refused(wire.call(service, target, {}, identity=pair).status)


@pytest.mark.parametrize("name", ["test", "123456789012"])
def test_another_name_with_roots_secret_is_not_root(wire: Wire, name: str) -> None:
    pair = AccessKey(name, wire.deployment.root.secret_access_key)
    assert is_refused(wire.use(wire.presign("PUT", an_object_key(), identity=pair), JPEG).status)
    assert is_refused(wire.call("dynamodb", LIST_TABLES, {}, identity=pair).status)


def test_root_works_by_its_signature(wire: Wire) -> None:
    object_key = put(wire)
    assert wire.use(wire.presign("GET", object_key, identity="root")).body == JPEG
    assert wire.call("dynamodb", LIST_TABLES, {}).status == 200


@pytest.mark.parametrize("service", ["dynamodb", "cognito-idp"])
def test_the_body_is_signed(wire: Wire, service: str) -> None:
    body = b'{"MaxResults": 1}' if service == "cognito-idp" else b"{}"
    headers = {"x-amz-target": CALLS[service], "content-type": "application/x-amz-json-1.0"}
    path, signed = wire.signed("POST", wire.deployment.endpoint + "/", service=service, headers=headers, body=body)
    assert send(wire.port, "POST", path, signed, b'{"MaxResults": 2}').status in {400, 403}
    assert send(wire.port, "POST", path, signed, body).status == 200


def test_an_api_call_cannot_leave_its_body_unsigned(wire: Wire) -> None:
    headers = {"x-amz-target": LIST_TABLES, "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    path, signed = wire.signed("POST", wire.deployment.endpoint + "/", service="dynamodb", headers=headers, body=b"{}")
    assert send(wire.port, "POST", path, signed, b"{}").status == 400


def test_an_api_is_not_signed_in_the_query(wire: Wire) -> None:
    url = f"{wire.deployment.endpoint}/"
    for service in ("dynamodb", "iam", "sts"):
        signed = wire.presign("POST", identity="root", url=url, service=service)
        assert wire.use(signed, b"{}", {"x-amz-target": LIST_TABLES}).status == 403


def test_a_signature_for_one_service_is_none_for_another(wire: Wire) -> None:
    for service, target in (("sts", LIST_TABLES), ("dynamodb", LIST_POOLS)):
        assert wire.call(service, target, {}).status == 403


def test_a_service_that_we_do_not_use_is_closed(wire: Wire) -> None:
    for service in ("lambda", "sqs", "secretsmanager", "kms", "ec2"):
        target, headers = wire.signed("POST", wire.deployment.endpoint + "/", service=service, body=b"{}")
        assert send(wire.port, "POST", target, headers, b"{}").status == 403


# ---- Old and foreign ways to sign


def test_signature_version_2_in_a_header(wire: Wire) -> None:
    path, date = f"/{wire.deployment.bucket}/{put(wire)}", formatdate(usegmt=True)
    root = wire.deployment.root
    for pair in (root, AccessKey("test", "test")):
        digest = hmac.digest(pair.secret_access_key.encode(), f"GET\n\n\n{date}\n{path}".encode(), "sha1")
        authorization = f"AWS {pair.access_key_id}:{base64.b64encode(digest).decode()}"
        assert send(wire.port, "GET", path, {"date": date, "authorization": authorization}).status == 400


def test_signature_version_2_in_the_query(wire: Wire) -> None:
    path, ends = f"/{wire.deployment.bucket}/{put(wire)}", "4102444800"
    root = wire.deployment.root
    digest = hmac.digest(root.secret_access_key.encode(), f"GET\n\n\n{ends}\n{path}".encode(), "sha1")
    signature = quote(base64.b64encode(digest).decode(), safe="")
    assert (
        send(
            wire.port, "GET", f"{path}?AWSAccessKeyId={root.access_key_id}&Expires={ends}&Signature={signature}"
        ).status
        == 400
    )
    assert send(wire.port, "GET", f"{path}?awsaccesskeyid=test&Expires={ends}&signature=x").status == 400


AUTHORIZATIONS = {
    "bearer": "Bearer x",
    "basic": "Basic dGVzdDp0ZXN0",
    "sigv4a": "AWS4-ECDSA-P256-SHA256 Credential=test/20260101/s3/aws4_request, SignedHeaders=host, Signature=00",
    "empty": "",
    "garbage": "AWS4-HMAC-SHA256 Credential",
    "no-commas": "AWS4-HMAC-SHA256 Credential=test/x SignedHeaders=host Signature=0",
    "twice-a-part": "AWS4-HMAC-SHA256 Credential=a, Credential=b, SignedHeaders=host, Signature=0",
}


@pytest.mark.parametrize("authorization", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS.keys())
@pytest.mark.parametrize("target", ["", LIST_TABLES, LIST_POOLS])
def test_another_authorization_is_refused(wire: Wire, authorization: str, target: str) -> None:
    headers = {"authorization": authorization, **({"x-amz-target": target} if target else {})}
    assert is_refused(send(wire.port, "POST", "/", headers, b"{}").status)
    assert is_refused(send(wire.port, "GET", f"/{wire.deployment.bucket}/{put(wire)}", headers).status)


def test_signed_in_two_ways_is_refused(wire: Wire) -> None:
    url = wire.presign("GET", put(wire), identity="reader").url
    target, headers = wire.signed("GET", url, identity="reader")
    assert send(wire.port, "GET", target, headers).status == 400


TWICE = [
    "X-Amz-Credential=test/20260101/us-east-1/s3/aws4_request",
    "x-amz-signature=00",
    "X-Amz-Expires=604800",
    "a=1&a=2",
]


@pytest.mark.parametrize("more", TWICE)
def test_a_query_that_says_a_thing_twice_is_refused(wire: Wire, more: str) -> None:
    signed = wire.presign("GET", put(wire), identity="reader")
    assert send(wire.port, "GET", signed.url.removeprefix(wire.deployment.endpoint) + f"&{more}").status in {400, 403}


@pytest.mark.parametrize("signature", ["é" * 64, "０" * 64, "A" * 64, "0" * 63, "0" * 4000])
def test_a_signature_that_is_no_hexadecimal_is_refused(wire: Wire, signature: str) -> None:
    object_key = put(wire)
    target, headers = wire.signed("GET", wire.url(object_key), identity="reader")
    spelled = headers["Authorization"].rpartition("=")[0] + "=" + signature
    line = f"GET {target} HTTP/1.1\r\n" + "".join(
        f"{name}: {spelled if name == 'Authorization' else value}\r\n" for name, value in headers.items()
    )
    assert raw(wire.port, f"{line}\r\n".encode())[9:12] == b"403"
    url, _, _ = wire.presign("GET", object_key, identity="reader").url.rpartition("=")
    assert send(wire.port, "GET", url.removeprefix(wire.deployment.endpoint) + "=" + quote(signature)).status in {
        403,
        414,
    }
    fields = {**wire.form(an_object_key("incoming")), "x-amz-signature": signature}
    assert wire.post(fields, JPEG).status == 403


# ---- What is not signed

UNSIGNED_HEADERS = {
    "x-amz-copy-source": "/{bucket}/{source}",
    "x-amz-tagging": "a=b",
    "x-amz-website-redirect-location": "/x",
    "x-amz-meta-a": "b",
    "x-amz-acl": "public-read",
    "x-amz-storage-class": "GLACIER",
    "x-amz-server-side-encryption-customer-algorithm": "AES256",
    "x-amz-target": LIST_TABLES,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
}


@pytest.mark.parametrize("name", UNSIGNED_HEADERS)
def test_an_unsigned_amz_header_on_a_presigned_put(wire: Wire, name: str) -> None:
    value = UNSIGNED_HEADERS[name].format(bucket=wire.deployment.bucket, source=put(wire))
    presigned = wire.presign("PUT", an_object_key())
    assert wire.use(presigned, JPEG, {name: value}).status == 403
    assert wire.use(presigned, JPEG).status == 200


CLOSED = [
    ("GET", "/"),
    ("GET", "/{bucket}"),
    ("GET", "/{bucket}/{object}"),
    ("PUT", "/{bucket}/users/ann/profile/x.jpg"),
    ("DELETE", "/{bucket}/{object}"),
    ("POST", "/{bucket}?delete"),
    ("POST", "/{bucket}"),
    ("POST", "/"),
    ("GET", "/health"),
    ("GET", "/_ministack/health"),
    ("GET", "/_ministack/ready"),
    ("POST", "/_ministack/reset"),
    ("POST", "/_ministack/config"),
    ("GET", "/_localstack/health"),
    ("PUT", "/_ministack/cfn-response/x"),
    ("GET", "/_aws/lambda-url/x/"),
    ("GET", "/oauth2/authorize"),
    ("POST", "/oauth2/token"),
    ("GET", "/oauth2/userInfo"),
    ("GET", "/login"),
    ("GET", "/logout"),
    ("GET", "/v2/"),
    ("GET", "/iceberg/v1/config"),
    ("GET", "/v20180820/mrap/instances"),
    ("OPTIONS", "/_ministack/reset"),
    ("OPTIONS", "/{bucket}/{object}"),
    ("GET", "/?Action=ListUsers"),
    ("POST", "/?Action=ListUsers"),
    ("GET", "/us-east-1_nobody/.well-known/jwks.txt"),
]


@pytest.mark.parametrize(("method", "target"), CLOSED, ids=[f"{method}{target}" for method, target in CLOSED])
@pytest.mark.parametrize("host", ["127.0.0.1", "bucket"])
def test_the_unsigned_are_refused(wire: Wire, method: str, target: str, host: str) -> None:
    path = target.format(bucket=wire.deployment.bucket, object=put(wire))
    name = f"{wire.deployment.bucket}.localhost" if host == "bucket" else host
    body = b"" if method in {"PUT", "POST"} else None
    answer = send(wire.port, method, path, {"host": f"{name}:{wire.port}"}, body)
    assert is_refused(answer.status)
    assert answer.headers["x-refused-by"] == "guard"


INTERNAL = ["/_ministack/reset", "/_ministack/config", "/_ministack/health", "/health", "/oauth2/token"]


@pytest.mark.parametrize("path", INTERNAL)
def test_what_is_nobodys_is_not_roots_either(wire: Wire, path: str) -> None:
    target, headers = wire.signed("POST", wire.deployment.endpoint + path, body=b"{}")
    assert send(wire.port, "POST", target, headers, b"{}").status == 403
    assert wire.use(wire.presign("POST", identity="root", url=wire.deployment.endpoint + path), b"{}").status == 403


HOSTS = [
    "evil.example",
    "dynamodb.us-east-1.amazonaws.com",
    "abcdef12.execute-api.localhost",
    "abc.cloudfront.localhost",
    "x.lambda-url.us-east-1.localhost",
    "localhost.evil.example",
    "",
    "a b",
    "[::1]",
    "x" * 300,
]


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused(wire: Wire, host: str) -> None:
    assert is_refused(send(wire.port, "GET", "/", {"host": host}).status)


# ---- How long a body is, and by which way it came


def test_a_chunked_put_without_a_length_is_refused(wire: Wire) -> None:
    path = wire.presign("PUT", an_object_key()).url.removeprefix(wire.deployment.endpoint)
    head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\n"
    chunked = head + "Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n"
    assert raw(wire.port, chunked.encode()).split()[1] == b"411"
    assert raw(wire.port, (head + "\r\n").encode()).split()[1] == b"411"


def test_a_body_that_says_its_own_length_is_refused(wire: Wire) -> None:
    chunk = b"4\r\nfour\r\n0\r\n\r\n"
    presigned = wire.presign("PUT", an_object_key("incoming"), headers={"content-length": str(len(chunk))})
    assert wire.use(presigned, chunk, {"content-encoding": "aws-chunked"}).status == 400


def test_forwarded_headers_do_not_fake_tls(wire: Wire) -> None:
    bucket, s3 = wire.deployment.bucket, wire.deployment.client("s3")
    kept = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    signed = wire.presign("GET", put(wire), identity="reader")
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [tls_only]}))
    try:
        assert wire.use(signed).status == 403
        assert wire.use(signed, headers={"x-forwarded-proto": "https", "x-forwarded-for": "10.0.0.1"}).status == 403
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=kept)
    assert wire.use(signed).status == 200


# ---- Long and hostile inputs

AMZ = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires=60"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature={}"
)
SCOPE = "AKIAAAAAAAAAAAAAAAAA/20260101/us-east-1/s3/aws4_request"
TARGETS = {
    "a-long-path": "/bucket/" + "a" * 9000,
    "a-long-query": "/bucket/a?" + "a" * 9000,
    "a-long-key": "/bucket/" + "%C3%A9" * 1100,
    "a-query-not-utf8": "/bucket/a?b=%ff",
    "a-path-not-utf8": "/bucket/%ff%fe",
    "a-nul": "/bucket/a%00b",
    "a-newline": "/bucket/a%0d%0ab",
    "half-an-escape": "/bucket/a%2",
    "a-bad-escape": "/bucket/%zz",
    "dots": "/bucket/../../etc/passwd",
    "escaped-dots": "/bucket/%2e%2e/%2e%2e/etc/passwd",
    "slashes": "//bucket//a",
    "a-surrogate": "/bucket/%ed%a0%80",
    "many-parameters": "/bucket/a?" + "&".join(f"a{i}=1" for i in range(900)),
    "empty-parameters": "/bucket/a?&&&=&=",
    "no-slash": "bucket",
    "another-scheme": "http://127.0.0.1/bucket/a",
    "a-key-id-of-slashes": "/bucket/a?" + AMZ.format("%2F%2F%2F%2F", "20260101T000000Z", "00"),
    "a-date-of-nines": "/bucket/a?" + AMZ.format(quote(SCOPE), "99999999T999999Z", "00"),
    "a-date-of-letters": "/bucket/a?" + AMZ.format(quote(SCOPE), "%C3%A9", "00"),
    "a-signature-of-letters": "/bucket/a?" + AMZ.format(quote(SCOPE), "20260101T000000Z", "%F0%9F%98%80"),
    "a-long-credential": "/bucket/a?" + AMZ.format("A" * 5000, "20260101T000000Z", "00"),
    "full-width-digits": "/bucket/a?" + AMZ.format(quote(SCOPE), "20260101T000000Z", "00").replace("=60", "=%EF%BC%96"),
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_hostile_target_is_refused(wire: Wire, target: str, method: str) -> None:
    request = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{wire.port}\r\nContent-Length: 0\r\n\r\n"
    assert is_refused(int(raw(wire.port, request.encode()).split()[1]))


POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
LINES = {
    "an-unknown-method": b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two-hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: 127.0.0.1\r\n\r\n",
    "two-targets": POST + b"X-Amz-Target: a\r\nX-Amz-Target: b\r\nContent-Length: 0\r\n\r\n",
    "two-lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a-negative-length": POST + b"Content-Length: -1\r\n\r\n",
    "a-huge-length": b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n",
    "a-length-past-int": b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 19 + b"\r\n\r\n",
    "length-and-chunks": POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a-header-not-utf8": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Meta-A: \xff\xfe\r\n\r\n",
    "a-long-header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n",
    "http-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no-http": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
}


@pytest.mark.parametrize("payload", LINES.values(), ids=LINES.keys())
def test_hostile_bytes_get_no_answer_but_a_refusal(wire: Wire, payload: bytes) -> None:
    answer = raw(wire.port, payload)
    assert answer[:9] in {b"", b"HTTP/1.1 "} or answer[3] in {4, 7}  # nothing, or HTTP/2's SETTINGS and GOAWAY
    assert not answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 5"))


BODIES = {
    "no-json": b"{",
    "a-list": b"[]",
    "a-number": b"1",
    "empty": b"",
    "not-utf8": b'{"ClientId": "\xff"}',
    "a-lone-surrogate": b'{"ClientId": "\\ud800"}',
    "deep": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "deep-lists": b"[" * 50_000,
    "a-number-for-a-text": b'{"ClientId": 1, "Username": 2, "Password": 3}',
    "a-list-for-a-text": b'{"ClientId": [], "Username": {}, "Password": null}',
    "texts-for-attributes": b'{"ClientId": "x", "UserAttributes": "name"}',
    "attributes-of-numbers": b'{"ClientId": "x", "UserAttributes": [1, null, []]}',
    "parameters-of-lists": b'{"ClientId": "x", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": []}',
    "parameters-of-objects": b'{"ClientId": "x", "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": {}}}',
    "a-huge-integer": b'{"ClientId": ' + b"9" * 6000 + b"}",
    "too-long": b'{"ClientId": "' + b"a" * 100_000 + b'"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("call", ["SignUp", "InitiateAuth", "RespondToAuthChallenge", "ForgotPassword", "GetUser"])
def test_a_hostile_public_call_is_refused(wire: Wire, call: str, body: bytes) -> None:
    assert wire.public(call, body).status in {400, 413}


SRP = [
    {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ann", "SRP_A": "no hexadecimal"}},
    {"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {}},
    {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "a.b.c"}},
    {"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ann"}},
    {"AuthFlow": "ADMIN_NO_SRP_AUTH", "AuthParameters": {"USERNAME": "ann", "PASSWORD": "x"}},
    {"AuthFlow": "", "AuthParameters": {"USERNAME": "", "PASSWORD": ""}},
]


@pytest.mark.parametrize("arguments", SRP, ids=lambda arguments: str(arguments["AuthFlow"]) or "none")
def test_a_sign_in_that_makes_no_sense_is_refused(wire: Wire, arguments: dict[str, object]) -> None:
    assert wire.public("InitiateAuth", {"ClientId": wire.deployment.client_id, **arguments}).status == 400


NOT_PUBLIC = [
    "AdminCreateUser",
    "AdminInitiateAuth",
    "ListUsers",
    "ListUserPools",
    "DescribeUserPoolClient",
    "DeleteUserPool",
    "AdminSetUserPassword",
]


@pytest.mark.parametrize("call", NOT_PUBLIC)
def test_what_the_pool_does_for_its_admin_is_not_public(wire: Wire, call: str) -> None:
    assert wire.public(call, {"UserPoolId": wire.deployment.pool_id}).status == 403
    assert wire.public(call, {"UserPoolId": wire.deployment.pool_id}, authorization="Bearer x").status == 400


@pytest.mark.parametrize("call", ["GetUser", "ChangePassword", "GlobalSignOut"])
def test_a_made_up_access_token_is_refused(wire: Wire, call: str) -> None:
    claims = {"sub": "x", "token_use": "access", "client_id": wire.deployment.client_id, "iss": wire.deployment.issuer}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in ({"alg": "none"}, claims)]
    token = f"{parts[0]}.{parts[1]}.".replace("=", "")
    arguments = {"AccessToken": token, "PreviousPassword": "Aa1!aaaa", "ProposedPassword": "Bb2!bbbb"}
    asked = arguments if call == "ChangePassword" else {"AccessToken": token}
    assert wire.public(call, asked).status == 400


def test_the_engine_said_nothing_of_all_this(wire: Wire, running_engine: Engine) -> None:
    """A traceback in its log would be a fault that a stranger can cause."""
    for target in TARGETS.values():
        raw(wire.port, f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    for body in BODIES.values():
        wire.public("SignUp", body)
    assert "Traceback" not in (running_engine.state_dir / "output").read_text()


# ---- The guard's own conditions

BAD_ENVIRONMENTS = {
    "AUTH": "false",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "short",
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
}


@pytest.mark.parametrize("name", BAD_ENVIRONMENTS)
def test_it_does_not_start_where_it_would_guard_nothing(running_engine: Engine, tmp_path: Path, name: str) -> None:
    engine = Engine(free_port(), tmp_path, running_engine.venv, running_engine.root_credentials)
    environment = {**engine.environment(), name: BAD_ENVIRONMENTS[name]}
    ended = subprocess.run(engine.command(), env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def test_only_its_owner_can_read_its_state(running_engine: Engine, wire: Wire) -> None:
    put(wire)
    for folder, _, files in os.walk(running_engine.state_dir):
        for path in [Path(folder), *(Path(folder) / file for file in files)]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_it_listens_on_loopback_alone(running_engine: Engine) -> None:
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    port = f":{running_engine.port:04X} "
    addresses = {line.split()[1].split(":")[0] for line in listening.splitlines() if port in line and " 0A " in line}
    assert addresses == {"0100007F"}


def test_a_body_hash_is_worked_out_anew(wire: Wire) -> None:
    """A body hash that the client made up, for a body that is another: the engine trusts it, the guard does not."""
    headers = {"x-amz-content-sha256": hashlib.sha256(b"another").hexdigest()}
    url = wire.url(an_object_key())
    target, signed = wire.signed("PUT", url, identity="uploader", body=b"another", headers=headers)
    assert send(wire.port, "PUT", target, signed, JPEG).status == 400
