"""What the listeners let through: the interface's routes, each with its methods, as they are spelt, and no other."""

import re

import pytest

from tests.integration.gateway.echo_upstream import EchoUpstream
from tests.integration.gateway.gateway_process import Gateway
from tests.integration.gateway.raw_http import exchange, request
from tests.integration.gateway.spellings import SPELLINGS, TARGETS, respelt

UUID = "0f0e8a3c-6b1d-4c55-9f5e-3d1f6f1b2a3c"
MULTIPART = "/uppy/photo/s3/multipart"
PROXIED = {
    "/profiles": "GET POST",
    "/profiles/alice": "GET",
    "/profiles/a.l-i_c3": "GET",
    "/profiles/alice/avatar": "GET",
    "/users/me": "GET DELETE",
    "/users/me/export": "GET",
    "/username/check": "GET",
    "/links": "GET POST",
    f"/links/{UUID}": "DELETE",
    "/upload-url": "POST",
    f"/uploads/{UUID}/complete": "POST",
    "/upload-complete": "POST",
    f"/uploads/{UUID}": "GET DELETE",
    "/photos": "GET",
    f"/photos/{UUID}": "DELETE",
    "/share-links": "POST",
    "/share-links/Zm9v_-": "DELETE",
    "/shared/Zm9v_-": "GET",
    "/users/me/picture": "GET DELETE",
    f"/media/users/alice/profile/{UUID}.jpg": "GET",
    f"/media/users/h-0a1b/photos/{UUID}-150.jpg": "GET",
    "/api/profilephoto/upload": "POST",
    "/api/profilephoto/url": "GET",
    "/api/profilephoto": "DELETE",
    "/api/profilephoto/presigned-upload-url": "GET",
    "/api/profilephoto/upload-complete": "POST",
    "/uppy/profile_image/sign": "POST",
    "/uppy/photo/s3/params": "GET",
    MULTIPART: "POST",
    f"{MULTIPART}/VXBs.b2_Fk-IH": "GET DELETE",
    f"{MULTIPART}/VXBs%2Bb%3D": "GET DELETE",
    f"{MULTIPART}/VXBs.b2Fk/12": "GET",
    f"{MULTIPART}/VXBs.b2Fk/batch": "GET",
    f"{MULTIPART}/VXBs.b2Fk/complete": "POST",
    "/readyz": "GET",
}
STATIC = (
    "page.css",
    "page.js",
    "countersign.js",
    "pool.js",
    "docs.js",
    "favicon.svg",
    "default-avatar-150.jpg",
    "default-avatar-400.jpg",
)
SERVED_HERE = ("/", "/docs", "/settings.json", "/healthz", *(f"/static/{name}" for name in STATIC))
INTERNAL = {
    "/internal/v1/signed-urls": "POST",
    f"/internal/v1/uploads/{UUID}/complete": "POST",
    "/internal/v1/objects/block": "POST",
    "/internal/v1/objects/unblock": "POST",
    "/internal/v1/cognito/pre-signup": "POST",
    "/internal/v1/cognito/post-confirmation": "POST",
    "/sign": "POST",
    "/metrics": "GET",
    "/metrics/signer": "GET",
    "/metrics/image": "GET",
    "/readyz": "GET",
}
REWRITTEN = {"/sign": "/v1/sign", "/metrics/signer": "/metrics"}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "PROPFIND")

pairs = pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, methods in PROXIED.items() for method in methods.split()]
)


@pairs
def test_a_listed_route_reaches_metadata_as_it_was_sent(gateway: Gateway, path: str, method: str) -> None:
    answer = request(gateway.port, method, f"{path}?a=1&b=%2F", body=b"{}" if method == "POST" else None)
    assert answer.status == 200
    assert answer.json["method"] == method
    assert answer.json["target"] == f"{path}?a=1&b=%2F"


