"""S20, and every refusal: whatever is sent, the answer is one error shape that names what was wrong, and never a 5xx.

Each case changes one thing in a request that would succeed. Files that are not what they say end `rejected`, with
the reason, and the picture before them stays.
"""

import functools
import gzip
import http.client
import io
import json
import re
import socket
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.e2e.client import Answer, People, Person, a_pdf, a_picture, colour_of, fetched, is_near
from tests.e2e.local_stack import Runner

CODE = re.compile(r"[a-z][a-z0-9_]*")
GREEN = (30, 160, 60)
PICTURE_BYTES, RESUME_BYTES = 5 * 1024 * 1024, 10 * 1024 * 1024


@pytest.fixture(scope="module")
def people(stack: Runner) -> People:
    return People(stack)


@pytest.fixture(scope="module")
def nobody(people: People) -> Person:
    return people.nobody


@pytest.fixture(scope="module")
def person(people: People) -> Person:
    return people.new("person").with_profile(title="Before")


@pytest.fixture(scope="module")
def pending(person: Person) -> str:
    """The id of an upload whose bytes nobody has sent."""
    return str(person.asks("profile_image")["upload_id"])


def is_refused(answer: Answer, *statuses: int) -> dict[str, Any]:
    """Hold an answer to the one shape of errors, and to these statuses (or any below 500); the error."""
    assert 400 <= answer.status < 500, f"{answer}, where a refusal was due"
    assert not statuses or answer.status in statuses, f"{answer}, where {statuses} was due"
    return is_an_error(answer)


def is_an_error(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"].partition(";")[0] == "application/json", answer
    assert answer.headers["x-request-id"], answer
    error = answer.json
    assert CODE.fullmatch(error["error"]), answer
    assert error["message"], answer
    assert "Traceback" not in answer.body.decode()
    return dict(error)


def is_no_fault_of_ours(answer: Answer) -> None:
    """Anything but a 5xx; what is refused has the one shape."""
    assert answer.status < 500, answer
    if answer.status >= 400:
        is_an_error(answer)


# --- requests that would succeed -----------------------------------------------------------------------------

Body = dict[str, Any]
PROJECT = {"id": "p", "title": "P", "link": "https://p.example/"}
WRITES = ("/profiles", "/links", "/upload-url", "/upload-complete", "/uploads/{pending}/complete")


def good(path: str, person: Person) -> Body:
    """A body that the route takes (but for the key of nobody's)."""
    return {
        "/profiles": {"username": person.name, "title": "After"},
        "/links": {"link_id": str(uuid.uuid4()), "title": "T", "url": "https://t.example/"},
        "/upload-url": {"file_type": "profile_image", "content_type": "image/jpeg"},
        "/upload-complete": {"key": f"users/nobody/profile/{uuid.uuid4()}.jpg"},
        "/uploads/{pending}/complete": {},
    }[path]


@pytest.fixture(scope="module")
def remembered(person: Person) -> dict[str, Any]:
    """What the person had after the last request that succeeded."""
    return seen(person)


@pytest.fixture
def posts(person: Person, pending: str, remembered: dict[str, Any]) -> Callable[..., Answer]:
    """Posts to a path: the good body with a change, or raw bytes; and holds that a refusal changes nothing."""

    def post(path: str, change: Body | None = None, **raw: Any) -> Answer:
        body = None if "raw" in raw else good(path, person) | (change or {})
        before = dict(remembered)
        answer = person.post(path.format(pending=pending), body, **raw)
        remembered.update(seen(person))
        assert answer.status < 400 or remembered == before, f"{answer}: refused, and something changed"
        return answer

    return post


def seen(person: Person) -> dict[str, Any]:
    """The profile, links and all."""
    return dict(person.get(f"/profiles/{person.name}").expect(200))


def names_it(answer: Answer, field: str) -> None:
    """Hold a refusal to naming the field."""
    error = is_refused(answer, 400)
    named = json.dumps([error.get("fields"), error.get("field"), error["message"], error["error"]])
    assert field in named, f"{answer}: which field?"


# --- each field: of the wrong type, too long, not what it must be ------------------------------------------------

TEXT: tuple[Any, ...] = (1, 1.5, True, [], ["x"], {}, {"x": "y"})
FLAG: tuple[Any, ...] = ("yes", "true", 1, 0, [], {}, 1.5)
LIST: tuple[Any, ...] = ("x", 1, True, {}, {"0": "x"})
NUMBER: tuple[Any, ...] = ("1", "", 1.5, True, [], {}, 10**400)
TYPES: dict[str, dict[str, tuple[Any, ...]]] = {
    "/profiles": {
        **dict.fromkeys(("username", "full_name", "title", "bio", "email", "phone", "date_of_birth"), TEXT),
        **dict.fromkeys(("avatar_key", "resume_key"), TEXT),
        **dict.fromkeys(("show_email", "show_phone", "show_resume"), FLAG),
        "skills": (*LIST, [1], [None], [[]], [{}]),
        "social_links": ("x", 1, True, [], {"a": 1}, {"a": []}, {"a": {"b": "c"}}),
        "projects": (*LIST, [1], ["x"], [None], [[]]),
    },
    "/links": {"link_id": TEXT, "title": TEXT, "url": TEXT, "order": NUMBER},
    "/upload-url": {
        **dict.fromkeys(("file_type", "content_type", "file_extension", "method", "checksum_sha256"), TEXT),
        "content_length": NUMBER,
    },
    "/upload-complete": {"key": TEXT},
}


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, fields in TYPES.items() for field in fields])
def test_s20_a_field_of_the_wrong_type_is_named(posts: Callable[..., Answer], path: str, field: str) -> None:
    for wrong in TYPES[path][field]:
        names_it(posts(path, {field: wrong}), field)


