"""Every error that nginx answers itself, in the one shape."""

import re
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.gateway.echo_upstream import EchoUpstream
from tests.integration.gateway.gateway_process import BOUND_SECONDS, Gateway
from tests.integration.gateway.raw_http import Answer, exchange, received, request

ORIGIN = "https://app.example.org"
NOBODY = "unix:/nowhere/at/all.sock"


def assert_is_ours(answer: Answer, status: int, error: str, origin: str | None = ORIGIN) -> None:
    assert answer.status == status
    assert answer["content-type"] == "application/json"
    assert answer.json["error"] == error
    assert re.fullmatch(r"[A-Z].*\.", answer.json["message"])
    assert re.fullmatch(r"[0-9a-f]{32}", answer["x-request-id"])
    assert answer["vary"] == "Origin"
    assert answer["x-content-type-options"] == "nosniff"
    assert answer.all("access-control-allow-origin") == ([origin] if origin else [])


def asked(gateway: Gateway, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    return request(gateway.port, method, path, {"Origin": ORIGIN, **headers}, body)


def test_404_405_413_414_and_431(gateway: Gateway) -> None:
    assert_is_ours(asked(gateway, "GET", "/nothing"), 404, "not_found")
    assert_is_ours(asked(gateway, "PUT", "/profiles"), 405, "method_not_allowed")
    assert_is_ours(asked(gateway, "POST", "/upload-url", b"x" * 65537), 413, "payload_too_large")
    assert_is_ours(asked(gateway, "GET", "/profiles?" + "a" * 3600), 414, "uri_too_long")
    assert_is_ours(asked(gateway, "GET", "/profiles?" + "a" * 9000), 414, "uri_too_long", origin=None)
    assert_is_ours(asked(gateway, "GET", "/profiles", Authorization="Bearer " + "a" * 9000), 431, "headers_too_large")


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /profiles\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET profiles HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nNul: \x00\r\n\r\n",
        b"GET / HTTX/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1 more\r\nHost: a\r\n\r\n",
        b"POST /links HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /links HTTP/1.1\r\nHost: a\r\nContent-Length: 1e3\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_400_for_what_is_not_http(gateway: Gateway, upstream: EchoUpstream, raw: bytes) -> None:
    before = len(upstream.seen)
    (answer,) = exchange(gateway.port, raw)
    assert_is_ours(answer, 400, "bad_request", origin=None)
    assert len(upstream.seen) == before


def test_501_and_505(gateway: Gateway) -> None:
    coded = b"POST /links HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n"
    (answer,) = exchange(gateway.port, coded)
    assert_is_ours(answer, 501, "not_implemented", origin=None)
    (answer,) = exchange(gateway.port, b"GET / HTTP/3.0\r\nHost: a\r\n\r\n")
    assert_is_ours(answer, 505, "http_version_not_supported", origin=None)


@pytest.mark.parametrize("line", [b"GET /profiles\r\n", b"GET /\r\n", b"GET /healthz\n", b"POST /links\r\n"])
def test_http_0_9_is_refused(gateway: Gateway, upstream: EchoUpstream, line: bytes) -> None:
    before = len(upstream.seen)
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(line)
        answer = received(connection)
    assert b"bad_request" in answer
    assert len(upstream.seen) == before


def test_502_and_503_say_when_to_ask_again(gateway: Gateway, a_gateway: Callable[..., Gateway]) -> None:
    alone = a_gateway(NOBODY)
    answer = asked(alone, "GET", "/profiles")
    assert_is_ours(answer, 502, "bad_gateway")
    assert answer["retry-after"] == "2"
    assert request(alone.internal_port, "POST", "/sign", body=b"{}").json["error"] == "bad_gateway"
    assert asked(alone, "GET", "/healthz").json == {"status": "ok"}
    cut = asked(gateway, "POST", "/links?answer=hang-up", b"{}")
    assert_is_ours(cut, 502, "bad_gateway")


def test_504_says_when_to_ask_again(a_gateway: Callable[..., Gateway]) -> None:
    impatient = a_gateway(edits={"proxy_read_timeout 65s": "proxy_read_timeout 1s"})
    answer = asked(impatient, "GET", "/profiles?answer=never")
    assert_is_ours(answer, 504, "gateway_timeout")
    assert answer["retry-after"] == "2"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_may_have_been_done_is_not_asked_twice(gateway: Gateway, upstream: EchoUpstream, method: str) -> None:
    path = "/links?answer=hang-up" if method == "POST" else "/links/x?answer=hang-up"
    request(gateway.port, "GET", "/links")  # so that there is a kept connection
    before = len(upstream.seen)
    assert asked(gateway, method, path).status == 502
    assert len(upstream.seen) == before + 1


@pytest.mark.parametrize("status", [400, 401, 404, 409, 413, 422, 429, 500, 503])
def test_the_services_errors_pass_as_they_are(gateway: Gateway, status: int) -> None:
    answer = asked(gateway, "POST", f"/links?answer={status}", b"{}")
    assert answer.status == status
    assert answer.json["target"] == f"/links?answer={status}"
    assert answer["access-control-allow-origin"] == ORIGIN
    assert answer["x-request-id"]


def test_a_services_retry_after_is_the_one_that_counts(gateway: Gateway) -> None:
    assert asked(gateway, "GET", "/photos?answer=503&with=Retry-After:7")["retry-after"] == "7"
    assert asked(gateway, "GET", "/photos?answer=503")["retry-after"] == "2"
    assert asked(gateway, "GET", "/photos?answer=429")["retry-after"] == "1"
    assert "retry-after" not in asked(gateway, "GET", "/photos?answer=404")
    assert asked(gateway, "GET", "/photos?answer=405&with=Allow:BREW")["allow"] == "BREW"


BODIES: list[Any] = [
    ("/upload-url", 65536, 200),
    ("/upload-url", 65537, 413),
    ("/api/profilephoto/upload", 5 * 1024 * 1024 + 65536, 200),
    ("/api/profilephoto/upload", 5 * 1024 * 1024 + 65537, 413),
    ("/uppy/photo/s3/multipart", 65537, 413),
]


@pytest.mark.parametrize(("path", "length", "status"), BODIES)
def test_a_body_has_its_routes_limit(gateway: Gateway, path: str, length: int, status: int) -> None:
    answer = asked(gateway, "POST", path, b"x" * length)
    assert answer.status == status
    if status == 200:
        assert answer.json["body_length"] == length


def test_a_chunked_body_has_the_same_limit_and_arrives_with_its_length(gateway: Gateway) -> None:
    top = "POST /links HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    small = exchange(gateway.port, top.encode() + b"3\r\nabc\r\n0\r\n\r\n")[0].json
    assert small["body_length"] == 3
    assert ["content-length", "3"] in small["headers"]
    large = b"10001\r\n" + b"x" * 65537 + b"\r\n0\r\n\r\n"
    assert exchange(gateway.port, top.encode() + large)[0].json["error"] == "payload_too_large"


A_MEGABYTE = b"x" * 1024 * 1024
UPLOAD = "/api/profilephoto/upload"


def test_a_file_that_comes_in_chunks_has_its_routes_limit(gateway: Gateway) -> None:
    top = f"POST {UPLOAD} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
    chunk = b"100000\r\n" + A_MEGABYTE + b"\r\n"
    (taken,) = exchange(gateway.port, top + chunk * 5 + b"0\r\n\r\n")
    assert taken.json["body_length"] == 5 * 1024 * 1024
    (refused,) = exchange(gateway.port, top + chunk * 6 + b"0\r\n\r\n")
    assert_is_ours(refused, 413, "payload_too_large", origin=None)


def test_an_error_that_meets_a_file_is_still_itself(a_gateway: Callable[..., Gateway]) -> None:
    alone = a_gateway(NOBODY, RATE_LIMIT="1")
    answers = [asked(alone, "POST", UPLOAD, A_MEGABYTE) for _ in range(4)]
    assert_is_ours(answers[0], 502, "bad_gateway")
    assert_is_ours(next(answer for answer in answers if answer.status != 502), 429, "rate_limited")


def test_the_internal_listener_has_the_same_limit(gateway: Gateway) -> None:
    assert request(gateway.internal_port, "POST", "/sign", body=b"x" * 65537).json["error"] == "payload_too_large"


def is_closed_within(connection: socket.socket, seconds: float) -> bool:
    """Whether the other side ends the connection, without a word; raises TimeoutError where it does not."""
    connection.settimeout(seconds)
    try:
        return connection.recv(65536) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    ("timer", "sent"),
    [
        ("client_header_timeout 10s", b"GET /profiles HTTP/1.1\r\nHost: a\r\nX-Slow: "),
        ("client_body_timeout 15s", b"POST /links HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"),
    ],
)
def test_a_client_that_stops_sending_is_let_go(
    a_gateway: Callable[..., Gateway], upstream: EchoUpstream, timer: str, sent: bytes
) -> None:
    impatient = a_gateway(edits={timer: timer.split()[0] + " 1s"})
    before = len(upstream.seen)
    with socket.create_connection(("127.0.0.1", impatient.port)) as connection:
        connection.sendall(sent)
        assert is_closed_within(connection, BOUND_SECONDS)
    assert len(upstream.seen) == before


def test_slow_clients_keep_nobody_else_waiting(gateway: Gateway, upstream: EchoUpstream) -> None:
    top = b"POST /links HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"
    before = len(upstream.seen)
    slow = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(150)]
    try:
        for connection in slow:
            connection.sendall(top)
        started = time.monotonic()
        assert all(request(gateway.port, "GET", "/profiles").status == 200 for _ in range(20))
        assert time.monotonic() - started < 2
        assert len(upstream.seen) == before + 20
    finally:
        for connection in slow:
            connection.close()
