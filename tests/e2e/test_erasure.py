"""An account's end, by the gateway: first a copy of everything, then nothing anywhere, and a token good for nothing."""

import json
import os
import subprocess
import sys

from tests.e2e.client import People, a_picture, fetched
from tests.e2e.local_stack import REPOSITORY, Runner, eventually


def test_a_person_takes_a_copy_and_is_gone(stack: Runner) -> None:
    person = People(stack).new("erased").with_profile(email="private@contact.test")
    picture = person.uploads("profile_image", a_picture())
    photo = person.uploads("photo", a_picture())
    place = person.sends("project_image", a_picture())

    copy = person.get("/users/me/export")
    held = copy.expect(200)
    assert "attachment" in copy.headers["content-disposition"]
    assert {each["key"] for each in held["objects"]} == {picture["key"], photo["key"]}
    urls = [url for each in held["objects"] for url in each["urls"].values()]
    assert all(fetched(url).status == 200 for url in urls)
    assert held["profile"]["email"] == "private@contact.test"

    assert "30 days" in person.delete("/users/me").expect(202)["message"]

    for method, path in (
        ("DELETE", "/users/me"),
        ("GET", "/users/me"),
        ("GET", "/photos"),
        ("GET", "/users/me/export"),
    ):
        assert person.call(method, path).code == "account_erased"
    assert person.completes(place).status == 410
    nobody = People(stack).nobody
    assert nobody.get(f"/profiles/{person.name}").status == 404
    assert nobody.get(f"/media/{picture['key']}").status == 404
    assert json.loads(nobody.get(f"/username/check?username={person.name}").body)["available"] is True
    # The URLs of the copy still open, but what they open goes with the next sweep.
    assert eventually(lambda: all(fetched(url).status == 404 for url in urls), 60)


def test_an_operator_erases_somebody_on_the_running_stack(stack: Runner) -> None:
    person = People(stack).new("erased").with_profile()
    person.uploads("profile_image", a_picture())
    owner = person.get("/users/me").expect(200)["user_id"]

    command = [sys.executable, "-m", "local.erase", owner, "--json"]
    environment = os.environ | {"STATE_DIR": str(stack.state_dir)}
    erased = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=90, check=False)

    assert erased.returncode == 0, erased.stderr.decode()
    report = json.loads(erased.stdout)
    assert report["complete"] is True
    assert report["files"]["deleted"]["users"] == 3
    assert person.get("/users/me").code == "account_erased"