IN_PROJECTS: dict[str, tuple[Any, ...]] = {
    "id": (1, [], {}, True),
    "title": (1, [], {}, None, "x" * 201),
    "description": (1, [], {}, "x" * 5001),
    "link": (1, [], {}, "javascript:alert(1)", "ftp://p.example/", "https://p.example/" + "x" * 2048),
    "image_key": (1, [], {}, True, "x"),
    "tech_stack": ("x", [1], {}, [None], ["x"] * 31, ["x" * 51]),
    "order": ("x", [], True),
    "colour": ("red",),
}


@pytest.mark.parametrize("field", IN_PROJECTS)
def test_s20_a_bad_field_of_a_project_is_named(posts: Callable[..., Answer], field: str) -> None:
    for wrong in IN_PROJECTS[field]:
        names_it(posts("/profiles", {"projects": [PROJECT | {field: wrong}]}), field)


REFUSED: list[tuple[str, str, Any]] = [
    ("/profiles", "username", None),
    ("/profiles", "username", ""),
    ("/profiles", "username", "ab"),
    ("/profiles", "username", "x" * 31),
    ("/profiles", "username", "-abc"),
    ("/profiles", "username", "a b c"),
    ("/profiles", "username", "a/b/c"),
    ("/profiles", "username", "аdmіn-cyrillic"),
    ("/profiles", "username", "admin"),
    ("/profiles", "full_name", "x" * 101),
    ("/profiles", "title", "x" * 201),
    ("/profiles", "bio", "x" * 5001),
    ("/profiles", "skills", ["x"] * 101),
    ("/profiles", "skills", ["x" * 51]),
    ("/profiles", "phone", "1" * 41),
    ("/profiles", "email", "x" * 250 + "@x.example"),
    ("/profiles", "email", "no address"),
    ("/profiles", "date_of_birth", "tomorrow"),
    ("/profiles", "date_of_birth", "2000-02-30"),
    ("/profiles", "social_links", {"github": "javascript:alert(1)"}),
    ("/profiles", "social_links", {"github": "data:text/html,x"}),
    ("/profiles", "social_links", {"github": "two words"}),
    ("/profiles", "social_links", {"github": "https://x.example/" + "x" * 2048}),
    ("/profiles", "projects", [PROJECT] * 51),
    ("/profiles", "avatar_key", ""),
    ("/profiles", "avatar_key", "users/../../etc/passwd"),
    ("/profiles", "resume_key", "x" * 5000),
    ("/profiles", "extra", "x"),
    ("/profiles", "__proto__", {"isAdmin": True}),
    ("/profiles", "profile_complete_", True),
    ("/links", "title", None),
    ("/links", "title", ""),
    ("/links", "title", "x" * 201),
    ("/links", "url", None),
    ("/links", "url", ""),
    ("/links", "url", "javascript:alert(1)"),
    ("/links", "url", "data:text/html,x"),
    ("/links", "url", "//evil.example/"),
    ("/links", "url", "https://"),
    ("/links", "url", "https://x.example/" + "x" * 2048),
    ("/links", "url", " javascript:alert(1)"),
    ("/links", "link_id", ""),
    ("/links", "link_id", "no-uuid"),
    ("/links", "link_id", "../5f0c3c1e-6f0f-4d0e-9b1a-2f6f3b1c2d4e"),
    ("/links", "order", 10**30),
    ("/links", "extra", "x"),
    ("/upload-url", "file_type", None),
    ("/upload-url", "file_type", ""),
    ("/upload-url", "file_type", "../resume"),
    ("/upload-url", "content_type", None),
    ("/upload-url", "content_type", ""),
    ("/upload-url", "content_type", "image/jpeg; charset=utf-8"),
    ("/upload-url", "content_type", "image/jpeg\r\nx-amz-acl: public-read"),
    ("/upload-url", "content_type", "x" * 5000),
    ("/upload-url", "extension", ".jpg"),
    ("/upload-url", "method", "DELETE"),
    ("/upload-url", "method", ""),
    ("/upload-url", "content_length", -1),
    ("/upload-url", "checksum_sha256", "not base64 of 32 bytes"),
    ("/upload-url", "checksum_sha256", ""),
    ("/upload-url", "key", "users/x/profile/x.jpg"),
    ("/upload-complete", "key", None),
    ("/upload-complete", "extra", "x"),
    ("/uploads/{pending}/complete", "extra", "x"),
]


