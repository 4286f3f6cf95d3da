"""Seed 004's routes, with the real engine, signer and image_service: the form that comes through us, and the rest."""

from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.integration.metadata.test_uploads_flow import a_pdf
from tests.integration.uploads_stack import Answer, Person, Stack, a_picture, make_app, sizes_of

AT = "/api/profilephoto"
LIMIT = 5 * 2**20
MISSING = [
    {"SIGNERS": "a=unix:/nonexistent/signer.sock"},
    {"S3_DIAL": "127.0.0.1:1"},
    {"IMAGE_SOCKET": "/nonexistent/image.sock"},
]


def posts(person: Person, octets: bytes, content_type: str = "image/jpeg", name: str = "me.jpg") -> Answer:
    return person.ask("POST", f"{AT}/upload", data={"file": (BytesIO(octets), name, content_type)})


def begins(person: Person, content_type: str = "image/jpeg") -> Answer:
    return person.ask("GET", f"{AT}/presigned-upload-url?contentType={content_type}")


def completes(person: Person, text: str) -> Answer:
    return person.ask("POST", f"{AT}/upload-complete", json={"key": text})


def key_of(photo_url: str) -> str:
    return photo_url.removeprefix("http://pictures.example/media/")


def pending(person: Person) -> str:
    return person.rows["QUOTA"]["pending"]["N"]


def test_a_picture_in_a_form_becomes_the_current_one_in_every_size(alice: Person) -> None:
    answer = posts(alice, a_picture())
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert alice.ask("GET", f"{AT}/url").json == answer.json
    assert key_of(answer.json["photoUrl"]) == alice.ask("GET", "/users/me/picture").json["key"]
    assert sizes_of(key_of(answer.json["photoUrl"])) <= alice.keys
    upload = alice.ask("GET", f"/uploads/{answer.headers['X-Upload-Id']}").json
    assert (upload["state"], upload["file_type"]) == ("ready", "profile_photo")
    assert pending(alice) == "0"


def test_the_default_picture_where_there_is_none(alice: Person) -> None:
    default = {"photoUrl": "http://pictures.example/static/default-avatar-800.jpg"}
    assert alice.ask("GET", f"{AT}/url").json == default
    assert alice.ask("DELETE", AT).status_code == 404
    posts(alice, a_picture())
    assert alice.ask("DELETE", AT).json == {"message": "Profile photo deleted"}
    assert alice.ask("GET", f"{AT}/url").json == default


