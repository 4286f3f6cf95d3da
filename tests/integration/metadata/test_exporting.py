"""A copy of all that is held about a person: everything of theirs, nothing of anybody else's."""

from collections.abc import Callable

import requests

from metadata_service.store import holdings
from tests.integration.metadata.people_objects import ready_images
from tests.integration.metadata.test_uploads_frozen import frozen
from tests.integration.uploads_stack import Person, Stack, a_picture, make_app


def a_person_with_everything(person: Person, name: str) -> None:
    image = person.has(a_picture("green"), file_type="project_image")
    profile = {
        "username": name,
        "email": "alice@example.com",
        "phone": "+49 30 1234",
        "date_of_birth": "1990-01-02",
        "projects": [{"title": "Glass", "image_key": image["key"]}],
    }
    assert person.ask("POST", "/profiles", json=profile).status_code == 200
    person.has(a_picture("red"))
    person.has(a_picture("blue"))
    photo = person.has(a_picture("white"), file_type="photo")
    shared = person.ask("POST", "/share-links", json={"key": photo["key"], "expires_in": 60})
    assert shared.status_code == 200, shared.text
    for title in ("Garden", "Croquet"):
        saved = person.ask("POST", "/links", json={"title": title, "url": "https://alice.example"}).json["link"]
    person.ask("DELETE", f"/links/{saved['link_id']}")
    person.begin("resume", "application/pdf")


def test_everything_held_about_a_person_is_in_it(alice: Person, stack: Stack, name: str) -> None:
    a_person_with_everything(alice, name)

    answer = alice.ask("GET", "/users/me/export")

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Cache-Control"] == "no-store"
    held = answer.json
    assert set(held) == {"exported_at", "user_id", "account", "profile", *holdings.SECTIONS}
    assert held["account"]["username"] == name
    assert (held["profile"]["email"], held["profile"]["date_of_birth"]) == ("alice@example.com", "1990-01-02")
    assert {link["title"] for link in held["links"]} == {"Garden", "Croquet"}
    of_media = [section for section, where in holdings.SECTIONS.items() if where.table == "media"]
    assert sum(len(held[section]) for section in of_media) == len(alice.rows)
    for each in held["objects"]:
        assert set(each["urls"]) == {"150", "400", "800"}
        assert all(requests.get(url, timeout=10).ok for url in each["urls"].values())
    assert {each["key"] for each in held["objects"]} >= {photo["s3Key"] for photo in held["photos"]}


def test_a_profile_that_no_account_says_is_in_it_too(alice: Person, stack: Stack, name: str) -> None:
    recorded = {"username": {"S": name}, "user_id": {"S": alice.sub}, "phone": {"S": "+49 30 1234"}}
    stack.deployment.client("dynamodb").put_item(TableName=stack.deployment.table_prefix + "profiles", Item=recorded)
    held = alice.ask("GET", "/users/me/export").json
    assert (held["account"], held["profile"]["phone"]) == (None, "+49 30 1234")


def test_no_receipt_and_no_lease_is_in_it(alice: Person, stack: Stack, name: str) -> None:
    a_person_with_everything(alice, name)
    receipts = [row["receipt"]["S"] for row in alice.rows.values() if "receipt" in row]
    text = alice.ask("GET", "/users/me/export").text
    assert len(receipts) >= 3
    assert not [receipt for receipt in receipts if receipt in text]
    assert '"lease"' not in text


def test_s16_nobody_else_is_in_it(alice: Person, bob: Person, name: str) -> None:
    a_person_with_everything(bob, name)
    answer = alice.ask("GET", "/users/me/export")
    assert answer.status_code == 200
    assert bob.sub not in answer.text
    assert answer.json["account"] is None
    assert alice.look("/users/me/export").status_code == 401


def test_many_files_come_in_pages_that_are_signed_as_they_are_written(alice: Person) -> None:
    keys = set(ready_images(alice, 250))
    held = alice.ask("GET", "/users/me/export").json
    assert {each["key"] for each in held["objects"]} == keys
    assert all("X-Amz-Expires=3600" in each["urls"]["800"] for each in held["objects"])


def test_one_frozen_file_does_not_keep_the_rest_from_its_owner(alice: Person, stack: Stack) -> None:
    picture, photo = alice.has(a_picture()), alice.has(a_picture("blue"), file_type="photo")
    with frozen(stack, alice, picture["key"], objects=[picture["upload_id"]]):
        answer = alice.ask("GET", "/users/me/export")
    assert answer.status_code == 200, answer.text
    urls = {each["key"]: each["urls"] for each in answer.json["objects"]}
    assert urls.keys() == {picture["key"], photo["key"]}
    assert urls[picture["key"]] is None
    assert requests.get(urls[photo["key"]]["800"], timeout=10).ok


def test_without_the_signer_it_is_503_before_a_byte(someone: Callable[[], Person], stack: Stack) -> None:
    person = someone()
    ready_images(person, 1)
    nowhere = f"a=unix:{stack.folder}/nowhere.sock"
    person.client = make_app({**stack.metadata_environment, "SIGNERS": nowhere}).test_client()
    answer = person.ask("GET", "/users/me/export")
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