@pytest.mark.parametrize(
    ("path", "field", "wrong"), REFUSED, ids=[f"{p}-{f}-{json.dumps(w)[:24]}" for p, f, w in REFUSED]
)
def test_s20_what_a_field_must_not_be_is_refused_and_named(
    posts: Callable[..., Answer], path: str, field: str, wrong: Any
) -> None:
    names_it(posts(path, {field: wrong}), field)


REQUIRED = [("/profiles", "username"), ("/links", "title"), ("/links", "url"), ("/upload-url", "file_type")]
REQUIRED += [("/upload-url", "content_type"), ("/upload-complete", "key")]


@pytest.mark.parametrize(("path", "field"), REQUIRED)
def test_s20_a_missing_field_is_named(person: Person, path: str, field: str) -> None:
    body = {name: value for name, value in good(path, person).items() if name != field}
    names_it(person.post(path, body), field)


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, fields in TYPES.items() for field in fields])
@pytest.mark.parametrize("text", ["", None, "\u202e", "𐍈" * 20, "a" * 20_000, "%00", "${jndi:ldap://x}", "' OR 1=1--"])
def test_s20_an_odd_value_is_no_fault_of_ours(people: People, path: str, field: str, text: Any) -> None:
    someone = odd_person(people)
    is_no_fault_of_ours(someone.post(path, good(path, someone) | {field: text}))


@functools.cache
def odd_person(people: People) -> Person:
    """Somebody whose profile may become odd."""
    return people.new("odd").with_profile()


LONGEST: list[tuple[str, str, Any]] = [
    ("/profiles", "full_name", "x" * 100),
    ("/profiles", "title", "ü" * 200),
    ("/profiles", "bio", "字" * 4999 + "\n"),
    ("/profiles", "skills", ["x" * 50] * 100),
    ("/profiles", "phone", "1" * 40),
    ("/profiles", "projects", [PROJECT | {"id": str(number)} for number in range(50)]),
    (
        "/profiles",
        "projects",
        [PROJECT | {"title": "x" * 200, "description": "\t" * 5000, "tech_stack": ["x" * 50] * 30}],
    ),
    ("/profiles", "social_links", {"mastodon": "@ada"}),
    ("/links", "title", "x" * 200),
    ("/links", "url", "https://x.example/" + "x" * 2030),
]


@pytest.mark.parametrize(("path", "field", "longest"), LONGEST)
def test_what_a_field_may_be_at_most_is_taken(people: People, path: str, field: str, longest: Any) -> None:
    someone = odd_person(people)
    someone.post(path, good(path, someone) | {field: longest}).expect(200)


