"""The page in a real Chromium, as a person uses it: by its labels and buttons, with the mouse and the eyes.

Needs chromium and chromedriver on the PATH (Debian: chromium, chromium-driver); where they are missing these tests
fail and say so, for a page that nobody looked at is not known to work.
"""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from local import users
from tests.e2e.chromium import console, slow_down
from tests.e2e.client import People, Person, a_heavy_picture, a_pdf, a_picture, send
from tests.e2e.local_stack import Runner

LOOKING_SECONDS = 20
PASSWORD = "Correct-horse-7"


class Page:
    """A browser's window at the stack, and the person in front of it."""

    def __init__(self, browser: webdriver.Chrome, stack: Runner, name: str) -> None:
        self.browser = browser
        self.stack = stack
        self.name = name

    def opens(self, path: str = "/") -> "Page":
        self.browser.get(self.stack.gateway + path)
        return self

    def until(self, is_so: Callable[[], Any], what: str) -> Any:
        """Wait for what is to be seen; `what` says it where it does not come."""
        waiting = WebDriverWait(self.browser, LOOKING_SECONDS, 0.05)
        return waiting.until(lambda _: is_so(), f"{what}; the page says: {self.text()!r}")

    def text(self) -> str:
        return str(self.browser.find_element(By.TAG_NAME, "body").text)

    def shows(self, text: str) -> None:
        self.until(lambda: text in self.text(), f"{text!r} is not to be seen")

    def button(self, words: str) -> WebElement:
        """The button, or tab, of these words that can be seen."""
        found = f"//button[normalize-space()='{words}']"
        return self._visible(found, f"no button {words!r}")

    def submits(self, words: str) -> None:
        """Press a form's button, where a tab has the same words."""
        self._visible(f"//form//button[normalize-space()='{words}']", f"no form to {words!r}").click()

    def field(self, label: str) -> WebElement:
        """The field of this label that can be seen."""
        found = f"//label[starts-with(normalize-space(), '{label}')]//*[self::input or self::textarea]"
        return self._visible(found, f"no field {label!r}")

    def _visible(self, xpath: str, otherwise: str) -> WebElement:
        def seen() -> WebElement | None:
            elements = self.browser.find_elements(By.XPATH, xpath)
            return next((element for element in elements if element.is_displayed()), None)

        found = self.until(seen, otherwise)
        assert isinstance(found, WebElement)
        return found

    def fills(self, fields: dict[str, str]) -> None:
        """Type texts into fields, by their labels."""
        for label, text in fields.items():
            field = self.field(label)
            field.clear()
            field.send_keys(text)

    def signs_in(self, password: str | None = None) -> "Page":
        """By name and password; without one, as a local user."""
        password = password or users.password(self.stack.deployment, self.name)
        self.opens().fills({"User name": self.name, "Password": password})
        self.submits("Sign in")
        self.field("Full name")
        return self

    def chooses(self, file: Path) -> None:
        self.browser.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(str(file))

    def refusal(self) -> str:
        """What the page says is wrong, once it says so."""

        def said() -> str:
            alerts = self.browser.find_elements(By.CSS_SELECTOR, "[role=alert]")
            return "".join(alert.text for alert in alerts if alert.is_displayed())

        return str(self.until(said, "nothing is said to be wrong"))

    def pictures(self) -> list[tuple[int, int]]:
        """Width and height, as loaded, of each picture in the list of sizes; largest first."""
        script = "return [...document.querySelectorAll('#sizes img')].map(i => [i.naturalWidth, i.naturalHeight])"
        self.browser.execute_script("document.querySelector('#sizes').scrollIntoView()")
        return sorted(((width, height) for width, height in self.browser.execute_script(script)), reverse=True)

    def shows_sizes(self, *sizes: tuple[int, int]) -> None:
        self.until(lambda: self.pictures() == list(sizes), f"not the picture in {sizes}, but {self.pictures()}")

    def is_clean(self, *, refusals: bool = False) -> None:
        """Hold the page to no violation and no error; `refusals` allows for those the browser notes of HTTP itself."""
        assert self.browser.execute_script("return blocked") == [], "S22: the content policy blocked something"
        assert self.browser.execute_script("return faults") == [], "the page's own code failed"
        noted = [entry for entry in console(self.browser) if not (refusals and entry["source"] == "network")]
        assert noted == [], "the console has errors"


@pytest.fixture(scope="module")
def people(stack: Runner) -> People:
    return People(stack)


@pytest.fixture
def person(people: People) -> Person:
    return people.new("page").with_profile(title="Before")


@pytest.fixture
def page(browser: webdriver.Chrome, stack: Runner, person: Person) -> Page:
    return Page(browser, stack, person.name)


@pytest.fixture
def a_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, octets: bytes) -> Path:
        (tmp_path / name).write_bytes(octets)
        return tmp_path / name

    return write


# --- coming in -----------------------------------------------------------------------------------------------


