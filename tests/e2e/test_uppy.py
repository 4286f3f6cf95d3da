"""Uppy's own packages in a real Chromium, by the recipes of docs/uppy.md: whole, in parts, resumed and cancelled."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.e2e.chromium import console
from tests.e2e.client import People, Person, a_picture, fetched, looked_at
from tests.e2e.local_stack import Runner, eventually
from tests.e2e.uppy_packages import bundle

UPLOAD_SECONDS = 60
# Uppy itself counts: how far it says it is, and which URLs it had signed for parts.
UPLOAD = """
const [gateway, fileType, token, then, done] = arguments;
const uppy = recipe.uploader(gateway, fileType, async () => token);
const file = document.querySelector("input").files[0], steps = [], parts = [];
window.began = null;
uppy.on("upload-progress", (_, progress) => steps.push(progress.bytesUploaded));
uppy.on("s3-multipart:part-uploaded", (sent, part) => {
  parts.push(part.PartNumber);
  window.began = uppy.getFile(sent.id)?.s3Multipart?.key;
  if (part.PartNumber === 1 && then === "resume") { uppy.pauseAll(); setTimeout(() => uppy.resumeAll(), 100); }
  if (part.PartNumber === 1 && then === "cancel") uppy.removeFile(sent.id);
});
uppy.addFile({ name: file.name, type: file.type, data: file });
uppy.upload().then(
  ({ successful, failed }) => done({
    steps, parts, sizes: [file.size], began: window.began,
    keys: successful.map(each => each.response.body.key), errors: failed.map(each => each.error),
  }),
  error => done({ steps, parts, keys: [], errors: [String(error)] }));
"""


@dataclass
class Page:
    """A page of another origin than the gateway's, with Uppy in it."""

    browser: webdriver.Chrome
    stack: Runner
    person: Person

    def opens(self, version: str) -> "Page":
        # The gateway's other name, which is listed; its own policy there would let nothing be asked.
        self.browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        self.browser.get(f"http://localhost:{self.stack.gateway_port}/healthz")
        self.browser.execute_script(bundle(version))
        self.browser.execute_script("document.body.innerHTML = '<input type=file>'")
        return self

    def uploads(self, file: Path, file_type: str = "photo", then: str = "") -> Any:
        self.browser.find_element(By.TAG_NAME, "input").send_keys(str(file))
        self.browser.set_script_timeout(UPLOAD_SECONDS)
        return self.browser.execute_async_script(UPLOAD, self.stack.gateway, file_type, self.person.token, then)

    def said_nothing_wrong(self) -> bool:
        return not [entry for entry in console(self.browser) if entry["source"] == "console-api"]


@pytest.fixture
def person(stack: Runner) -> Person:
    return People(stack).new("uppy")


@pytest.fixture
def page(browser: webdriver.Chrome, stack: Runner, person: Person) -> Iterator[Page]:
    yield Page(browser, stack, person)
    browser.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("small") / "cat.jpg"
    written.write_bytes(a_picture(1000, 500))
    return written


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, which no encoder makes small: two parts."""
    picture = io.BytesIO()
    Image.effect_noise((2800, 1400), 90).convert("RGB").save(picture, "JPEG", quality=100)
    written = tmp_path_factory.mktemp("heavy") / "cat.jpg"
    written.write_bytes(picture.getvalue())
    assert 5 * 2**20 < len(picture.getvalue()) < 10 * 2**20
    return written


def is_in_the_gallery(person: Person, key: str) -> None:
    """Complete already, so asking again answers the same; listed and seen."""
    done = person.post("/upload-complete", {"key": key}).expect(200)
    [photo] = person.get("/photos").expect(200)["photos"]
    assert photo["s3Key"] == done["key"]
    assert {looked_at(fetched(url).body)[1] for url in photo["urls"].values()} == {(150, 150), (400, 400), (800, 400)}


@pytest.mark.parametrize("version", ["5", "6"])
def test_uppy_uploads_a_file_whole(page: Page, person: Person, small: Path, version: str) -> None:
    done = page.opens(version).uploads(small)
    assert done["errors"] == []
    assert done["steps"][-1] == small.stat().st_size
    is_in_the_gallery(person, done["keys"][0])
    assert page.said_nothing_wrong()


@pytest.mark.parametrize("version", ["5", "6"])
def test_uppy_uploads_a_file_in_parts(page: Page, person: Person, heavy: Path, version: str) -> None:
    done = page.opens(version).uploads(heavy)
    assert (done["errors"], sorted(done["parts"])) == ([], [1, 2])
    assert done["steps"][-1] == heavy.stat().st_size
    is_in_the_gallery(person, done["keys"][0])
    assert page.said_nothing_wrong()


def test_uppy_resumes_after_the_parts_that_came(page: Page, person: Person, heavy: Path) -> None:
    done = page.opens("6").uploads(heavy, then="resume")
    assert (done["errors"], done["parts"]) == ([], [1, 2])
    is_in_the_gallery(person, done["keys"][0])


def test_uppy_cancels_and_leaves_nothing(page: Page, person: Person, stack: Runner, heavy: Path) -> None:
    page.opens("6").uploads(heavy, then="cancel")
    key = page.browser.execute_script("return window.began")
    upload_id = key.rpartition("/")[2].partition(".")[0]
    cancelled = {"state": "cancelled"}.items()
    assert eventually(lambda: cancelled <= person.get(f"/uploads/{upload_id}").json.items(), 10)
    s3, bucket = stack.deployment.client("s3"), stack.deployment.bucket

    def is_aborted() -> bool:
        return key not in str(s3.list_multipart_uploads(Bucket=bucket).get("Uploads"))

    assert eventually(is_aborted, 10), "its parts are still there"


@pytest.mark.parametrize("version", ["5", "6"])
def test_what_is_refused_is_an_error_in_the_services_words(page: Page, tmp_path: Path, version: str) -> None:
    wrong = tmp_path / "cat.jpg"
    wrong.write_bytes(b"no picture at all")
    [error] = page.opens(version).uploads(wrong)["errors"]
    assert "JPEG" in error


@pytest.mark.parametrize("multipart_id", ["a%2Fb", "a/b", "..", "%2e%2e"])
def test_an_id_that_is_none_stays_outside(person: Person, multipart_id: str) -> None:
    answer = person.get(f"/uppy/photo/s3/multipart/{multipart_id}/1?key=x")
    assert (answer.status, answer.code) == (404, "not_found"), answer


@pytest.mark.parametrize("multipart_id", ["a%2Bb%3D%3D", "a+b==", "VXBs_b2Fk.SUQ--", "a" * 1_024, "%2B" * 700])
def test_an_id_reaches_the_service_however_s3_spells_it(person: Person, multipart_id: str) -> None:
    answer = person.get(f"/uppy/photo/s3/multipart/{multipart_id}/1?key=x")
    assert (answer.status, answer.code) == (404, "upload_not_found"), answer