def test_a_length_above_the_kinds_is_too_large(posts: Callable[..., Answer]) -> None:
    assert is_refused(posts("/upload-url", {"content_length": PICTURE_BYTES + 1}), 413)["error"] == "too_large"


def test_a_person_has_a_hundred_links_and_no_more(people: People) -> None:
    someone = people.new("linked").with_profile()
    link = {"title": "T", "url": "https://t.example/"}
    for _ in range(100):
        someone.post("/links", link).expect(200)
    is_refused(someone.post("/links", link), 400, 409)
    assert len(someone.get("/links").expect(200)["links"]) == 100


def test_s21_twenty_uploads_may_be_pending_and_no_more(people: People) -> None:
    someone = people.new("eager")
    places = [someone.asks("profile_image") for _ in range(20)]
    refused = someone.post("/upload-url", {"file_type": "profile_image", "content_type": "image/jpeg"})
    assert is_refused(refused, 429)["error"] == "too_many_pending"
    assert int(refused.headers["retry-after"]) > 0
    someone.delete(f"/uploads/{places[0]['upload_id']}").expect(200)
    someone.asks("profile_image")


# --- bodies that are no JSON of ours -------------------------------------------------------------------------


def spelled(path: str, person: Person) -> bytes:
    return json.dumps(good(path, person)).encode()


def with_member(path: str, person: Person, member: str) -> bytes:
    """The good body with one more member, spelled as it is."""
    body = spelled(path, person).decode()
    return (body[:-1] + ("" if body == "{}" else ", ") + member + "}").encode()


