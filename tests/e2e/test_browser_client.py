"""clients/browser/countersign.js in a real Chromium, against the whole stack: what it tells, gives up, and repeats."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

from local import layout
from tests.e2e.chromium import console, slow_down
from tests.e2e.client import People, Person, a_heavy_picture, a_pdf, a_picture
from tests.e2e.local_stack import Runner, eventually

SECONDS = 60
# In `script` are the client, files, a place for what is told of progress, and a way to abort.
RUN = """
const [token, files] = arguments;
const blobs = files.map(([octets, type]) => new Blob([Uint8Array.from(atob(octets), c => c.charCodeAt(0))], {{type}}));
const onProgress = step => progress.push(step);
window.outcome = null; window.progress = []; window.abort = new AbortController();
(async () => {{
  const {{Countersign, CountersignError}} = await import("/static/countersign.js");
  const client = new Countersign({{token: async () => token}});
  {script}
}})().then(
  value => {{ window.outcome = {{value: value === undefined ? null : value}}; }},
  error => {{ window.outcome = {{error: {{name: error.name, ...error, message: error.message}}}}; }});
"""
A_PROFILE_IMAGE = 'return client.upload(blobs[0], {fileType: "profile_image", onProgress, signal: abort.signal});'


class Script:
    """What a page of ours does with the client, for one person."""

    def __init__(self, browser: webdriver.Chrome, stack: Runner, person: Person) -> None:
        self.browser, self.person = browser, person
        browser.get(stack.gateway + "/")

    def begins(self, script: str, *files: bytes, content_type: str = "image/jpeg") -> "Script":
        """Run `script` in the page, where `client`, `blobs`, `onProgress` and `abort` are; `outcome` is its end."""
        spoken = [[base64.b64encode(octets).decode(), content_type] for octets in files]
        self.browser.execute_script(RUN.format(script=script), self.person.token, spoken)
        return self

    def now(self, expression: str) -> Any:
        return self.browser.execute_script(f"return {expression}")

    def until(self, expression: str) -> None:
        """Wait until this is true in the page."""
        came = eventually(lambda: bool(self.now(expression)), SECONDS)
        assert came, f"not {expression}: {self.now('[outcome, progress.at(-1)]')}"

    def ends(self) -> dict[str, Any]:
        self.until("outcome")
        return dict(self.now("outcome"))

    def value(self) -> Any:
        outcome = self.ends()
        assert "value" in outcome, outcome
        return outcome["value"]

    def error(self) -> dict[str, Any]:
        outcome = self.ends()
        assert "error" in outcome, outcome
        return dict(outcome["error"])

    def runs(self, script: str, *files: bytes, content_type: str = "image/jpeg") -> Any:
        return self.begins(script, *files, content_type=content_type).value()

    def uploads(self) -> list[str]:
        """The ids of the uploads that the page spoke of to the gateway."""
        found = self.now("performance.getEntriesByType('resource').map(one => new URL(one.name).pathname.split('/'))")
        return list(dict.fromkeys(parts[2] for parts in found if parts[1] == "uploads"))

    def states(self) -> list[str]:
        return [self.person.get(f"/uploads/{upload}").expect(200)["state"] for upload in self.uploads()]


@pytest.fixture(scope="module")
def people(stack: Runner) -> People:
    return People(stack)


@pytest.fixture
def person(people: People) -> Person:
    return people.new("script")


@pytest.fixture
def page(browser: webdriver.Chrome, stack: Runner, person: Person) -> Script:
    return Script(browser, stack, person)


@pytest.fixture
def away(stack: Runner) -> Callable[[str], Any]:
    """Takes a process's socket away for a while, so that whoever asks it cannot connect."""

    @contextmanager
    def without(process: str) -> Iterator[None]:
        path = layout.of(stack.state_dir.resolve(), has_mounts=False).socket(process)
        hidden = path.with_suffix(".away")
        path.rename(hidden)
        try:
            yield
        finally:
            hidden.rename(path)

    return without


def has_picture(person: Person) -> bool:
    return person.get("/users/me/picture").expect(200)["key"] is not None


# --- uploading -----------------------------------------------------------------------------------------------