def test_a_person_signs_in_with_name_and_password(page: Page, person: Person) -> None:
    page.signs_in()
    page.until(lambda: page.field("User name").get_attribute("value") == person.name, "whose profile is it?")
    page.until(lambda: page.field("Title").get_attribute("value") == "Before", "the profile is not filled in")
    page.is_clean()


def test_a_person_comes_in_with_a_token(page: Page, person: Person) -> None:
    page.opens().button("Paste a token").click()
    page.fills({"Access token": str(person.token)})
    page.button("Use this token").click()
    page.until(lambda: page.field("Title").get_attribute("value") == "Before", "the profile is not filled in")
    page.is_clean()


def test_a_wrong_password_is_said_to_be_wrong(page: Page) -> None:
    page.opens().fills({"User name": page.name, "Password": "Wrong-horse-7"})
    page.submits("Sign in")
    assert page.refusal()
    assert page.field("Password").is_displayed()
    page.is_clean(refusals=True)


def test_somebody_new_signs_up_and_has_a_profile(browser: webdriver.Chrome, stack: Runner, people: People) -> None:
    page = Page(browser, stack, f"new-{uuid.uuid4().hex[:8]}").opens()
    page.button("Sign up").click()
    page.fills({"User name": page.name, "E-mail": f"{page.name}@example.test", "Password": PASSWORD})
    page.submits("Sign up")
    page.field("Code")
    # The code goes by e-mail, which a test has not: the pool's operator confirms, and the person signs in.
    pool = stack.deployment.client("cognito-idp")
    pool.admin_confirm_sign_up(UserPoolId=stack.deployment.pool_id, Username=page.name)
    page.signs_in(PASSWORD).fills({"User name": page.name, "Full name": "New Person"})
    page.button("Save").click()
    page.until(lambda: people.nobody.get(f"/profiles/{page.name}").status == 200, "the profile was not saved")
    # Chromium notes by itself that /users/me was 404 before there was a profile.
    page.is_clean(refusals=True)


def test_whoever_signs_out_leaves_nothing_behind(page: Page, person: Person) -> None:
    page.signs_in().button("Sign out").click()
    page.field("Password")
    kept = page.browser.execute_script(
        "return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    )
    assert "eyJ" not in kept, "a token stays in the browser"
    page.opens().field("Password")
    page.is_clean(refusals=True)


# --- the picture ---------------------------------------------------------------------------------------------


def test_a_picture_is_uploaded_with_progress_and_seen_in_three_sizes(
    page: Page, person: Person, a_file: Callable[[str, bytes], Path]
) -> None:
    page.signs_in()
    slow_down(page.browser)
    page.chooses(a_file("picture.jpg", a_heavy_picture()))
    page.shows_sizes((800, 600), (400, 400), (150, 150))
    steps = page.browser.execute_script("return steps")
    assert len({step for step in steps if 0 < step < 1}) >= 2, f"no progress was to be seen: {steps}"
    page.until(lambda: page.button("Remove the picture"), "the picture cannot be removed")
    assert person.get("/users/me/picture").expect(200)["key"]
    page.is_clean()


def test_an_upload_is_cancelled_by_its_button(page: Page, person: Person, a_file: Callable[[str, bytes], Path]) -> None:
    page.signs_in()
    slow_down(page.browser, uploadThroughput=100_000)
    page.chooses(a_file("picture.jpg", a_heavy_picture()))
    page.until(lambda: page.browser.execute_script("return steps.some(step => step > 0)"), "nothing is being sent")
    page.button("Cancel").click()
    page.until(lambda: not page.browser.find_element(By.ID, "progress").is_displayed(), "it is not cancelled")
    assert not page.browser.find_element(By.ID, "sizes").is_displayed()
    assert not any(alert.is_displayed() for alert in page.browser.find_elements(By.CSS_SELECTOR, "[role=alert]"))
    assert person.get("/users/me/picture").expect(200)["key"] is None
    page.is_clean()


def test_a_picture_is_there_when_the_page_is_opened_again(page: Page, person: Person) -> None:
    person.uploads("profile_image", a_picture(1000, 500))
    page.signs_in().shows_sizes((800, 400), (400, 400), (150, 150))
    page.is_clean()


@pytest.mark.parametrize(("name", "octets"), [("text.jpg", b"Hello from test"), ("resume.jpg", a_pdf())])
def test_a_file_that_is_no_picture_is_refused_in_words(
    page: Page, person: Person, a_file: Callable[[str, bytes], Path], name: str, octets: bytes
) -> None:
    person.uploads("profile_image", a_picture(1000, 500))
    before = person.get("/users/me/picture").expect(200)["key"]
    page.signs_in().shows_sizes((800, 400), (400, 400), (150, 150))
    page.chooses(a_file(name, octets))
    assert page.refusal()
    assert page.pictures() == [(800, 400), (400, 400), (150, 150)]
    assert person.get("/users/me/picture").expect(200)["key"] == before
    page.is_clean(refusals=True)


def test_a_removed_picture_is_gone(page: Page, person: Person) -> None:
    person.uploads("profile_image", a_picture())
    page.signs_in().button("Remove the picture").click()
    page.until(lambda: person.get("/users/me/picture").expect(200)["key"] is None, "the picture is still there")
    page.until(lambda: not page.browser.find_element(By.ID, "sizes").is_displayed(), "the sizes are still shown")
    page.is_clean()


# --- profile and links ---------------------------------------------------------------------------------------


def test_a_profile_is_changed(page: Page, person: Person) -> None:
    page.signs_in().until(lambda: page.field("Title").get_attribute("value") == "Before", "no profile")
    page.fills({"Title": "After", "Skills": "brass, steam"})
    page.button("Save").click()
    page.until(lambda: person.get(f"/profiles/{person.name}").json["title"] == "After", "it was not saved")
    assert person.get(f"/profiles/{person.name}").json["skills"] == ["brass", "steam"]
    page.is_clean()


def test_a_username_of_anothers_is_refused_in_words(page: Page, person: Person, people: People) -> None:
    other = people.new("other").with_profile()
    page.signs_in().until(lambda: page.field("Title").get_attribute("value") == "Before", "no profile")
    page.fills({"User name": other.name})
    page.button("Save").click()
    assert page.refusal()
    assert person.get("/users/me").expect(200)["username"] == person.name
    page.is_clean(refusals=True)


def test_what_people_write_is_text_and_never_markup(page: Page, person: Person) -> None:
    hostile = '<img src=x onerror="document.title=1">'
    person.post("/profiles", {"username": person.name, "full_name": hostile, "bio": hostile}).expect(200)
    person.post("/links", {"title": hostile, "url": "https://x.example/?%3Cscript%3E"}).expect(200)
    page.signs_in().shows(hostile)
    assert page.browser.title == "Countersign"
    page.is_clean()


def test_a_link_is_added(page: Page, person: Person) -> None:
    page.signs_in()
    page.field("Address").send_keys("https://notes.example/")
    page.browser.find_element(By.CSS_SELECTOR, "#new-link input[name=title]").send_keys("Notes")
    page.button("Add").click()
    page.until(lambda: person.get("/links").expect(200)["links"], "the link was not saved")
    page.shows("Notes")
    page.is_clean()


# --- the page itself -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_s22_the_page_runs_under_a_strict_policy(people: People, path: str) -> None:
    policy = people.nobody.get(path).headers["content-security-policy"]
    assert "unsafe" not in policy, policy
    assert "*" not in policy, policy
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";") if part.strip())
    assert directives["default-src"] in ("'none'", "'self'")
    assert directives["frame-ancestors"] == "'none'"
    assert directives.get("object-src", directives["default-src"]) in ("'none'", "'self'")


