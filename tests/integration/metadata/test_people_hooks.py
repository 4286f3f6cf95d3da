"""The user pool's triggers: who may sign up, and the account that comes of it."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.test import TestResponse

from metadata_service.owners import owner_of
from tests.builders import a_service_token, a_services_file
from tests.integration.uploads_stack import Person, Stack

KEY = Ed25519PrivateKey.generate()


@pytest.fixture(autouse=True)
def _registered(stack: Stack) -> Iterator[None]:
    path = stack.folder / "services.toml"
    before = path.read_text()
    a_services_file(path, KEY, scopes=("hooks", "media:read"))
    yield
    path.write_text(before)


def told(person: Person, trigger: str, token: str | None = None, **attributes: str) -> TestResponse:
    event = {
        "version": "1",
        "region": "us-east-1",
        "userPoolId": "us-east-1_Tests",
        "userName": person.sub,
        "callerContext": {"awsSdkVersion": "1", "clientId": "page"},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": attributes},
        "response": {},
    }
    headers = {"Authorization": f"Bearer {token or a_service_token(KEY)}"}
    return person.client.post(f"/internal/v1/cognito/{trigger}", json=event, headers=headers)


def confirmed(person: Person, **attributes: str) -> dict[str, Any]:
    answer = told(person, "post-confirmation", **{"sub": person.sub, **attributes})
    assert answer.status_code == 200, answer.text
    spoken: dict[str, Any] = answer.json
    return spoken


def test_an_account_is_made_once(alice: Person, name: str) -> None:
    attributes = {
        "email": "alice@example.com",
        "email_verified": "true",
        "custom:username": name.upper(),
        "custom:fullname": "Alice Example",
        "custom:date_of_birth": "1990-12-31",
    }
    assert confirmed(alice, **attributes) == {"user_id": alice.sub, "created": True}
    assert confirmed(alice, **attributes) == {"user_id": alice.sub, "created": False}
    assert alice.ask("GET", "/users/me").json == {
        "user_id": alice.sub,
        "username": name,
        "email": "alice@example.com",
        "profile_complete": False,
        "date_of_birth": "1990-12-31",
        "fullname": "Alice Example",
    }
    assert alice.look(f"/username/check?username={name}").json["reason"] == "taken"


def test_the_claimed_username_is_theirs_to_fill_and_to_change(alice: Person, bob: Person, name: str) -> None:
    confirmed(alice, **{"custom:username": name})
    assert bob.ask("POST", "/profiles", json={"username": name}).status_code == 409
    assert alice.ask("POST", "/profiles", json={"username": name, "title": "x"}).status_code == 200
    assert alice.ask("POST", "/profiles", json={"username": name + "-2"}).status_code == 200
    assert bob.ask("POST", "/profiles", json={"username": name}).status_code == 200


@pytest.mark.parametrize("wanted", ["taken", "admin", "no name", ""])
def test_an_account_whose_username_cannot_be_had_has_none(alice: Person, bob: Person, name: str, wanted: str) -> None:
    bob.ask("POST", "/profiles", json={"username": name})
    confirmed(alice, **{"custom:username": name if wanted == "taken" else wanted})
    assert alice.ask("GET", "/users/me").json["username"] is None
    assert alice.ask("POST", "/profiles", json={"username": name + "-2"}).status_code == 200
    assert alice.ask("GET", "/users/me").json["username"] == name + "-2"


def test_an_email_that_nobody_verified_is_not_kept(alice: Person) -> None:
    confirmed(alice, email="alice@example.com", email_verified="false")
    assert alice.ask("GET", "/users/me").json["email"] is None


def test_a_late_trigger_adds_what_is_not_known_and_changes_nothing(alice: Person, name: str) -> None:
    alice.ask("POST", "/profiles", json={"username": name, "email": "typed@example.com"})
    told_late = {"email": "alice@example.com", "email_verified": "true", "custom:username": name + "-2"}
    assert confirmed(alice, **told_late)["created"] is False
    me = alice.ask("GET", "/users/me").json
    assert (me["username"], me["email"]) == (name, "alice@example.com")
    confirmed(alice, email="other@example.com", email_verified="true")
    assert alice.ask("GET", "/users/me").json["email"] == "alice@example.com"


def test_r04_triggers_and_a_first_profile_at_once_make_one_account(alice: Person, name: str) -> None:
    barrier = Barrier(4)

    def confirm() -> Any:
        barrier.wait()
        return confirmed(alice, email="a@example.com", email_verified="true", **{"custom:username": name})["created"]

    def save() -> int:
        barrier.wait()
        return alice.ask("POST", "/profiles", json={"username": name, "title": "x"}).status_code

    with ThreadPoolExecutor(4) as pool:
        confirming = [pool.submit(confirm) for _ in range(3)]
        saving = pool.submit(save)
        created = [future.result() for future in confirming]
    assert saving.result() == 200
    assert sum(created) <= 1
    me = alice.ask("GET", "/users/me").json
    assert (me["username"], me["email"]) == (name, "a@example.com")
    assert alice.look(f"/profiles/{name}").json["title"] == "x"


def test_a_sub_of_another_form_is_its_owner_form(alice: Person) -> None:
    sub = f"google-oauth2|{uuid.uuid4()}"
    assert told(alice, "post-confirmation", sub=sub).json == {"user_id": owner_of(sub), "created": True}


def test_who_may_sign_up(alice: Person, bob: Person, name: str) -> None:
    bob.ask("POST", "/profiles", json={"username": name})
    assert told(alice, "pre-signup", email="a@example.com").json == {"allow": True}
    assert told(alice, "pre-signup", **{"custom:username": name + "-2"}).json == {"allow": True}
    for wanted, reason in ((name.upper(), "taken"), ("root", "reserved"), ("a b", "invalid")):
        answer = told(alice, "pre-signup", **{"custom:username": wanted})
        assert (answer.status_code, answer.json) == (200, {"allow": False, "reason": f"username_{reason}"})


@pytest.mark.parametrize("trigger", ["pre-signup", "post-confirmation"])
def test_only_a_service_with_the_scope_tells(alice: Person, stack: Stack, trigger: str) -> None:
    unscoped = told(alice, trigger, a_service_token(KEY, scope="media:read"), sub=alice.sub)
    assert (unscoped.status_code, unscoped.json["error"]) == (403, "insufficient_scope")
    unregistered = a_service_token(Ed25519PrivateKey.generate())
    for token in (unregistered, stack.token(alice.sub), "x"):
        assert told(alice, trigger, token, sub=alice.sub).status_code == 401
    assert alice.client.post(f"/internal/v1/cognito/{trigger}", json={}).status_code == 401
    assert alice.ask("GET", "/users/me").status_code == 404


def test_an_event_about_nobody_is_refused(alice: Person) -> None:
    assert told(alice, "post-confirmation").status_code == 400
    headers = {"Authorization": f"Bearer {a_service_token(KEY)}"}
    answer = alice.client.post("/internal/v1/cognito/post-confirmation", json={"request": {}}, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_failed")