REFUSED: dict[str, tuple[Callable[[], bytes], str, int, str]] = {
    "an empty file": (lambda: b"", "image/jpeg", 422, "empty"),
    "a type that is not taken": (a_picture, "image/gif", 400, "unsupported_content_type"),
    "no type": (a_picture, "", 400, "unsupported_content_type"),
    "another type than it says": (lambda: a_picture(form="PNG"), "image/jpeg", 422, "type_mismatch"),
    "text": (lambda: b"Hello from test", "image/jpeg", 422, "not_an_image"),
    "half a picture": (lambda: a_picture()[:-900], "image/jpeg", 422, "damaged"),
    "more pixels": (lambda: a_picture(size=(2_001, 10)), "image/jpeg", 422, "too_many_pixels"),
    "a byte too many": (lambda: a_picture().ljust(LIMIT + 1, b"\0"), "image/jpeg", 413, "too_large"),
    "a form too large": (lambda: b"\0" * (LIMIT + 70_000), "image/jpeg", 413, "payload_too_large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_breaks_a_rule_is_refused_and_nothing_stays_pending(alice: Person, case: str) -> None:
    octets, content_type, status, code = REFUSED[case]
    old = posts(alice, a_picture()).json
    answer = posts(alice, octets(), content_type)
    assert (answer.status_code, answer.json.get("reason", answer.json["error"])) == (status, code)
    assert answer.json["message"]
    assert alice.ask("GET", f"{AT}/url").json == old
    assert pending(alice) == "0"


def test_the_largest_file_is_taken(alice: Person) -> None:
    assert posts(alice, a_picture().ljust(LIMIT, b"\0")).status_code == 200
    assert posts(alice, a_picture(size=(2_000, 2_000)), name='quote".jpg').status_code == 200


def test_what_is_no_form_with_a_file_is_refused_by_its_field(alice: Person) -> None:
    for sent in ({"json": {"file": "x"}}, {"data": {"file": "x"}}, {"data": b"x", "content_type": "image/jpeg"}, {}):
        answer = alice.ask("POST", f"{AT}/upload", **sent)
        assert (answer.status_code, answer.json["error"]) == (400, "validation_failed"), sent
        assert answer.json["fields"]["file"]


class Unreadable(BytesIO):
    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read before the token was checked")

    readinto = readline = read  # type: ignore[assignment]


def test_nothing_is_read_of_whoever_has_no_token(alice: Person) -> None:
    answer = alice.client.post(
        f"{AT}/upload", input_stream=Unreadable(b"x" * 100), content_length=100, content_type="multipart/form-data"
    )
    assert answer.status_code == 401


@pytest.mark.parametrize("missing", MISSING, ids=lambda missing: next(iter(missing)))
def test_what_cannot_be_reached_is_503_and_nothing_stays_pending(
    alice: Person, stack: Stack, missing: dict[str, str]
) -> None:
    crippled = Person(alice.sub, stack, make_app(stack.metadata_environment | missing).test_client())
    answer = posts(crippled, a_picture())
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert pending(alice) == "0"
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == set()


def test_a_presigned_url_takes_that_type_for_900_seconds(alice: Person) -> None:
    answer = begins(alice, "image/png")
    url = answer.json["uploadUrl"]
    assert "X-Amz-Expires=900" in url
    assert answer.headers["X-Upload-Id"] in answer.json["key"]
    assert answer.headers["Cache-Control"] == "no-store"
    octets = a_picture(form="PNG")
    assert requests.put(url, octets, headers={"Content-Type": "image/jpeg"}, timeout=5).status_code == 403
    assert requests.put(url, octets, headers={"Content-Type": "image/png"}, timeout=5).status_code == 200
    assert completes(alice, url).json == alice.ask("GET", f"{AT}/url").json


# What a client may call the key of the URL: C#'s `PathAndQuery.TrimStart('/')` is the second.
EXTRACTED: dict[str, Callable[[str], str]] = {
    "the path": lambda url: urlsplit(url).path,
    "the path and the query, without a slash": lambda url: f"{urlsplit(url).path}?{urlsplit(url).query}".lstrip("/"),
    "the path without the bucket": lambda url: "/" + urlsplit(url).path.split("/", 2)[2],
    "the key": lambda url: urlsplit(url).path.split("/", 2)[2],
    "the key as it will be served": lambda url: urlsplit(url).path.partition("/incoming/")[2],
    "the URL without its query": lambda url: url.partition("?")[0],
    "the URL, as a role session signs it": lambda url: f"{url}&X-Amz-Security-Token={'A' * 4_000}",
}


@pytest.mark.parametrize("extracted", EXTRACTED)
def test_whatever_is_extracted_from_the_url_completes_it(alice: Person, extracted: str) -> None:
    url = begins(alice).json["uploadUrl"]
    assert requests.put(url, a_picture(), headers={"Content-Type": "image/jpeg"}, timeout=5).status_code == 200
    answer = completes(alice, EXTRACTED[extracted](url))
    assert answer.status_code == 200, answer.text
    assert set(answer.json) == {"photoUrl"}


def test_no_other_key_is_completed(alice: Person, bob: Person) -> None:
    of_bob = begins(bob).json["uploadUrl"]
    resume = alice.upload(a_pdf(), file_type="resume", content_type="application/pdf")
    for text in (of_bob, resume["key"], resume["upload_url"], "", "x.jpg", "users/a/profile/x.jpg"):
        answer = completes(alice, text)
        assert (answer.status_code, answer.json["error"]) == (404, "upload_not_found"), text
    assert alice.ask("GET", f"/uploads/{resume['upload_id']}").json["state"] == "requested"
    assert completes(bob, of_bob).json["error"] == "upload_not_received"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "validation_failed"),
        ("?contentType=", "unsupported_content_type"),
        ("?contentType=image/svg+xml", "unsupported_content_type"),
        ("?contentType=image/jpeg&contentType=image/png", "validation_failed"),
        ("?ContentType=image/jpeg", "validation_failed"),
    ],
)
def test_a_type_that_is_not_taken_gets_no_url(alice: Person, query: str, code: str) -> None:
    answer = alice.ask("GET", f"{AT}/presigned-upload-url{query}")
    assert (answer.status_code, answer.json["error"]) == (400, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/upload"),
        ("GET", "/url"),
        ("DELETE", ""),
        ("GET", "/presigned-upload-url?contentType=image/jpeg"),
        ("POST", "/upload-complete"),
    ],
)
def test_every_route_wants_a_token(alice: Person, method: str, path: str) -> None:
    assert alice.look(AT + path, method).status_code == 401


def test_a_stack_without_the_kind_says_so(alice: Person, stack: Stack, tmp_path: Any) -> None:
    kinds = tmp_path / "kinds.toml"
    kinds.write_text(
        '[resume]\ncategory = "resume"\naccepts = ["application/pdf"]\nmax_bytes = 10\nupload_expiry = 300\n'
        'reading_expiry = 300\nsign_type = true\nrequire_length = false\nvisibility = "private"\n'
    )
    other = Person(alice.sub, stack, make_app(stack.metadata_environment | {"KINDS_FILE": str(kinds)}).test_client())
    assert posts(other, a_picture()).json["error"] == "unsupported_file_type"
    assert begins(other).json["error"] == "unsupported_file_type"
