"""Tried as seed 001's section 11 tries it: with curl and pasted URLs, no frontend, no CORS; and what S3 refuses.

The upload tests run `curl` itself: it sends raw bytes and headers of its own, as people's terminals do.
"""

import base64
import hashlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.e2e.client import People, Person, a_pdf, a_picture, looked_at
from tests.e2e.local_stack import REPOSITORY, Runner, eventually
from tests.e2e.preset_stack import running_with

CURL_SECONDS = 20
UPLOAD_SECONDS, READING_SECONDS = 3, 4
PRESET = REPOSITORY / "docs" / "presets" / "001.toml"
# Not of the preset: their URLs end while a test waits.
SHORT_LIVED = f"""
[resume]
category = "resume"
accepts = ["application/pdf"]
max_bytes = 10_485_760
upload_expiry = {UPLOAD_SECONDS}
reading_expiry = {READING_SECONDS}
sign_type = true
require_length = false
visibility = "private"
"""
JPEG = ("-H", "Content-Type: image/jpeg")
PDF = ("-H", "Content-Type: application/pdf")


class Curl:
    """curl, as a command; what it answers is the status and the body."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("curl"), "these tests run curl itself, and it is not on the PATH: apt-get install curl"
        self.folder = folder

    def __call__(self, *arguments: str) -> tuple[int, bytes]:
        answered = self.folder / "answered"
        answered.unlink(missing_ok=True)
        command = ["curl", "-sS", "-q", "--noproxy", "*", "-o", str(answered), "-w", "%{http_code}", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=CURL_SECONDS)
        assert ended.returncode == 0, ended.stderr
        return int(ended.stdout), answered.read_bytes() if answered.exists() else b""

    def put(self, octets: bytes, url: str, *more: str) -> int:
        """`curl -X PUT --data-binary @file URL`."""
        sent = self.folder / "sent"
        sent.write_bytes(octets)
        return self("-X", "PUT", *more, "--data-binary", f"@{sent}", url)[0]

    def is_there(self, url: str) -> bool:
        return self(url)[0] == 200


@pytest.fixture
def curl(tmp_path: Path) -> Curl:
    return Curl(tmp_path)


@pytest.fixture(scope="module")
def alice(stack: Runner) -> Person:
    return People(stack).new("alice")


@pytest.fixture(scope="module")
def seed_001(preset_runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """People at a stack with the preset, and resumes."""
    kinds = tmp_path_factory.mktemp("seed-001") / "kinds.toml"
    kinds.write_text(PRESET.read_text() + SHORT_LIVED)
    with running_with(preset_runner, str(kinds)) as stack:
        yield People(stack)


def read_address(person: Person, upload: Any) -> str:
    """A signed GET URL of a public picture: where its stable address leads."""
    answer = person.get(urlsplit(upload["url"]).path)
    assert answer.status == 302, answer
    return answer.headers["location"]


@pytest.fixture(scope="module")
def bob(stack: Runner) -> Person:
    """Somebody whose picture stays as it is: a new one of the same person's would take it away."""
    return People(stack).new("bob")


@pytest.fixture(scope="module")
def place(alice: Person) -> Any:
    """An upload whose bytes nobody has sent: for refusals."""
    return alice.asks("profile_image")


@pytest.fixture(scope="module")
def upload(bob: Person) -> Any:
    return bob.uploads("profile_image", a_picture())


@pytest.fixture(scope="module")
def read_url(bob: Person, upload: Any) -> str:
    return read_address(bob, upload)


# --- section 11 ----------------------------------------------------------------------------------------------


def test_curl_uploads_raw_bytes_to_the_signed_url(curl: Curl, alice: Person) -> None:
    place = alice.asks("profile_image")
    assert curl.put(a_picture(), place["upload_url"], *JPEG) == 200
    assert alice.completes(place).expect(200)["state"] == "ready"


def test_a_pasted_read_url_downloads_the_picture(curl: Curl, read_url: str) -> None:
    status, octets = curl(read_url)
    assert status == 200
    assert looked_at(octets) == ("JPEG", (640, 480))


def test_curl_follows_a_stable_address_to_the_picture(curl: Curl, upload: Any) -> None:
    status, octets = curl("-L", upload["url"])
    assert status == 200
    assert looked_at(octets) == ("JPEG", (640, 480))


def test_curl_uploads_and_downloads_a_resume(curl: Curl, alice: Person) -> None:
    place = alice.asks("resume", "application/pdf")
    assert curl.put(a_pdf(), place["upload_url"], *PDF) == 200
    status, octets = curl(alice.completes(place).expect(200)["url"])
    assert (status, octets) == (200, a_pdf())