def test_progress_is_told_from_asking_to_checking(page: Script, person: Person) -> None:
    picture = a_heavy_picture()
    slow_down(page.browser)
    ready = page.runs(A_PROFILE_IMAGE, picture)
    progress = page.now("progress")
    stages = [step["stage"] for step in progress]
    assert stages == sorted(stages, key=["asking", "sending", "checking"].index)
    sent = [step["loaded"] for step in progress if step["stage"] == "sending"]
    assert len({loaded for loaded in sent if 0 < loaded < len(picture)}) >= 2, sent
    assert sent == sorted(sent)
    assert (sent[-1], {step["total"] for step in progress}) == (len(picture), {len(picture)})
    assert (ready["state"], ready["width"], set(ready["urls"])) == ("ready", 800, {"150", "400", "800"})
    assert has_picture(person)


@pytest.mark.parametrize("options", ['method: "POST"', "checksum: true", 'method: "POST", checksum: true'])
def test_a_form_and_a_checksum_bring_the_file_too(page: Script, options: str) -> None:
    ready = page.runs(f'return client.upload(blobs[0], {{fileType: "profile_image", {options}}});', a_picture())
    assert ready["state"] == "ready"
    assert console(page.browser) == []


def test_two_files_go_up_at_once(page: Script) -> None:
    both = 'return Promise.all(blobs.map(blob => client.upload(blob, {fileType: "photo"})));'
    ready = page.runs(both, a_picture(), a_picture(500, 400))
    assert [one["width"] for one in ready] == [640, 500]
    assert len({one["key"] for one in ready}) == 2


@pytest.mark.parametrize(("octets", "reason"), [(b"Hello", "not_an_image"), (a_pdf(), "not_an_image"), (b"", "empty")])
def test_a_rejected_file_is_an_error_with_its_reason(page: Script, person: Person, octets: bytes, reason: str) -> None:
    error = page.begins(A_PROFILE_IMAGE, octets).error()
    assert (error["name"], error["status"], error["code"]) == ("CountersignError", 422, "upload_rejected")
    assert error["reason"] == reason
    assert error["requestId"]
    assert error["message"]
    assert not has_picture(person)


def test_what_the_kind_does_not_take_is_refused_before_anything_is_sent(page: Script) -> None:
    error = page.begins(A_PROFILE_IMAGE, b"x", content_type="text/plain").error()
    assert (error["status"], error["code"]) == (400, "unsupported_content_type")
    assert "sending" not in {step["stage"] for step in page.now("progress")}


# --- aborting ------------------------------------------------------------------------------------------------


def test_an_abort_in_mid_upload_cancels_it_at_the_server_too(page: Script, person: Person) -> None:
    slow_down(page.browser, uploadThroughput=100_000)
    page.begins(A_PROFILE_IMAGE, a_heavy_picture()).until("progress.some(step => step.loaded > 0)")
    page.now("abort.abort()")
    assert page.error()["name"] == "AbortError"
    assert page.states() == ["cancelled"]
    assert not has_picture(person)


def test_an_abort_while_asking_cancels_what_was_begun(page: Script) -> None:
    error = page.begins(
        "queueMicrotask(() => abort.abort(new Error('enough')));" + A_PROFILE_IMAGE, a_picture()
    ).error()
    assert error["message"] == "enough"
    assert page.states() == ["cancelled"]


def test_an_abort_before_anything_asks_for_nothing(page: Script) -> None:
    assert page.begins("abort.abort();" + A_PROFILE_IMAGE, a_picture()).error()["name"] == "AbortError"
    assert page.uploads() == []


def test_an_abort_while_checking_cancels_it(page: Script, person: Person, away: Callable[[str], Any]) -> None:
    with away("image_service"):
        page.begins(A_PROFILE_IMAGE, a_picture()).until("progress.at(-1)?.stage === 'checking'")
        page.now("abort.abort()")
        assert page.error()["name"] == "AbortError"
        assert page.states() == ["cancelled"]
    assert not has_picture(person)


def test_an_abort_that_comes_too_late_answers_the_upload(page: Script, person: Person) -> None:
    # The browser's own way out, held up where the answer that it is ready has come and nobody has read it yet.
    late = """
      const real = window.fetch;
      window.fetch = async (url, options) => {
        const answer = await real(url, options);
        if (!String(url).endsWith("/complete") || abort.signal.aborted) return answer;
        abort.abort();
        throw abort.signal.reason;
      };
    """
    assert page.runs(late + A_PROFILE_IMAGE, a_picture())["state"] == "ready"
    assert has_picture(person)