MEMBERS = {
    "NaN": '"title": NaN',
    "Infinity": '"title": Infinity',
    "-Infinity": '"title": -Infinity',
    "a number beyond all numbers": '"order": 1e400',
    "an integer of 6,000 digits": '"order": ' + "9" * 6000,
    "a lone surrogate": r'"title": "\ud800"',
    "a lone low surrogate": r'"title": "x\udc00y"',
    "a lone surrogate as a name": r'"\ud800": "x"',
    "an escaped NUL": r'"title": "a\u0000b"',
    "an escaped control character": r'"title": "a\u0007b"',
    "a line's end in a title": r'"title": "a\nb"',
    "a C1 control character": r'"title": "a\u0085b"',
    "DEL": r'"title": "a\u007fb"',
    "a raw control character": '"title": "a\x01b"',
    "depth 21": '"title": ' + "[" * 20 + "]" * 20,
    "depth 100": '"title": ' + '{"a":' * 100 + "1" + "}" * 100,
    "depth 30,000": '"title": ' + "[" * 30_000 + "]" * 30_000,
    "an unclosed depth": '"title": ' + "[" * 30_000,
    "more than 64 KiB": '"title": "' + "x" * 65_536 + '"',
    "64 KiB of spaces": " " * 65_536 + '"title": "x"',
    "a name twice": '"title": "x", "title": "x"',
    "a name twice, once escaped": r'"title": "x", "\u0074itle": "x"',
    "a comma too many": '"title": "x",',
    "a comment": '"title": "x" /* no */',
    "single quotes": "'title': 'x'",
    "a hexadecimal number": '"order": 0x1F',
    "a leading zero": '"order": 01',
    "an escape that is none": r'"title": "\x41"',
}


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("member", MEMBERS)
def test_s20_json_is_read_strictly(posts: Callable[..., Answer], person: Person, path: str, member: str) -> None:
    statuses = (400, 413) if "64 KiB" in member else (400,)
    is_refused(posts(path, raw=with_member(path, person, MEMBERS[member])), *statuses)


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda body: body.decode().encode("utf-16-le"),
    "UTF-32": lambda body: body.decode().encode("utf-32"),
    "Latin-1": lambda body: body[:-1] + b', "\xfc": 1}',
    "an overlong slash": lambda body: body[:-1] + b', "\xc0\xaf": 1}',
    "a surrogate in UTF-8": lambda body: body[:-1] + b', "\xed\xa0\x80": 1}',
    "a NUL at the end": lambda body: body + b"\0",
    "two documents": lambda body: body + body,
    "half a document": lambda body: body[: max(len(body) // 2, 1)],
    "gzip": gzip.compress,
    "a list": lambda body: b"[" + body + b"]",
    "a string": lambda body: b'"x"',
    "a number": lambda body: b"1",
    "null": lambda body: b"null",
    "true": lambda body: b"true",
    "spaces": lambda body: b"   ",
    "a form": lambda body: b"username=x&title=y",
    "XML": lambda body: b"<username>x</username>",
}


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("body", BODIES)
def test_s20_a_body_that_is_no_json_object_is_refused(
    posts: Callable[..., Answer], person: Person, path: str, body: str
) -> None:
    is_refused(posts(path, raw=BODIES[body](spelled(path, person))), 400)


@pytest.mark.parametrize("path", [path for path in WRITES if "{" not in path])
def test_s20_no_body_is_refused(posts: Callable[..., Answer], path: str) -> None:
    is_refused(posts(path, raw=b""), 400)


OTHER_BODIES = {
    "application/x-www-form-urlencoded": b"username=x&title=y&url=https%3A%2F%2Fx.example%2F",
    "multipart/form-data; boundary=x": b'--x\r\nContent-Disposition: form-data; name="title"\r\n\r\ny\r\n--x--\r\n',
    "application/xml": b"<title>x</title>",
    "text/plain": b"title=x",
    "nonsense": b"\x00\x01",
}


@pytest.mark.parametrize("path", [path for path in WRITES if "{" not in path])
@pytest.mark.parametrize("content_type", OTHER_BODIES)
def test_s20_what_is_no_json_is_refused(posts: Callable[..., Answer], path: str, content_type: str) -> None:
    answer = posts(path, raw=OTHER_BODIES[content_type], headers={"Content-Type": content_type})
    is_refused(answer, 400, 415)


@pytest.mark.parametrize("path", [path for path in WRITES if "{" not in path])
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json; charset=utf-16", "nonsense", "", "multipart/form-data"]
)
def test_s20_json_under_another_type_is_no_fault_of_ours(
    posts: Callable[..., Answer], person: Person, path: str, content_type: str
) -> None:
    answer = posts(path, raw=spelled(path, person), headers={"Content-Type": content_type})
    is_no_fault_of_ours(answer)
    if "upload_id" in answer.json:
        person.delete(f"/uploads/{answer.json['upload_id']}").expect(200)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"]
)
def test_json_may_say_that_it_is_utf_8(posts: Callable[..., Answer], person: Person, content_type: str) -> None:
    posts("/links", raw=spelled("/links", person), headers={"Content-Type": content_type}).expect(200)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = {path: st.sampled_from(sorted([*fields, "extra"])) for path, fields in TYPES.items()}


