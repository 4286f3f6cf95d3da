"""Other ways to write a path that must not be reached, for S18.

Each changes what is sent, and some servers (or the one behind) would read the target in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

TARGETS = ("/internal/v1/signed-urls", "/sign", "/metrics", "/v1/sign", "/metrics/signer")
PREFIXES = (
    "/profiles/..",
    "/profiles/../profiles/..",
    "/static/..",
    "/.",
    "/./.",
    "/",
    "//",
    "/%2e",
    "/%2E%2E",
    "/profiles/%2e%2e",
    "/profiles/%2e.",
    "/profiles/.%2e",
    "/profiles%2f..",
    "/profiles%2F%2e%2e",
    "/profiles/..%2f..",
    "/profiles/..;",
    "/profiles/..;/",
    "/profiles/.%00./",
    "/profiles/..%5c",
    "/profiles/..\\",
    "/%5c",
    "/\\",
    "/profiles/%252e%252e",
    "/profiles/..%c0%af",
    "/profiles/%c0%ae%c0%ae",
    "/static/default-avatar-150.jpg/..",
    "/static/../profiles/..",
    "/users/me/..",
    "/users/me/picture/../..",
    "/media/users/../..",
    "/shared/../../..",
    "/api/profilephoto/upload/../../..",
    "/uppy/photo/s3/multipart/..",
    "/uppy/photo/s3/multipart/../../../..",
    "/.errors/404/../..",
    "/.refused/404/../..",
    "/healthz/..",
    "/profiles;/..",
)
SUFFIXES = (
    "/",
    "//",
    "/.",
    "/..",
    "/%2e",
    "/%2f",
    "%2f",
    "%00",
    "%20",
    "%0a",
    "%0d%0a",
    ".",
    "..",
    ".json",
    ";",
    ";x=1",
    ";/profiles",
    "#",
    "#/profiles",
    "%23",
    "%3f",
    "%3Fa",
    "\\",
    "%5c",
    "?",
    "?/profiles",
    "?/../profiles",
    "&",
    "~",
    "%",
    "%zz",
    "%u002f",
)
HEADERS = (
    "X-Original-URL: {}",
    "X-Rewrite-URL: {}",
    "X-Forwarded-Prefix: {}",
    "X-Accel-Redirect: {}",
    "X-HTTP-Method-Override: POST",
    "X-Forwarded-Host: 127.0.0.1:8081",
    "Forwarded: host=127.0.0.1:8081",
)
HOSTS = (
    "localhost",
    "127.0.0.1:8081",
    "internal",
    "metadata",
    "signer",
    "gateway.test.",
    "GATEWAY.TEST",
    "[::1]",
    "x y",
    "a/b",
    "",
)
FORMS = (
    "http://localhost{}",
    "HTTP://LOCALHOST{}",
    "http://127.0.0.1:8081{}",
    "http://metadata{}",
    "http://signer{}",
    "https://localhost{}",
    "http://user@localhost{}",
    "http://localhost:80{}",
    "http://[::1]{}",
    "http://localhost/profiles/..{}",
    "unix:{}",
    "metadata{}",
    "*{}",
)
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "DELETE", "PUT", "TRACE", "get", "POST_", "PROPFIND", "M-SEARCH")


@dataclass(frozen=True)
class Spelling:
    """A whole request; `target` is what it is after."""

    target: str
    raw: bytes


def _a_request(
    path: str, method: str = "POST", host: str = "gateway.test", header: str = "X: y", version: str = "HTTP/1.1"
) -> bytes:
    top = f"{method} {path} {version}\r\nHost: {host}\r\nContent-Length: 2\r\n{header}\r\nConnection: close\r\n\r\n{{}}"
    return top.encode("latin-1")


def _escaped_letters(target: str) -> Iterator[str]:
    for place in range(1, len(target)):
        escape = f"%{ord(target[place]):02x}"
        for spelt in {escape, escape.upper(), escape.replace("%", "%25")}:
            yield target[:place] + spelt + target[place + 1 :]
    yield "/" + "".join(f"%{ord(letter):02X}" for letter in target[1:])


def _cases(target: str) -> Iterator[str]:
    yield target.upper()
    yield target.title()
    for place in range(1, len(target)):
        if target[place].isalpha():
            yield target[:place] + target[place].upper() + target[place + 1 :]


def _slashes(target: str) -> Iterator[str]:
    for between in (
        "//",
        "///",
        "/./",
        "/%2f",
        "%2f",
        "%2F",
        "\\",
        "/x/../",
        "/%2e/",
        "/;/",
        "/\u00a0/",
        "%5c",
        "%252f",
    ):
        yield target.replace("/", between)
        if target.count("/") > 1:
            yield "/" + target[1:].replace("/", between)
    yield target.lstrip("/")


def _paths(target: str) -> Iterator[str]:
    yield target
    yield from (prefix + target for prefix in PREFIXES)
    yield from (target + suffix for suffix in SUFFIXES)
    yield from (prefix + target + suffix for prefix, suffix in product(PREFIXES, ("%2f", "#", ".")))
    yield from _escaped_letters(target)
    yield from _cases(target)
    yield from _slashes(target)
    yield from (form.format(target) for form in FORMS)


def _raw(target: str) -> Iterator[bytes]:
    yield from (_a_request(path) for path in _paths(target))
    yield _a_request(target, method="GET")
    yield from (_a_request(target, method=method) for method in METHODS if method not in {"GET", "POST", "HEAD"})
    yield from (_a_request(target, host=host) for host in HOSTS)
    yield from (
        _a_request("/nothing", method=method, header=header.format(target))
        for method, header in product(("GET", "POST"), HEADERS)
    )
    yield from (_a_request(target, version=version) for version in ("HTTP/1.0", "HTTP/1.2", "HTTP/1.10"))


# In order and without repetition.
SPELLINGS = [Spelling(target, raw) for target in TARGETS for raw in dict.fromkeys(_raw(target))]


def respelt(path: str) -> Iterator[bytes]:
    """Other spellings of a listed route, none of which is listed; a query alone does not make another path."""
    suffixed = (path + suffix for suffix in SUFFIXES if not suffix.startswith("?"))
    others = dict.fromkeys((*suffixed, *_escaped_letters(path), *_cases(path), *_slashes(path)))
    yield from (_a_request(other) for other in others if other != path)
