"""Seed 004's client against a stack with its preset, step by step as its document writes it; it knows nothing else.

The page is of the same origin as the API, for it fetches '/api/profilephoto/…'; only S3 is elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.client import Answer, People, Person, a_picture, colour_of, fetched, is_near, looked_at, send
from tests.e2e.fetching import Browser, form_data
from tests.e2e.local_stack import Runner
from tests.e2e.preset_stack import running_with

RED, GREEN = (200, 30, 30), (30, 160, 60)
AT = "/api/profilephoto"
MB = 2**20


@pytest.fixture(scope="module")
def people(preset_runner: Runner) -> Iterator[People]:
    with running_with(preset_runner, "docs/presets/004.toml") as stack:
        yield People(stack)


@dataclass
class App:
    """The document's JavaScript, and the calls that its controller offers besides."""

    person: Person

    @property
    def page(self) -> Browser:
        return Browser(self.person.gateway)

    def calls(self, method: str, path: str = "", **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.person.token}", **more.pop("headers", {})}
        return self.page.fetch(self.person.gateway + AT + path, method, headers, **more)

    def upload_profile_photo(self, octets: bytes, file_type: str = "image/jpeg") -> Answer:
        """`uploadProfilePhoto(file)`, whole: presign, PUT, tell."""
        answer = self.calls("GET", "/presigned-upload-url?contentType=" + file_type)
        upload_url = answer.expect(200)["uploadUrl"]
        self.page.fetch(upload_url, "PUT", {"Content-Type": file_type}, octets).expect(200)
        return self.completes(extract_key_from_url(upload_url))

    def completes(self, object_key: str) -> Answer:
        body = json.dumps({"key": object_key}).encode()
        return self.calls("POST", "/upload-complete", headers={"Content-Type": "application/json"}, body=body)

    def uploads_form(self, octets: bytes, file_type: str = "image/jpeg", name: str = "me.jpg") -> Answer:
        body, headers = form_data({}, octets, file_type, name)
        return self.calls("POST", "/upload", headers=headers, body=body)

    def photo_url(self) -> str:
        return str(self.calls("GET", "/url").expect(200)["photoUrl"])


