"""Seed 000's app against a stack with its preset: profile pictures, GIFs too, for signed-in people alone, by the hour.

Its document has no code: the React app of it asks with its user's token, sends the file to S3 by the URL that it is
given, and shows what the API says. Its page is of another origin than ours.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from tests.e2e.client import Answer, People, Person, a_picture, colour_of, is_near, looked_at, send
from tests.e2e.fetching import Browser
from tests.e2e.local_stack import Runner
from tests.e2e.preset_stack import running_with

RED, BLUE = (200, 30, 30), (30, 30, 200)
ORIGIN = "http://localhost:3000"
MB = 2**20
HOUR = 3_600


@pytest.fixture(scope="module")
def people(preset_runner: Runner) -> Iterator[People]:
    with running_with(preset_runner, "docs/presets/000.toml") as stack:
        yield People(stack)


@dataclass
class App:
    """The app in somebody's browser; `person` without a token is somebody who is not signed in."""

    person: Person
    page: Browser = Browser(ORIGIN)

    def calls(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.person.token}"} if self.person.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        octets = None if body is None else json.dumps(body).encode()
        return self.page.fetch(self.person.gateway + path, method, headers, octets)

    def asks(self, content_type: str, **more: Any) -> Answer:
        return self.calls("POST", "/upload-url", {"file_type": "profile_image", "content_type": content_type, **more})

    def uploads(self, octets: bytes, content_type: str) -> Answer:
        place = self.asks(content_type).expect(200)
        self.page.fetch(place["upload_url"], "PUT", {"Content-Type": content_type}, octets).expect(200)
        return self.calls("POST", f"/uploads/{place['upload_id']}/complete", {})

    def profile_of(self, other: "App") -> Any:
        return self.calls("GET", f"/profiles/{other.person.name}").expect(200)


@pytest.fixture
def ann(people: People) -> App:
    return App(people.new("ann").with_profile())


@pytest.fixture
def bob(people: People) -> App:
    return App(people.new("bob"))


@pytest.fixture(scope="module")
def nobody(people: People) -> App:
    return App(people.nobody)


def an_animated_gif() -> bytes:
    """Two frames, the first red, the second blue."""
    first, second = (Image.new("RGB", (640, 480), colour).quantize(2) for colour in (RED, BLUE))
    written = io.BytesIO()
    first.save(written, "GIF", save_all=True, append_images=[second], duration=100, loop=0)
    return written.getvalue()


def life_of(url: str) -> int:
    return int(parse_qs(urlsplit(url).query)["X-Amz-Expires"][0])


# --- uploading -----------------------------------------------------------------------------------------------


