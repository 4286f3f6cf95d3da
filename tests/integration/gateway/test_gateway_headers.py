"""What of a request reaches a service, what an answer says, and what is logged."""

import re
from collections.abc import Callable

import pytest

from tests.integration.gateway.echo_upstream import EchoUpstream
from tests.integration.gateway.gateway_process import Gateway
from tests.integration.gateway.raw_http import exchange, request

PASSED_ON = {
    "host",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "authorization",
    "content-type",
    "content-length",
    "idempotency-key",
    "accept",
    "if-none-match",
}
HOSTILE = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/internal",
    "X-Forwarded-Anything": "x",
    "Forwarded": "for=6.6.6.6;host=evil.example",
    "X-Real-IP": "6.6.6.6",
    "X-Original-URL": "/internal/v1/signed-urls",
    "X-HTTP-Method-Override": "DELETE",
    "X-Request-Id": "chosen-by-the-client",
    "X_Request_Id": "chosen-by-the-client",
    "X_Forwarded_For": "6.6.6.6",
    "Content_Length": "0",
    "Cookie": "session=1",
    "TE": "trailers",
    "Trailer": "Authorization",
    "Upgrade": "websocket",
    "Keep-Alive": "timeout=1",
    "Proxy-Authorization": "Basic eDp5",
    "Proxy": "http://evil.example",
    "Expect": "100-continue",
    "Via": "1.1 x",
    "Range": "bytes=0-1",
}
SECRET = "eyJhbGciOiJub25lIn0.canary-in-a-token.sig"


def echoed(gateway: Gateway, **headers: str) -> dict[str, str]:
    answer = request(
        gateway.port, "GET", "/profiles", {name.replace("_", "-"): value for name, value in headers.items()}
    )
    return dict(answer.json["headers"])


def test_a_service_gets_the_named_headers_and_no_other(gateway: Gateway, upstream: EchoUpstream) -> None:
    wanted = {"Authorization": "Bearer x", "Content-Type": "application/json", "Idempotency-Key": "k", "Accept": "*/*"}
    before = len(upstream.seen)
    request(gateway.port, "POST", "/links", {**HOSTILE, **wanted}, b"{}")
    headers = dict(upstream.seen[before]["headers"])
    assert set(headers) <= PASSED_ON
    assert {name.lower(): value for name, value in wanted.items()}.items() <= headers.items()
    assert headers["host"] == "countersign"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["content-length"] == "2"


def test_an_upgrade_is_not_passed_on(gateway: Gateway) -> None:
    raw = (
        b"GET /profiles HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close, Authorization\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\nAuthorization: Bearer kept\r\n\r\n"
    )
    (answer,) = exchange(gateway.port, raw)
    headers = dict(answer.json["headers"])
    assert answer.status == 200
    assert headers["authorization"] == "Bearer kept"
    assert not {"upgrade", "sec-websocket-key", "connection"} & set(headers)


def test_a_request_id_is_new_and_the_same_on_both_sides(gateway: Gateway) -> None:
    ids = set()
    for _ in range(5):
        answer = request(gateway.port, "GET", "/profiles?with=X-Request-Id:upstreams", {"X-Request-Id": "mine"})
        assert dict(answer.json["headers"])["x-request-id"] == answer["x-request-id"]
        assert re.fullmatch("[0-9a-f]{32}", answer["x-request-id"])
        ids.add(answer["x-request-id"])
    assert len(ids) == 5
    assert re.fullmatch("[0-9a-f]{32}", request(gateway.internal_port, "GET", "/readyz")["x-request-id"])


