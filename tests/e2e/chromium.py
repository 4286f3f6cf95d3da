"""A real Chromium for tests: headless, and empty again before each of them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

# Written before the page's own scripts run: what the content policy blocked, errors, and each step of the progress.
WATCH = """
window.blocked = []; window.faults = []; window.steps = [];
document.addEventListener("securitypolicyviolation", e => blocked.push(e.violatedDirective + " " + e.blockedURI));
window.addEventListener("error", e => faults.push(String(e.message)));
window.addEventListener("unhandledrejection", e => faults.push(String(e.reason)));
new MutationObserver(changes => changes.forEach(change => {
  if (change.target.tagName === "PROGRESS") steps.push(change.target.value);
})).observe(document, {subtree: true, attributes: true, attributeFilter: ["value"]});
"""
# Upload speed in bytes a second: as on a slow line, so that there is something to be seen of what takes time.
SLOW = {"offline": False, "latency": 10, "downloadThroughput": -1, "uploadThroughput": 700_000}


def console(browser: webdriver.Chrome) -> list[dict[str, Any]]:
    """What the console has noted since it was last asked."""
    entries: list[dict[str, Any]] = browser.get_log("browser")  # type: ignore[no-untyped-call] # selenium's own gap
    return entries


def new_browser(folder: Path) -> webdriver.Chrome:
    """A browser that keeps its profile in this folder. Fails the test where there is none: what nobody looked at in a
    browser is not known to work.
    """
    programs = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if None in programs:
        pytest.fail("this is tried in a real browser: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(programs[0])
    # No sandbox: Chromium has none where it is started by root, and the only pages it opens are ours.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,1400"):
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={folder}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, Service(str(programs[1])))
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    return browser


def empty(browser: webdriver.Chrome, origin: str) -> None:
    """As if newly installed, on a line as fast as the machine's, with nothing in its console."""
    browser.get("about:blank")
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", SLOW | {"latency": 0, "uploadThroughput": -1})
    browser.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    console(browser)


def slow_down(browser: webdriver.Chrome, **changed: Any) -> None:
    """From now on, until the test ends, a slow line; or one that is `changed`, such as offline."""
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", SLOW | changed)