def test_the_seeds_own_command_is_taken_where_the_type_is_not_signed(curl: Curl, seed_001: People) -> None:
    person = seed_001.new()
    place = person.asks("profile_image")
    assert place["expires_in"] == 600
    assert curl("-X", "PUT", "--data", "Hello from test", place["upload_url"])[0] == 200
    refused = person.completes(place)
    assert (refused.status, refused.json["reason"]) == (422, "not_an_image")


@pytest.mark.parametrize("sent", [(), ("-H", "Content-Type: image/png"), ("-H", "Content-Type:")])
def test_any_type_may_be_sent_where_the_type_is_not_signed(curl: Curl, seed_001: People, sent: tuple[str, ...]) -> None:
    person = seed_001.new()
    place = person.asks("profile_image")
    assert "Content-Type" not in place["headers"]
    assert curl.put(a_picture(), place["upload_url"], *sent) == 200
    assert person.completes(place).expect(200)["state"] == "ready"


def test_people_view_each_others_photos_by_urls_of_two_to_five_minutes(curl: Curl, seed_001: People) -> None:
    done = seed_001.new().uploads("profile_image", a_picture())
    read_url = read_address(seed_001.new(), done)
    signed_at = time.mktime(time.strptime(parameter(read_url, "X-Amz-Date"), "%Y%m%dT%H%M%SZ")) - time.timezone
    assert 120 <= signed_at + int(parameter(read_url, "X-Amz-Expires")) - time.time() <= 300
    assert looked_at(curl(read_url)[1]) == ("JPEG", (640, 480))
    assert curl(read_url.partition("?")[0])[0] == 403


def test_a_form_where_raw_bytes_are_due_is_no_picture(curl: Curl, seed_001: People, tmp_path: Path) -> None:
    person = seed_001.new()
    place = person.asks("profile_image")
    (tmp_path / "a.jpg").write_bytes(a_picture())
    curl("-X", "PUT", "-F", f"file=@{tmp_path / 'a.jpg'}", place["upload_url"])
    refused = person.completes(place)
    assert (refused.status, refused.json["reason"]) == (422, "not_an_image")


# --- what a URL does not allow -------------------------------------------------------------------------------


def test_a_put_without_the_signed_type_is_refused(curl: Curl, place: Any) -> None:
    assert curl.put(a_picture(), place["upload_url"]) == 403


def test_an_upload_url_cannot_read(curl: Curl, alice: Person) -> None:
    place = alice.sends("profile_image", a_picture())
    assert curl(place["upload_url"], *JPEG)[0] == 403


@pytest.mark.parametrize("method", ["DELETE", "HEAD", "POST"])
def test_an_upload_url_does_nothing_but_put(curl: Curl, place: Any, method: str) -> None:
    how = {"DELETE": ("-X", "DELETE"), "HEAD": ("--head",), "POST": ("-X", "POST", "-d", "x")}[method]
    assert curl(*how, *JPEG, place["upload_url"])[0] == 403


def test_a_read_url_cannot_write(curl: Curl, read_url: str) -> None:
    assert curl.put(b"mine now", read_url) == 403
    assert curl("-X", "DELETE", read_url)[0] == 403
    assert looked_at(curl(read_url)[1])[0] == "JPEG"


def test_a_url_takes_no_header_that_would_copy_or_tag(curl: Curl, place: Any, upload: Any) -> None:
    source = f"x-amz-copy-source: {urlsplit(place['upload_url']).path.split('/')[1]}/{upload['key']}"
    for header in (source, "x-amz-tagging: a=b", "x-amz-acl: public-read", "x-amz-meta-a: b"):
        assert curl.put(a_picture(), place["upload_url"], *JPEG, "-H", header) in (400, 403), header


def test_a_declared_length_binds(curl: Curl, alice: Person) -> None:
    picture = a_picture()
    place = alice.asks("profile_image", content_length=len(picture))
    headers = [part for name, value in place["headers"].items() for part in ("-H", f"{name}: {value}")]
    assert curl.put(picture + b"!", place["upload_url"], *JPEG) == 403
    assert curl.put(picture, place["upload_url"], *headers) == 200


def test_a_declared_checksum_binds(curl: Curl, alice: Person) -> None:
    picture = a_picture()
    digest = base64.b64encode(hashlib.sha256(picture).digest()).decode()
    place = alice.asks("profile_image", checksum_sha256=digest)
    headers = [part for name, value in place["headers"].items() for part in ("-H", f"{name}: {value}")]
    assert curl.put(picture[:-1] + b"!", place["upload_url"], *headers) in (400, 403)
    assert curl.put(picture, place["upload_url"], *headers) == 200


# --- tampering -----------------------------------------------------------------------------------------------