def test_s21_only_a_trusted_proxy_says_who_the_client_is(gateway: Gateway, a_gateway: Callable[..., Gateway]) -> None:
    behind = a_gateway(TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8")
    said = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7, 10.1.2.3", "X-Forwarded-Proto": "https"}
    headers = echoed(behind, **said)
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("192.0.2.7", "https")
    headers = echoed(gateway, **said)
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == ("127.0.0.1", "http")
    secure = request(behind.port, "GET", "/healthz", said)
    assert secure["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in request(gateway.port, "GET", "/healthz", said)


@pytest.mark.parametrize("path", ["/", "/docs", "/profiles", "/nothing", "/static/favicon.svg"])
def test_answers_have_security_headers_once(gateway: Gateway, path: str) -> None:
    said = (
        "?with=X-Frame-Options:ALLOWALL&with=Content-Security-Policy:x&with=Server:gunicorn/27"
        if path == "/profiles"
        else ""
    )
    answer = request(gateway.port, "GET", path + said)
    assert answer["x-content-type-options"] == "nosniff"
    assert answer["x-frame-options"] == "DENY"
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["server"] == "nginx"
    assert "frame-ancestors 'none'" in answer["content-security-policy"]
    assert "unsafe" not in answer["content-security-policy"]


def test_s22_the_page_may_load_its_own_files_and_talk_to_the_bucket_and_the_pool(
    a_gateway: Callable[..., Gateway],
) -> None:
    running = a_gateway(
        S3_PUBLIC_ENDPOINT="https://b.s3.eu-west-1.amazonaws.com", TOKEN_ENDPOINT="https://pool.example"
    )
    policy = request(running.port, "GET", "/")["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"] == "'self' https://b.s3.eu-west-1.amazonaws.com https://pool.example"
    assert rules["img-src"] == "'self' blob: https://b.s3.eu-west-1.amazonaws.com"
    assert request(running.port, "GET", "/settings.json").json["token_endpoint"] == "https://pool.example"


def test_s22_the_pages_have_nothing_inline(gateway: Gateway) -> None:
    for path in ("/", "/docs"):
        page = request(gateway.port, "GET", path).body.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href)=.https?://", page)
        assert all(re.search(r'src="/static/[a-z-]+\.js"', tag) for tag in re.findall(r"<script[^>]*>", page))


def test_caching_is_said_where_a_guess_would_be_wrong(gateway: Gateway) -> None:
    assert request(gateway.port, "GET", "/nothing")["cache-control"] == "no-store"
    assert request(gateway.port, "GET", "/static/default-avatar-800.jpg")["cache-control"] == "public, max-age=86400"
    assert request(gateway.port, "GET", "/")["cache-control"] == "no-cache"
    assert request(gateway.port, "GET", "/profiles?answer=200&with=Cache-Control:private")["cache-control"] == "private"
    assert "cache-control" not in request(gateway.port, "GET", "/profiles?answer=404")


def test_a_services_word_to_nginx_does_not_count(gateway: Gateway) -> None:
    answer = request(gateway.port, "GET", "/profiles?answer=200&with=X-Accel-Redirect:/settings.json")
    assert answer.json["method"] == "GET"
    assert "x-accel-redirect" not in answer


def test_a_redirect_passes_untouched(gateway: Gateway) -> None:
    where = "https://b.s3.amazonaws.com/k?X-Amz-Signature=" + "a" * 3000
    answer = request(
        gateway.port, "GET", "/shared/abc?answer=302&with=Location:" + where.replace("?", "%3F").replace("=", "%3D")
    )
    assert (answer.status, answer["location"]) == (302, where)


def test_s06_the_log_has_a_line_a_request_and_no_secret(gateway: Gateway) -> None:
    headers = {
        "Authorization": f"Bearer {SECRET}",
        "Cookie": SECRET,
        "Referer": f"http://x/?{SECRET}",
        "User-Agent": SECRET,
    }
    sent = {
        "/profiles/alice": "/profiles/alice",
        f"/profiles?token={SECRET}": "/profiles",
        f"/shared/{SECRET.replace('.', '_')}": "/shared/...",
        f"/share-links/{SECRET.replace('.', '_')}": "/share-links/...",
        f"/nothing/{SECRET}": "(not a route)",
    }
    for path, logged in sent.items():
        answer = request(gateway.port, "GET", path, headers)
        line = gateway.logged(answer["x-request-id"])
        assert (line["path"], line["status"], line["method"]) == (logged, answer.status, "GET")
        assert (line["listener"], line["client"], line["service"]) == ("public", "127.0.0.1", "gateway")
    refused = request(gateway.port, "PUT", "/profiles")
    assert gateway.logged(refused["x-request-id"])["method"] == "PUT"
    inside = request(gateway.internal_port, "GET", "/readyz")
    assert gateway.logged(inside["x-request-id"])["listener"] == "internal"
    assert "canary" not in gateway.log_file.read_text()