def test_of_a_gif_the_first_frame_is_the_picture(ann: App) -> None:
    done = ann.uploads(an_animated_gif(), "image/gif").expect(200)
    assert done["key"].endswith(".jpg")
    seen = ann.page.fetch(done["url"])
    assert looked_at(seen.body) == ("JPEG", (640, 480))
    assert is_near(colour_of(seen.body), RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_other_types_of_its_list_are_taken(ann: App, kind: str) -> None:
    ann.uploads(a_picture(kind=kind), f"image/{kind.lower()}").expect(200)


@pytest.mark.parametrize("content_type", ["image/svg+xml", "image/bmp", "text/html", "application/pdf", ""])
def test_a_type_that_is_not_on_its_list_gets_no_url(ann: App, content_type: str) -> None:
    assert (ann.asks(content_type).status, ann.asks(content_type).code) == (400, "unsupported_content_type")


def test_type_extension_and_contents_are_each_looked_at(ann: App) -> None:
    assert ann.asks("image/gif", file_extension=".jpg").code == "extension_mismatch"
    for octets, reason in ((a_picture(), "type_mismatch"), (b"GIF89a", "damaged"), (b"<svg/>", "not_an_image")):
        refused = ann.uploads(octets, "image/gif")
        assert (refused.status, refused.code) == (422, "upload_rejected"), refused
        assert refused.json["reason"] in (reason, "not_an_image")


def test_five_megabytes_are_the_most(ann: App) -> None:
    assert ann.asks("image/jpeg", content_length=5 * MB + 1).code == "too_large"
    assert ann.asks("image/jpeg", content_length=5 * MB).status == 200
    ann.uploads(a_picture().ljust(5 * MB, b"\0"), "image/jpeg").expect(200)
    assert ann.uploads(a_picture().ljust(5 * MB + 1, b"\0"), "image/jpeg").json["reason"] == "too_large"


def test_nothing_is_done_for_who_is_not_signed_in(nobody: App) -> None:
    for method, path in (("POST", "/upload-url"), ("GET", "/users/me/picture"), ("DELETE", "/users/me/picture")):
        assert nobody.calls(method, path).status == 401


def test_nobody_touches_anothers_upload(ann: App, bob: App) -> None:
    place = ann.asks("image/jpeg").expect(200)
    send("PUT", place["upload_url"], a_picture(), {"Content-Type": "image/jpeg"}).expect(200)
    assert bob.calls("POST", f"/uploads/{place['upload_id']}/complete", {}).code == "upload_not_found"
    assert bob.calls("DELETE", f"/uploads/{place['upload_id']}").code == "upload_not_found"
    ann.calls("POST", f"/uploads/{place['upload_id']}/complete", {}).expect(200)


# --- who sees it, how, and for how long -----------------------------------------------------------------------


def test_every_url_to_read_lives_an_hour(ann: App) -> None:
    done = ann.uploads(a_picture(), "image/jpeg").expect(200)
    own = ann.calls("GET", "/users/me/picture").expect(200)
    for urls in (done["urls"], own["urls"], ann.profile_of(ann)["avatar_urls"]):
        assert {size: life_of(url) for size, url in urls.items()} == {"150": HOUR, "400": HOUR, "800": HOUR}


def test_another_device_of_the_same_person_shows_it(ann: App, people: People) -> None:
    ann.uploads(a_picture(colour=BLUE), "image/jpeg").expect(200)
    again = Person(ann.person.gateway, people.stack.token(ann.person.name), ann.person.name)
    urls = App(again).calls("GET", "/users/me/picture").expect(200)["urls"]
    assert is_near(colour_of(ann.page.fetch(urls["800"]).body), BLUE)


@pytest.mark.parametrize("where", ["avatar", "media"])
def test_another_signed_in_person_is_led_to_it(ann: App, bob: App, where: str) -> None:
    object_key = ann.uploads(an_animated_gif(), "image/gif").expect(200)["key"]
    path = {"avatar": f"/profiles/{ann.person.name}/avatar?size=400", "media": f"/media/{object_key}"}[where]
    led = bob.calls("GET", path)
    assert led.status == 302
    assert life_of(led.headers["location"]) == HOUR
    assert looked_at(send("GET", led.headers["location"]).body)[0] == "JPEG"
    kept = led.headers["cache-control"]
    assert "private" in kept
    assert "public" not in kept
    assert 0 < int(kept.partition("max-age=")[2].partition(",")[0]) < HOUR
    assert "authorization" in led.headers["vary"].lower()


def test_another_signed_in_person_is_given_its_urls(ann: App, bob: App) -> None:
    ann.uploads(an_animated_gif(), "image/gif").expect(200)
    profile = bob.profile_of(ann)
    assert profile["avatar_url"] == profile["profile_image_url"] == profile["avatar_urls"]["800"]
    listed = bob.calls("GET", f"/profiles?usernames={ann.person.name}").expect(200)["profiles"][0]["avatar_urls"]
    for url in [*profile["avatar_urls"].values(), *listed.values()]:
        assert life_of(url) == HOUR
        assert is_near(colour_of(bob.page.fetch(url).body), RED)


def test_what_holds_signed_urls_is_kept_by_no_cache(ann: App, bob: App) -> None:
    ann.uploads(a_picture(), "image/jpeg").expect(200)
    for path in (f"/profiles/{ann.person.name}", f"/profiles?usernames={ann.person.name}"):
        assert bob.calls("GET", path).headers["cache-control"] == "no-store", path


def test_who_is_not_signed_in_sees_the_default_picture_and_nothing_else(ann: App, nobody: App) -> None:
    object_key = ann.uploads(a_picture(), "image/jpeg").expect(200)["key"]
    led = nobody.calls("GET", f"/profiles/{ann.person.name}/avatar")
    assert (led.status, "default-avatar" in led.headers["location"]) == (302, True)
    assert "authorization" in led.headers["vary"].lower()
    assert "public" not in led.headers["cache-control"]
    assert nobody.calls("GET", f"/media/{object_key}").code == "not_found"
    profile = nobody.profile_of(ann)
    assert {profile["avatar_url"], profile["avatar_urls"], profile["profile_image_url"]} == {None}
    listed = nobody.calls("GET", f"/profiles?usernames={ann.person.name}").expect(200)
    assert listed["profiles"][0]["avatar_urls"] is None


def test_the_bucket_itself_shows_it_to_nobody(ann: App) -> None:
    url = ann.uploads(a_picture(), "image/jpeg").expect(200)["url"]
    assert send("GET", url).status == 200
    assert send("GET", url.partition("?")[0]).status == 403


def test_a_removed_picture_is_seen_by_nobody(ann: App, bob: App) -> None:
    object_key = ann.uploads(a_picture(), "image/jpeg").expect(200)["key"]
    ann.calls("DELETE", "/users/me/picture").expect(200)
    assert bob.calls("GET", f"/media/{object_key}").status == 404
    assert bob.profile_of(ann)["avatar_url"] is None
    assert "default-avatar" in bob.calls("GET", f"/profiles/{ann.person.name}/avatar").headers["location"]