def changed(url: str, **parameters: str | None) -> str:
    """The URL with parameters set to others (their `_` for `-`), or taken away where None."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | {name.replace("_", "-"): value for name, value in parameters.items()}
    return parts._replace(query=urlencode({name: value for name, value in query.items() if value is not None})).geturl()


def flipped(signature: str) -> str:
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")


def parameter(url: str, name: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))[name]


TAMPERINGS: dict[str, Callable[[str], str]] = {
    "a longer life": lambda url: changed(url, X_Amz_Expires="604800"),
    "a later date": lambda url: changed(url, X_Amz_Date="20990101T000000Z"),
    "a flipped signature": lambda url: changed(url, X_Amz_Signature=flipped(parameter(url, "X-Amz-Signature"))),
    "no signature": lambda url: changed(url, X_Amz_Signature=None),
    "an empty signature": lambda url: changed(url, X_Amz_Signature=""),
    "fewer signed headers": lambda url: changed(url, X_Amz_SignedHeaders="host;x-amz-date"),
    "another algorithm": lambda url: changed(url, X_Amz_Algorithm="AWS4-HMAC-SHA1"),
    "another identity": lambda url: changed(
        url, X_Amz_Credential="AKIAIOSFODNN7EXAMPLE" + parameter(url, "X-Amz-Credential")[20:]
    ),
    "one more parameter": lambda url: url + "&response-content-type=text%2Fhtml",
    "a version": lambda url: url + "&versionId=null",
    "the signature twice": lambda url: url + "&X-Amz-Signature=" + parameter(url, "X-Amz-Signature"),
    "no query": lambda url: url.partition("?")[0],
    "the bucket itself": lambda url: url.replace(urlsplit(url).path, "/" + urlsplit(url).path.split("/")[1] + "/"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_tampered_read_url_is_refused(curl: Curl, read_url: str, tampering: str) -> None:
    status, octets = curl(TAMPERINGS[tampering](read_url))
    assert status in (400, 403), f"{tampering} was answered with {status}"
    assert not octets.startswith(b"\xff\xd8"), f"{tampering} opened the picture"


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_tampered_upload_url_is_refused(curl: Curl, alice: Person, tampering: str) -> None:
    place = alice.asks("profile_image")
    status = curl.put(a_picture(), TAMPERINGS[tampering](place["upload_url"]), *JPEG)
    assert status in (400, 403), f"{tampering} was answered with {status}"
    assert alice.completes(place).code == "upload_not_received", f"{tampering} wrote the object"
    alice.delete(f"/uploads/{place['upload_id']}").expect(200)


def test_a_read_url_opens_no_other_object(curl: Curl, alice: Person, read_url: str) -> None:
    other = alice.uploads("project_image", a_picture())
    path = urlsplit(read_url).path
    bucket = path.split("/")[1]
    assert curl(read_url.replace(path, f"/{bucket}/{other['key']}"))[0] == 403
    assert curl(read_url.replace(path, f"/{bucket}/incoming/{path.partition('/users/')[2]}"))[0] == 403


def test_an_upload_url_writes_no_other_object(curl: Curl, place: Any, upload: Any, read_url: str) -> None:
    path = urlsplit(place["upload_url"]).path
    elsewhere = place["upload_url"].replace(path, urlsplit(read_url).path)
    assert curl.put(a_picture(colour=(0, 0, 0)), elsewhere, *JPEG) == 403


def test_the_bucket_is_closed_to_whoever_has_no_signature(curl: Curl, read_url: str) -> None:
    plain = read_url.partition("?")[0]
    bucket = plain.partition("/users/")[0]
    assert curl(plain)[0] == 403
    assert curl(bucket)[0] == 403
    assert curl(f"{bucket}?list-type=2&prefix=users/")[0] == 403
    assert curl.put(b"x", plain) == 403
    assert curl("-X", "DELETE", plain)[0] == 403


# --- expiry --------------------------------------------------------------------------------------------------


def test_an_upload_url_ends_when_it_says(curl: Curl, seed_001: People) -> None:
    place = seed_001.new().asks("resume", "application/pdf")
    assert place["expires_in"] == UPLOAD_SECONDS
    assert curl.put(a_pdf(), place["upload_url"], *PDF) == 200
    assert eventually(lambda: curl.put(a_pdf(), place["upload_url"], *PDF) == 403, 4 * UPLOAD_SECONDS), (
        "an upload URL outlived its expiry"
    )


def test_a_read_url_ends_when_it_says(curl: Curl, seed_001: People) -> None:
    url = seed_001.new().uploads("resume", a_pdf(), "application/pdf")["url"]
    assert curl.is_there(url)
    assert eventually(lambda: curl(url)[0] == 403, 4 * READING_SECONDS), "a read URL outlived its expiry"
    assert b"xpired" in curl(url)[1]