@pytest.mark.parametrize("path", SERVED_HERE)
def test_the_page_and_its_files_are_served_here(gateway: Gateway, upstream: EchoUpstream, path: str) -> None:
    before = len(upstream.seen)
    answer = request(gateway.port, "GET", path)
    assert answer.status == 200
    assert answer.body
    assert len(upstream.seen) == before


@pytest.mark.parametrize("path", [*PROXIED, *SERVED_HERE])
def test_a_method_that_is_not_listed_is_405_with_those_that_are(gateway: Gateway, path: str) -> None:
    listed = set(PROXIED.get(path, "GET").split())
    listed |= {"HEAD"} if "GET" in listed else set()
    for method in set(METHODS) - listed:
        answer = request(gateway.port, method, path)
        assert answer.status == 405, (method, path)
        assert set(answer["allow"].split(", ")) == listed | {"OPTIONS"}
        if method != "HEAD":
            assert answer.json["error"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, methods in INTERNAL.items() for method in methods.split()]
)
def test_the_internal_listener_serves_its_routes(gateway: Gateway, path: str, method: str) -> None:
    answer = request(gateway.internal_port, method, path, body=b"{}" if method == "POST" else None)
    assert answer.status == 200
    assert answer.json["target"] == REWRITTEN.get(path, path)


@pytest.mark.parametrize(
    "path", [*sorted(PROXIED.keys() - {"/readyz"}), "/", "/docs", "/settings.json", "/internal/v2/x"]
)
def test_the_internal_listener_serves_nothing_else(gateway: Gateway, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert request(gateway.internal_port, method, path).json["error"] == "not_found"


@pytest.mark.parametrize("path", sorted(INTERNAL.keys() - {"/readyz"}))
def test_s18_an_internal_path_is_404_as_if_there_were_nothing(gateway: Gateway, path: str) -> None:
    nothing = request(gateway.port, "POST", "/nothing-of-the-kind", body=b"{}")
    answer = request(gateway.port, "POST", path, body=b"{}")
    assert (answer.status, answer.body) == (404, nothing.body)
    assert {name for name, _ in answer.headers} == {name for name, _ in nothing.headers}


def test_s18_the_list_of_spellings_is_long_and_every_one_is_new() -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS) >= 200 * len(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_s18_no_spelling_reaches_what_is_not_listed(gateway: Gateway, upstream: EchoUpstream, target: str) -> None:
    for spelling in (each for each in SPELLINGS if each.target == target):
        before = len(upstream.seen)
        found = exchange(gateway.port, spelling.raw, silence=2)
        assert [answer.status for answer in found] in ([400], [404], [405]), spelling
        assert found[0].json["error"], spelling
        assert upstream.seen[before:] == [], spelling


def test_s18_an_absolute_form_names_no_other_listener(gateway: Gateway) -> None:
    inside = f"127.0.0.1:{gateway.internal_port}"
    raw = f"GET http://{inside}/metrics HTTP/1.1\r\nHost: {inside}\r\nConnection: close\r\n\r\n"
    (answer,) = exchange(gateway.port, raw.encode())
    assert answer.status == 404


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8081", "metadata", "signer", "countersign", "internal.", "a_b"]
)
def test_s18_no_host_changes_where_a_request_goes(gateway: Gateway, host: str) -> None:
    assert request(gateway.port, "POST", "/sign", {"Host": host}, b"{}").status == 404
    echoed = request(gateway.port, "GET", "/profiles", {"Host": host})
    assert ["host", "countersign"] in echoed.json["headers"]


# Without those that have a part of somebody's own, where another spelling is another person's.
WITHOUT_PARTS = [path for path in PROXIED if not re.search(r"alice|uppy|Zm9v|[0-9]", path)]


@pytest.mark.parametrize("path", WITHOUT_PARTS)
def test_s18_a_listed_route_is_only_reached_as_it_is_spelt(gateway: Gateway, upstream: EchoUpstream, path: str) -> None:
    for spelling in respelt(path):
        before = len(upstream.seen)
        assert [answer.status for answer in exchange(gateway.port, spelling)] in ([400], [404], [405]), spelling
        assert upstream.seen[before:] == [], spelling