@pytest.mark.parametrize("path", TYPES)
def test_s20_no_value_makes_a_fault_of_ours(people: People, path: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(change=st.dictionaries(FIELDS[path], ANYTHING, min_size=1, max_size=2))
    def no_fault(change: Body) -> None:
        someone = odd_person(people)
        answer = someone.post(path, good(path, someone) | {"username": someone.name} | change)
        is_no_fault_of_ours(answer)
        if path == "/upload-url" and answer.status == 200:
            someone.delete(f"/uploads/{answer.json['upload_id']}").expect(200)

    no_fault()


# --- the query -----------------------------------------------------------------------------------------------

QUERIES = [
    ("/username/check?username=abc&username=abd", "username"),
    ("/username/check?username=abc&username=abc", "username"),
    ("/username/check", "username"),
    ("/profiles", "usernames"),
    ("/profiles?usernames=abc&usernames=abd", "usernames"),
    ("/profiles?usernames=" + ",".join(f"abc{number}" for number in range(51)), "usernames"),
    ("/profiles/{name}/avatar?size=150&size=400", "size"),
    *[(f"/profiles/{{name}}/avatar?size={quote(size)}", "size") for size in ("0", "-150", "151", "150.0", " 150")],
    *[(f"/profiles/{{name}}/avatar?size={quote(size)}", "size") for size in ("1_50", "１５０", "x", "9" * 500, "1e2")],
]


@pytest.mark.parametrize(("target", "name"), QUERIES, ids=[target[:60] for target, _ in QUERIES])
def test_a_bad_query_parameter_is_named(person: Person, nobody: Person, target: str, name: str) -> None:
    names_it(nobody.get(target.format(name=person.name)), name)


@pytest.mark.parametrize(
    "text", ["%00", "%0a", "%ff", "%ed%a0%80", "%", "%zz", "%c0%af", "a" * 3000, "%F0%9F%98%80", "+", "&=&"]
)
@pytest.mark.parametrize(
    "target", ["/username/check?username=", "/profiles?usernames=", "/profiles/{name}/avatar?size="]
)
def test_s20_an_odd_query_is_no_fault_of_ours(person: Person, nobody: Person, target: str, text: str) -> None:
    is_no_fault_of_ours(nobody.get(target.format(name=person.name) + text))


def test_fifty_usernames_are_taken(nobody: Person) -> None:
    names = ",".join(f"nobody-{number}" for number in range(50))
    assert nobody.get(f"/profiles?usernames={names}").expect(200) == {"profiles": []}


# --- the path ------------------------------------------------------------------------------------------------

IDS = [
    "x",
    "0",
    "-1",
    "%00",
    "%0a",
    "%0d%0aSet-Cookie:%20x",
    "%ff",
    "%ed%a0%80",
    "%e2%80%ae",
    "%2F",
    "a%2Fb",
    "a%2F..%2Fb",
]
IDS += [
    "%5c..%5c",
    "%252e%252e",
    "*",
    "'%22%3E",
    "{}",
    "null",
    "x" * 300,
    "x" * 7000,
    "%F0%9F%98%80",
    ";a=b",
    "%20",
    "%25",
]
IDS += ["00000000-0000-0000-0000-000000000000", "{{00000000-0000-4000-8000-000000000000}}", "%C0%AE%C0%AE"]
IDS += ["00000000-0000-4000-8000-000000000000%0a", "00000000000040008000000000000000", "%D9%A0" * 8]
PATHS = [("GET", "/uploads/{}"), ("DELETE", "/uploads/{}"), ("POST", "/uploads/{}/complete"), ("DELETE", "/links/{}")]
PATHS += [("GET", "/profiles/{}"), ("GET", "/profiles/{}/avatar"), ("GET", "/media/{}"), ("GET", "/media/users/{}")]
PATHS += [("DELETE", "/photos/{}"), ("DELETE", "/share-links/{}"), ("GET", "/shared/{}")]
PATHS += [("GET", "/uppy/{}/s3/params?filename=a.jpg"), ("DELETE", "/uppy/photo/s3/multipart/{}?key=x")]
PATHS += [("GET", "/uppy/photo/s3/multipart/x/{}?key=x")]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("odd", IDS, ids=[odd[:40] for odd in IDS])
def test_s20_an_odd_id_in_a_path_is_not_found(person: Person, method: str, path: str, odd: str) -> None:
    answer = person.call(method, path.replace("{}", odd), {} if method == "POST" else None)
    is_refused(answer, 400, 404, 405, 414)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /uploads/\x01 HTTP/1.1",
        b"GET /uploads/\xff\xfe HTTP/1.1",
        b"GET /uploads/\xed\xa0\x80 HTTP/1.1",
        b"GET /uploads/a b HTTP/1.1",
        b"GET /uploads/\x00 HTTP/1.1",
        b"GET  HTTP/1.1",
        b"G\x00T / HTTP/1.1",
        b"BREW /links HTTP/1.1",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1",
        b"GET /links HTTP/1.1\r\nX-Long: " + b"x" * 70_000,
        b"GET /links HTTP/1.1\r\nAuthorization: Bearer " + b"x" * 12_000,
        b"GET /links HTTP/1.1\r\nAuthorization: Bearer \xff\xfe",
        b"GET /links HTTP/1.1\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b",
        b"GET /username/check?username=\xff\xfe HTTP/1.1",
        "GET /username/check?username=ü HTTP/1.1".encode(),
        b"GET /links HTTP/1.1\r\nAccept: \x7f",
        b"GET /links HTTP/1.1\r\nAuthorization: Bearer \x01",
        b"GET /links HTTP/1.1\r\nAuthorization : Bearer a",
        b"GET /links HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
        b"POST /links HTTP/1.1\r\nContent-Length: -1",
        b"POST /links HTTP/1.1\r\nContent-Length: x",
    ],
    ids=lambda line: repr(line[:60]),
)
def test_s20_a_request_line_or_header_out_of_order_is_refused(stack: Runner, line: bytes) -> None:
    is_refused(raw_request(stack, line))