# --- asking again --------------------------------------------------------------------------------------------


REFUSED = "performance.getEntriesByType('resource').some(one => [502, 503].includes(one.responseStatus))"


def test_a_decoder_that_is_away_for_a_moment_is_asked_again(
    page: Script, person: Person, away: Callable[[str], Any]
) -> None:
    with away("image_service"):
        page.begins(A_PROFILE_IMAGE, a_picture()).until(REFUSED)
        assert page.now("outcome") is None
    assert page.value()["state"] == "ready"
    assert has_picture(person)


def test_a_service_that_is_away_for_a_moment_is_asked_again(
    page: Script, person: Person, away: Callable[[str], Any]
) -> None:
    person.uploads("profile_image", a_picture())
    with away("metadata_service"):
        page.begins("return client.removePicture();").until(REFUSED)
        assert page.now("outcome") is None
    page.value()
    assert not has_picture(person)


def test_a_line_that_breaks_in_mid_upload_is_taken_up_again(page: Script, person: Person) -> None:
    slow_down(page.browser)
    page.begins(A_PROFILE_IMAGE, a_heavy_picture()).until("progress.some(step => step.loaded > 0)")
    slow_down(page.browser, offline=True)
    assert eventually(lambda: "ERR_INTERNET_DISCONNECTED" in str(console(page.browser)), SECONDS)
    assert page.now("outcome") is None
    slow_down(page.browser, uploadThroughput=-1)
    assert page.value()["state"] == "ready"
    assert has_picture(person)


def test_who_is_told_to_wait_long_hears_so_at_once(page: Script, person: Person) -> None:
    for _ in range(20):
        person.asks("photo")
    error = page.begins(A_PROFILE_IMAGE, a_picture()).error()
    assert (error["status"], error["code"]) == (429, "too_many_pending")
    assert error["retryAfter"] >= 60


def test_an_upload_whose_completing_failed_can_be_completed_later(page: Script, away: Callable[[str], Any]) -> None:
    hurried = "window.setTimeout = new Proxy(setTimeout, {apply: (real, self, [work]) => real(work, 0)});"
    with away("image_service"):
        error = page.begins(hurried + A_PROFILE_IMAGE, a_picture()).error()
    assert (error["status"], error["uploadId"]) == (503, page.uploads()[0])
    assert page.runs(f"return client.complete({json.dumps(error['uploadId'])});")["state"] == "ready"


# --- what there is -------------------------------------------------------------------------------------------


def test_photos_come_page_by_page_and_go(page: Script, person: Person) -> None:
    keys = [person.uploads("photo", a_picture(200 + number))["key"] for number in range(3)]
    everything = "const found = []; for await (const one of client.allPhotos({limit: 2})) found.push(one);"
    assert [one["s3Key"] for one in page.runs(everything + "return found;")] == keys[::-1]
    first = page.runs("return client.photos({limit: 2});")
    assert (len(first["photos"]), bool(first["next_cursor"])) == (2, True)
    page.runs(everything + "for (const one of found) await client.deletePhoto(one.imageId);")
    assert page.runs(everything + "return found;") == []


def test_the_picture_is_read_and_removed(page: Script, person: Person) -> None:
    assert page.runs("return client.picture();")["key"] is None
    key = person.uploads("profile_image", a_picture())["key"]
    assert page.runs("return client.picture();")["key"] == key
    page.runs("await client.removePicture();")
    assert not has_picture(person)
    assert page.begins("return client.removePicture();").error()["status"] == 404


def test_a_token_that_does_not_count_is_an_error(page: Script) -> None:
    page.person = Person(page.person.gateway, "no-token")
    error = page.begins("return client.photos();").error()
    assert (error["status"], error["name"]) == (401, "CountersignError")


def test_the_gateway_serves_the_very_file(stack: Runner, people: People) -> None:
    source = Path(__file__).parents[2] / "clients/browser/countersign.js"
    assert people.nobody.get("/static/countersign.js").body == source.read_bytes()
