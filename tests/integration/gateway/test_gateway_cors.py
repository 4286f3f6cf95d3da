"""Which pages may read answers (S22)."""

import pytest

from tests.integration.gateway.gateway_process import Gateway
from tests.integration.gateway.raw_http import Answer, exchange, request

LISTED = ("https://app.example.org", "http://localhost:3000")
STRANGERS = (
    "https://evil.example",
    "https://app.example.org.evil.example",
    "https://appXexample.org",
    "https://evil.example/https://app.example.org",
    "http://app.example.org",
    "https://app.example.org:8443",
    "https://APP.example.org",
    "https://app.example.org ",
    "http://localhost:30000",
    "null",
    "*",
    "",
)
PATHS = (
    "/profiles/alice",
    "/",
    "/healthz",
    "/static/favicon.svg",
    "/profiles?answer=401",
    "/profiles?answer=500",
    "/nothing",
)
CORS = "access-control-"


def cors_of(answer: Answer) -> dict[str, str]:
    return {name.removeprefix(CORS): value for name, value in answer.headers if name.startswith(CORS)}


def preflight(gateway: Gateway, path: str, origin: str, method: str = "POST") -> Answer:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return request(gateway.port, "OPTIONS", path, headers)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", LISTED)
def test_s22_a_listed_origin_may_read_answers_and_errors(gateway: Gateway, path: str, origin: str) -> None:
    answer = request(gateway.port, "GET", path, {"Origin": origin})
    assert cors_of(answer) == {
        "allow-origin": origin,
        "allow-credentials": "true",
        "expose-headers": "ETag, X-Request-Id, Retry-After, X-Upload-Id",
    }
    assert "Origin" in answer.all("vary")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", STRANGERS)
def test_s22_no_other_origin_may(gateway: Gateway, path: str, origin: str) -> None:
    if origin.endswith(" "):
        origin = origin.strip() + "/"  # a field's outer spaces are not part of it
    answer = request(gateway.port, "GET", path, {"Origin": origin})
    assert cors_of(answer) == {}
    assert "Origin" in answer.all("vary")


def test_s22_two_origins_are_none(gateway: Gateway) -> None:
    both = f"Origin: {LISTED[0]}\r\nOrigin: https://evil.example"
    raw = f"GET /profiles HTTP/1.1\r\nHost: a\r\n{both}\r\nConnection: close\r\n\r\n"
    (answer,) = exchange(gateway.port, raw.encode())
    assert cors_of(answer).get("allow-origin") in {None, LISTED[0]}


@pytest.mark.parametrize("path", ["/profiles", "/upload-url", "/uploads/x/complete", "/api/profilephoto/upload", "/"])
def test_s22_a_preflight_is_answered_here(gateway: Gateway, path: str) -> None:
    answer = preflight(gateway, path, LISTED[0])
    assert answer.status == 204
    said = cors_of(answer)
    assert said["allow-origin"] == LISTED[0]
    assert said["allow-credentials"] == "true"
    assert said["allow-headers"] == "Authorization, Content-Type, Idempotency-Key"
    assert said["allow-methods"] == answer["allow"]
    assert said["max-age"] == "600"
    assert answer["vary"] == "Origin"
    assert answer["x-request-id"]


def test_s22_a_preflight_names_the_routes_own_methods(gateway: Gateway) -> None:
    assert cors_of(preflight(gateway, "/links/x", LISTED[0], "DELETE"))["allow-methods"] == "DELETE, OPTIONS"
    assert cors_of(preflight(gateway, "/links", LISTED[0]))["allow-methods"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("origin", STRANGERS)
def test_s22_a_strangers_preflight_permits_nothing(gateway: Gateway, origin: str) -> None:
    answer = preflight(gateway, "/profiles", origin.strip() if origin.endswith("x ") else origin.replace(" ", "/"))
    assert (answer.status, cors_of(answer)) == (204, {})


def test_a_preflight_for_no_route_is_404(gateway: Gateway) -> None:
    answer = preflight(gateway, "/internal/v1/signed-urls", LISTED[0])
    assert answer.json["error"] == "not_found"


def test_s22_what_a_service_says_of_origins_does_not_count(gateway: Gateway) -> None:
    said = "&with=Access-Control-Allow-Origin:*&with=Access-Control-Allow-Credentials:true"
    answer = request(gateway.port, "GET", f"/profiles?answer=200{said}", {"Origin": "https://evil.example"})
    assert cors_of(answer) == {}


def test_the_internal_listener_is_for_no_page(gateway: Gateway) -> None:
    answer = request(gateway.internal_port, "GET", "/readyz", {"Origin": LISTED[0]})
    assert cors_of(answer) == {}
    assert request(gateway.internal_port, "OPTIONS", "/readyz", {"Origin": LISTED[0]}).status == 405