def extract_key_from_url(url: str) -> str:
    """`new Uri(url).PathAndQuery.TrimStart('/')`, as the document has it."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}".lstrip("/")


@pytest.fixture
def app(people: People) -> App:
    return App(people.new("ann"))


def sizes_at(photo_url: str) -> dict[str, tuple[int, int]]:
    """What an <img> shows of each size: its width and height."""
    stem = photo_url.removesuffix(".jpg")
    shown = {size: fetched(f"{stem}{size}.jpg") for size in ("", "-400", "-150")}
    return {size: looked_at(answer.body)[1] for size, answer in shown.items() if answer.status == 200}


# --- the client's own function -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_goes_to_s3_by_the_presigned_url_and_is_the_current_one(app: App, kind: str) -> None:
    octets = a_picture(1_000, 700, RED, kind)
    done = app.upload_profile_photo(octets, f"image/{kind.lower()}").expect(200)
    assert done == {"photoUrl": app.photo_url()}
    assert sizes_at(app.photo_url()) == {"": (800, 560), "-400": (400, 400), "-150": (150, 150)}
    assert is_near(colour_of(fetched(app.photo_url()).body), RED)


@pytest.mark.parametrize("file_type", ["", "image/gif", "image/svg+xml", "application/pdf", "text/html"])
def test_no_url_is_signed_for_another_type(app: App, file_type: str) -> None:
    refused = app.calls("GET", "/presigned-upload-url?contentType=" + file_type)
    assert (refused.status, refused.code) == (400, "unsupported_content_type")


def test_the_url_lives_fifteen_minutes_and_binds_the_type(app: App) -> None:
    answer = app.calls("GET", "/presigned-upload-url?contentType=image/png")
    upload_url = answer.expect(200)["uploadUrl"]
    assert parse_qs(urlsplit(upload_url).query)["X-Amz-Expires"] == ["900"]
    assert answer.headers["x-upload-id"] in upload_url
    assert send("PUT", upload_url, a_picture(), {"Content-Type": "image/jpeg"}).status == 403


def test_what_never_came_is_not_complete(app: App) -> None:
    upload_url = app.calls("GET", "/presigned-upload-url?contentType=image/jpeg").expect(200)["uploadUrl"]
    refused = app.completes(extract_key_from_url(upload_url))
    assert (refused.status, refused.code) == (409, "upload_not_received")


def test_nobody_completes_what_is_anothers(app: App, people: People) -> None:
    upload_url = app.calls("GET", "/presigned-upload-url?contentType=image/jpeg").expect(200)["uploadUrl"]
    send("PUT", upload_url, a_picture(), {"Content-Type": "image/jpeg"}).expect(200)
    bob = App(people.new("bob"))
    assert bob.completes(extract_key_from_url(upload_url)).code == "upload_not_found"
    assert "default-avatar" in bob.photo_url()
    app.completes(extract_key_from_url(upload_url)).expect(200)


# --- the controller's other calls ----------------------------------------------------------------------------


def test_a_photo_in_a_form_is_the_current_one(app: App) -> None:
    answer = app.uploads_form(a_picture(1_000, 700, GREEN))
    assert answer.expect(200) == {"photoUrl": app.photo_url()}
    assert answer.headers["x-upload-id"] in app.photo_url()
    assert sizes_at(app.photo_url()) == {"": (800, 560), "-400": (400, 400), "-150": (150, 150)}
    assert is_near(colour_of(fetched(app.photo_url()).body), GREEN)


def test_who_has_no_photo_is_shown_the_default_one(app: App) -> None:
    assert looked_at(fetched(app.photo_url()).body)[0] == "JPEG"
    refused = app.calls("DELETE")
    assert (refused.status, refused.code) == (404, "not_found")


def test_a_new_photo_takes_the_place_of_the_old_one(app: App) -> None:
    old = app.uploads_form(a_picture(colour=RED)).expect(200)["photoUrl"]
    new = app.upload_profile_photo(a_picture(colour=GREEN)).expect(200)["photoUrl"]
    assert app.photo_url() == new != old
    assert fetched(old).status == 404


def test_a_deleted_photo_is_gone(app: App) -> None:
    photo_url = app.uploads_form(a_picture()).expect(200)["photoUrl"]
    assert app.calls("DELETE").expect(200) == {"message": "Profile photo deleted"}
    assert fetched(photo_url).status == 404
    assert app.calls("DELETE").status == 404


def test_the_photos_url_leads_to_one_that_lives_at_most_an_hour(app: App) -> None:
    app.uploads_form(a_picture()).expect(200)
    signed = send("GET", app.photo_url()).headers["location"]
    assert parse_qs(urlsplit(signed).query)["X-Amz-Expires"] == ["3600"]


# --- its rules -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [App.uploads_form, App.upload_profile_photo], ids=["form", "presigned"])
def test_two_thousand_pixels_are_the_most_on_a_side(app: App, way: Any) -> None:
    way(app, a_picture(2_000, 2_000)).expect(200)
    refused = way(app, a_picture(2_001, 20))
    assert (refused.status, refused.json["reason"]) == (422, "too_many_pixels")


@pytest.mark.parametrize("way", [App.uploads_form, App.upload_profile_photo], ids=["form", "presigned"])
def test_what_only_calls_itself_a_picture_is_refused(app: App, way: Any) -> None:
    for octets, reason in ((b"<script>", "not_an_image"), (a_picture(kind="PNG"), "type_mismatch"), (b"", "empty")):
        refused = way(app, octets)
        assert (refused.status, refused.json["reason"]) == (422, reason)
    assert "default-avatar" in app.photo_url()


def test_five_megabytes_are_the_most_by_either_way(app: App) -> None:
    app.uploads_form(a_picture().ljust(5 * MB, b"\0")).expect(200)
    for size, code in ((5 * MB + 1, "too_large"), (6 * MB, "payload_too_large")):
        refused = app.uploads_form(a_picture().ljust(size, b"\0"))
        assert (refused.status, refused.code) == (413, code)
        assert refused.headers["content-type"] == "application/json"
    refused = app.upload_profile_photo(a_picture().ljust(5 * MB + 1, b"\0"))
    assert (refused.status, refused.json["reason"]) == (422, "too_large")


def test_a_form_without_a_file_is_told_so(app: App) -> None:
    for body, headers in (
        form_data({}, b"", "application/octet-stream", name=""),
        (b"--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"", {}),
    ):
        refused = app.calls("POST", "/upload", headers=headers, body=body)
        assert (refused.status, refused.code) == (400, "validation_failed")
        assert refused.json["fields"]["file"]


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
def test_nothing_is_done_for_who_has_no_token(people: People, method: str, path: str) -> None:
    refused = people.nobody.call(method, AT + path)
    assert (refused.status, refused.code) == (401, "unauthorized")