def raw_request(stack: Runner, line: bytes) -> Answer:
    """What is answered to a request line and headers spelled as they are."""
    parts = urlsplit(stack.gateway)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=10) as connection:
        connection.sendall(line + f"\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read(), repr(line[:60]))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_another_method_is_refused_with_those_allowed(person: Person, method: str) -> None:
    answer = person.call(method, "/upload-url")
    is_refused(answer, 405)
    if method not in ("TRACE", "PROPFIND"):
        assert "POST" in answer.headers["allow"]


# --- hostile files -------------------------------------------------------------------------------------------

JAVASCRIPT = "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"


def half(octets: bytes) -> bytes:
    return octets[: len(octets) // 2]


def drawn(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 64)) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size).save(written, kind)
    return written.getvalue()


def noisy() -> bytes:
    """A JPEG of detail, so that half of it is not enough."""
    written = io.BytesIO()
    Image.effect_noise((400, 400), 80).convert("RGB").save(written, "JPEG", quality=90)
    return written.getvalue()


def encrypted() -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        pdf.save(written, encryption=pikepdf.Encryption(owner="owner", user=""))
    return written.getvalue()


def with_attachment() -> bytes:
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf())) as pdf:
        pdf.attachments["a.exe"] = b"MZ"
        pdf.save(written)
    return written.getvalue()