def test_the_page_loads_nothing_from_elsewhere(page: Page, stack: Runner) -> None:
    page.signs_in()
    script = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    hosts = {urlsplit(name).netloc for name in page.browser.execute_script(script)}
    assert hosts <= {urlsplit(stack.gateway).netloc, urlsplit(stack.engine).netloc}, hosts


def test_the_interface_is_described_at_docs(browser: webdriver.Chrome, stack: Runner) -> None:
    page = Page(browser, stack, "nobody").opens("/docs")
    for path in ("/upload-url", "/uploads/{upload_id}/complete", "/profiles/{username}", "/links/{link_id}"):
        page.shows(path)
    page.is_clean()


def test_the_page_fits_a_phone(page: Page, person: Person) -> None:
    person.uploads("profile_image", a_picture(1000, 500))
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 375, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        page.signs_in().shows_sizes((800, 400), (400, 400), (150, 150))
        wide = page.browser.execute_script("return document.scrollingElement.scrollWidth")
        assert wide <= 375, f"the page is {wide} pixels wide on a phone of 375"
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_is_served_without_a_cookie(stack: Runner) -> None:
    assert "set-cookie" not in send("GET", stack.gateway + "/").headers


INJECTIONS = {
    "an inline script": "const s = document.createElement('script'); s.append('window.ran = 1');"
    " document.body.append(s)",
    "a script of elsewhere": "const s = document.createElement('script'); s.src = 'https://evil.invalid/x.js';"
    " document.body.append(s)",
    "an attribute": "const i = new Image(); i.setAttribute('onerror', 'window.ran = 1'); i.src = '/none';"
    " document.body.append(i)",
    "markup": "document.body.insertAdjacentHTML('beforeend', \"<img src='/none' onerror='window.ran = 1'>\")",
    "an address": "const a = document.createElement('a'); a.href = 'javascript:window.ran = 1';"
    " document.body.append(a); a.click()",
}


@pytest.mark.parametrize("injection", INJECTIONS)
def test_s22_a_script_written_into_the_page_does_not_run(page: Page, injection: str) -> None:
    page.signs_in().browser.execute_script(f"try {{ {INJECTIONS[injection]} }} catch (refused) {{}}")
    page.until(lambda: page.browser.execute_script("return blocked.length"), f"S22: {injection} was not blocked")
    assert page.browser.execute_script("return window.ran") is None, f"S22: {injection} ran"
