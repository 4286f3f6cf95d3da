"""Seed 002's client against a stack with its preset: it asks, posts a form to S3, and lists; it never says it is done.

"Call backend for presigned POST data. Upload using POST multipart/form-data directly to S3. After upload completes,
call backend /photos to retrieve metadata. Render images using S3 public URL generation": the base URL, then the s3Key.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.e2e.chromium import console, empty
from tests.e2e.client import Answer, People, Person, a_picture, colour_of, fetched, is_near, looked_at, send
from tests.e2e.fetching import Browser, form_data
from tests.e2e.local_stack import Runner
from tests.e2e.preset_stack import running_with

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 60), (30, 30, 200)
ORIGIN = "http://localhost:3000"
LOOKING_SECONDS = 20


@pytest.fixture(scope="module")
def people(preset_runner: Runner) -> Iterator[People]:
    with running_with(preset_runner, "docs/presets/002.toml") as stack:
        yield People(stack)


@dataclass
class App:
    """The gallery in somebody's browser, its page of another origin than the backend."""

    person: Person
    page: Browser = Browser(ORIGIN)

    def calls(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.person.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        octets = None if body is None else json.dumps(body).encode()
        return self.page.fetch(self.person.gateway + path, method, headers, octets)

    def asks(self, content_type: str = "image/jpeg") -> Any:
        """The presigned POST data: where to, and the fields."""
        return self.calls("POST", "/upload-url", {"file_type": "photo", "content_type": content_type}).expect(200)

    def sends(self, place: Any, octets: bytes, content_type: str = "image/jpeg") -> Answer:
        """The fields in a FormData, and last the file."""
        body, headers = form_data(place["fields"], octets, content_type)
        return self.page.fetch(place["upload_url"], "POST", headers, body)

    def uploads(self, octets: bytes, content_type: str = "image/jpeg") -> Any:
        place = self.asks(content_type)
        assert self.sends(place, octets, content_type).status == 201
        return place

    def photos(self, query: str = "") -> list[Any]:
        listed = self.calls("GET", "/photos" + query).expect(200)["photos"]
        assert isinstance(listed, list)
        return listed

    def rendered(self, photo: Any) -> Answer:
        """`{base URL}{s3Key}` in an <img>, which has no token."""
        return fetched(f"{self.person.gateway}/media/{photo['s3Key']}")


@pytest.fixture
def ann(people: People) -> App:
    return App(people.new("ann"))


def test_a_photo_that_was_asked_for_and_posted_is_listed_and_rendered(ann: App) -> None:
    place = ann.uploads(a_picture(1_000, 700, GREEN))
    [photo] = ann.photos()
    assert {"userId", "uploadedAt", "imageId", "s3Key", "mimeType"} <= set(photo)
    assert (photo["s3Key"], photo["mimeType"]) == (place["key"], "image/jpeg")
    assert type(photo["uploadedAt"]) is int
    seen = ann.rendered(photo)
    assert looked_at(seen.body) == ("JPEG", (800, 560))
    assert is_near(colour_of(seen.body), GREEN)
    assert ann.photos() == [photo]


def test_the_presigned_post_has_its_conditions_in_its_fields(ann: App) -> None:
    place = ann.asks("image/png")
    assert place["method"] == "POST"
    assert place["fields"]["Content-Type"] == "image/png"
    wrong = place | {"fields": place["fields"] | {"Content-Type": "text/html"}}
    body, headers = form_data(wrong["fields"], a_picture(kind="PNG"), "image/png")
    assert send("POST", place["upload_url"], body, headers).status == 403
    assert ann.sends(place, a_picture(kind="PNG"), "image/png").status == 201
    assert len(ann.photos()) == 1


def test_the_newest_photo_comes_first(ann: App) -> None:
    for colour in (RED, GREEN, BLUE):
        ann.uploads(a_picture(colour=colour))
        ann.photos()
    listed = ann.photos()
    assert [photo["uploadedAt"] for photo in listed] == sorted((p["uploadedAt"] for p in listed), reverse=True)
    for photo, colour in zip(listed, (BLUE, GREEN, RED), strict=True):
        assert is_near(colour_of(ann.rendered(photo).body), colour)
    assert ann.photos("?limit=1") == listed[:1]


def test_what_never_came_and_what_is_no_picture_is_not_in_the_list(ann: App) -> None:
    ann.asks()
    ann.uploads(b"<script>alert(1)</script>")
    good = ann.uploads(a_picture())
    assert [photo["s3Key"] for photo in ann.photos()] == [good["key"]]


def test_a_long_row_of_photos_is_there_after_a_few_lists(ann: App) -> None:
    placed = {ann.uploads(a_picture())["key"] for _ in range(12)}
    ann.photos()
    assert {photo["s3Key"] for photo in ann.photos()} == placed


def test_everyone_has_a_gallery_of_their_own(ann: App, people: People) -> None:
    ann.uploads(a_picture())
    [photo] = ann.photos()
    bob = App(people.new("bob"))
    assert bob.photos() == []
    assert bob.calls("DELETE", f"/photos/{photo['imageId']}").code == "not_found"
    assert people.nobody.get("/photos").status == 401
    assert people.nobody.post("/upload-url", {"file_type": "photo", "content_type": "image/jpeg"}).status == 401
    ann.calls("DELETE", f"/photos/{photo['imageId']}").expect(200)
    assert ann.photos() == []
    assert ann.rendered(photo).status == 404


def test_the_bucket_is_not_public_as_the_seeds_is(ann: App) -> None:
    place = ann.uploads(a_picture())
    [photo] = ann.photos()
    assert send("GET", f"{place['upload_url'].rstrip('/')}/{photo['s3Key']}").status == 403
    assert send("PUT", f"{place['upload_url'].rstrip('/')}/uploads/x.jpg", a_picture()).status == 403


# --- a real browser ------------------------------------------------------------------------------------------

# The gallery's own code, as the seed's steps say it; the page that it runs in is of another origin than S3.
UPLOAD = """
const [token, octets, done] = arguments;
(async () => {
  const headers = {"Authorization": "Bearer " + token, "Content-Type": "application/json"};
  const wanted = JSON.stringify({file_type: "photo", content_type: "image/jpeg"});
  const place = await (await fetch("/upload-url", {method: "POST", headers, body: wanted})).json();
  const form = new FormData();
  for (const [name, value] of Object.entries(place.fields)) form.append(name, value);
  form.append("file", new File([Uint8Array.from(atob(octets), c => c.charCodeAt(0))], "a.jpg", {type: "image/jpeg"}));
  const sent = await fetch(place.upload_url, {method: "POST", body: form});
  const {photos} = await (await fetch("/photos", {headers: {"Authorization": "Bearer " + token}})).json();
  const image = new Image();
  image.src = "/media/" + photos[0].s3Key;
  await image.decode();
  return [sent.status, photos.length, image.naturalWidth, image.naturalHeight];
})().then(done, fault => done(String(fault)));
"""
# A form without a script: what is pressed is its button.
FORM = """
const [url, fields] = arguments;
const form = document.createElement("form");
Object.assign(form, {method: "post", action: url, enctype: "multipart/form-data"});
const add = (name, type, value) => {
  const input = form.appendChild(document.createElement("input"));
  Object.assign(input, {name, type});
  if (value) input.value = value;
};
for (const [name, value] of Object.entries(fields)) add(name, "hidden", value);
add("file", "file");
form.appendChild(document.createElement("button")).textContent = "Send";
document.body.append(form);
"""


@pytest.fixture
def browser(chromium: webdriver.Chrome, people: People) -> Iterator[webdriver.Chrome]:
    yield chromium
    empty(chromium, people.stack.gateway)


def test_chromium_posts_a_form_data_to_s3_and_shows_the_photo(browser: webdriver.Chrome, ann: App) -> None:
    browser.get(ann.person.gateway + "/")
    octets = base64.b64encode(a_picture(1_000, 700)).decode()
    assert browser.execute_async_script(UPLOAD, ann.person.token, octets) == [201, 1, 800, 560]
    assert console(browser) == []


def test_chromium_posts_a_plain_html_form_to_s3(browser: webdriver.Chrome, ann: App, tmp_path: Path) -> None:
    (tmp_path / "me.jpg").write_bytes(a_picture())
    place = ann.asks()
    browser.get("about:blank")
    browser.execute_script(FORM, place["upload_url"], place["fields"])
    browser.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(tmp_path / "me.jpg"))
    browser.find_element(By.TAG_NAME, "button").click()
    answered = WebDriverWait(browser, LOOKING_SECONDS, 0.05).until(
        lambda browser: browser.current_url.startswith(place["upload_url"]) and browser.page_source
    )
    assert place["fields"]["key"] in answered
    assert [photo["s3Key"] for photo in ann.photos()] == [place["key"]]