def with_hidden_script() -> bytes:
    """JavaScript spelled by an escape, in a compressed object stream."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf("/OpenAction << /S /J#61vaScript /JS (app.alert\\(1\\)) >>"))) as pdf:
        pdf.save(written, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


# name: (what is sent, what it was declared as, the reason)
PICTURES: dict[str, tuple[Callable[[], bytes], str, set[str]]] = {
    "text": (lambda: b"Hello from test", "image/jpeg", {"not_an_image"}),
    "nothing": (lambda: b"", "image/jpeg", {"empty"}),
    "HTML": (lambda: b"<html><script>alert(1)</script>", "image/png", {"not_an_image"}),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "image/png", {"not_an_image"}),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image/jpeg", {"not_an_image"}),
    "a PDF": (a_pdf, "image/jpeg", {"not_an_image", "type_mismatch"}),
    "random bytes": (lambda: b"\xff\xd8\xff" + bytes(range(256)) * 20, "image/jpeg", {"not_an_image", "damaged"}),
    "half a JPEG": (lambda: half(noisy()), "image/jpeg", {"damaged"}),
    "half a PNG": (lambda: half(a_picture(kind="PNG")), "image/png", {"damaged"}),
    "half a WebP": (lambda: half(drawn("WEBP", size=(500, 500))), "image/webp", {"damaged", "not_an_image"}),
    "a PNG that says JPEG": (lambda: a_picture(kind="PNG"), "image/jpeg", {"type_mismatch"}),
    "a JPEG that says PNG": (a_picture, "image/png", {"type_mismatch"}),
    "a JPEG that says WebP": (a_picture, "image/webp", {"type_mismatch"}),
    "a GIF": (lambda: drawn("GIF"), "image/png", {"type_mismatch", "not_an_image"}),
    "a BMP": (lambda: drawn("BMP"), "image/png", {"type_mismatch", "not_an_image"}),
    "a TIFF": (lambda: drawn("TIFF"), "image/jpeg", {"type_mismatch", "not_an_image"}),
    "53 megapixels": (lambda: drawn("PNG", "1", (10_000, 5_300)), "image/png", {"too_many_pixels"}),
    "a side too long": (lambda: drawn("PNG", "1", (20_001, 2)), "image/png", {"too_many_pixels"}),
    "a byte more than 5 MB": (lambda: a_picture() + bytes(PICTURE_BYTES), "image/jpeg", {"too_large"}),
}
RESUMES: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "a script": (lambda: a_pdf(JAVASCRIPT), {"active_content"}),
    "a hidden script": (with_hidden_script, {"active_content"}),
    "a launch": (lambda: a_pdf("/OpenAction << /S /Launch /F (calc.exe) >>"), {"active_content"}),
    "an action on closing": (lambda: a_pdf("/AA << /WC << /S /JavaScript /JS (x) >> >>"), {"active_content"}),
    "a named script": (
        lambda: a_pdf("/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (x) >>] >> >>"),
        {"active_content"},
    ),
    "an attachment": (with_attachment, {"active_content"}),
    "encryption": (encrypted, {"active_content", "damaged"}),
    "a picture": (a_picture, {"type_mismatch"}),
    "HTML before it": (lambda: b"<html><script>x</script></html>\n" + a_pdf(), {"type_mismatch", "damaged"}),
    "half of it": (lambda: half(a_pdf()), {"damaged"}),
    "nothing": (lambda: b"", {"empty"}),
    "a byte more than 10 MB": (lambda: a_pdf() + bytes(RESUME_BYTES), {"too_large"}),
}


@pytest.fixture(scope="module")
def pictured(people: People) -> Person:
    """Somebody who has a green picture."""
    someone = people.new("pictured").with_profile()
    someone.uploads("profile_image", a_picture(colour=GREEN))
    return someone


def still_green(person: Person) -> bool:
    address = person.get(f"/profiles/{person.name}").expect(200)["avatar_url"]
    shown = fetched(address)
    return shown.status == 200 and is_near(colour_of(shown.body), GREEN)


def is_rejected(person: Person, place: Any, reasons: set[str]) -> None:
    """Hold an upload to being refused for one of the reasons, once and for all."""
    for _ in range(2):
        error = is_refused(person.completes(place), 422)
        assert error["error"] == "upload_rejected"
        assert error["reason"] in reasons, error
    state = person.state_of(place)
    assert (state["state"], state["reason"]) == ("rejected", error["reason"])
    assert fetched(place["url"]).status != 200, "what was rejected is served"


@pytest.mark.parametrize("hostile", PICTURES)
def test_s13_a_hostile_picture_is_rejected_and_the_old_one_stays(pictured: Person, hostile: str) -> None:
    made, content_type, reasons = PICTURES[hostile]
    is_rejected(pictured, pictured.sends("profile_image", made(), content_type), reasons)
    assert still_green(pictured), "R01: the old picture is gone"


@pytest.mark.parametrize("hostile", RESUMES)
def test_s14_a_hostile_pdf_is_rejected(pictured: Person, hostile: str) -> None:
    made, reasons = RESUMES[hostile]
    is_rejected(pictured, pictured.sends("resume", made(), "application/pdf"), reasons)


@pytest.mark.parametrize("field", ["avatar_key", "resume_key", "image_key"])
def test_a_hostile_file_posted_by_its_key_changes_nothing(pictured: Person, field: str) -> None:
    kind = {"avatar_key": "profile_image", "resume_key": "resume", "image_key": "project_image"}[field]
    declared = "application/pdf" if kind == "resume" else "image/jpeg"
    place = pictured.sends(kind, b"Hello from test", declared)
    before = pictured.get(f"/profiles/{pictured.name}").expect(200)
    posted = {"projects": [PROJECT | {field: place["key"]}]} if field == "image_key" else {field: place["key"]}
    error = is_refused(pictured.post("/profiles", {"username": pictured.name, "title": "New"} | posted), 422)
    assert (error["error"], error["reason"] in ("not_an_image", "type_mismatch")) == ("upload_rejected", True)
    assert pictured.get(f"/profiles/{pictured.name}").expect(200) == before
    assert still_green(pictured)


@pytest.mark.parametrize(
    ("kind", "field"), [("project_image", "avatar_key"), ("profile_image", "resume_key"), ("resume", "image_key")]
)
def test_a_file_of_ones_own_in_the_wrong_field_is_refused(pictured: Person, kind: str, field: str) -> None:
    octets, declared = (a_pdf(), "application/pdf") if kind == "resume" else (a_picture(), "image/jpeg")
    object_key = pictured.sends(kind, octets, declared)["key"]
    posted = {"projects": [PROJECT | {field: object_key}]} if field == "image_key" else {field: object_key}
    names_it(pictured.post("/profiles", {"username": pictured.name} | posted), field)
    assert still_green(pictured)
