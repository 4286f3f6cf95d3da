"""Whatever goes on while an account is erased, and whoever is killed: nothing of it is left behind."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from metadata_service import accounts, erasing, links
from metadata_service.errors import AccountErased
from metadata_service.object_keys import ObjectKey
from metadata_service.store import erasures, shares, users
from metadata_service.store.dynamodb import TransactionRefused, Write, current
from metadata_service.store.shares import Share
from metadata_service.store.users import Account
from tests.integration.metadata.people_objects import ready_images
from tests.integration.metadata.signer_gate import SignerGate
from tests.integration.metadata.test_uploads_crashes import complete_and_die
from tests.integration.metadata.test_uploads_races import at_once
from tests.integration.metadata.what_is_left import all_swept, only_the_tombstone_is_left
from tests.integration.uploads_stack import REPOSITORY, Answer, Person, Stack, a_picture, make_app

ROUNDS = 4
PICTURE = {"file_type": "profile_image", "content_type": "image/jpeg"}
LINK = {"link_id": "11111111-1111-4111-8111-111111111111", "title": "Garden", "url": "https://alice.example"}
SMALL = a_picture(size=(60, 40))
Act = Callable[[], Answer]


def a_name() -> str:
    return f"user-{uuid.uuid4().hex[:12]}"


def saves(person: Person, path: str, content: dict[str, Any]) -> Answer:
    answer = person.ask("POST", path, json=content)
    assert answer.status_code in (200, 410), answer.text
    return answer


def completes_a_picture(person: Person) -> Act:
    begun = person.upload(SMALL)
    return lambda: person.complete(begun)


def completes_a_photo(person: Person) -> Act:
    begun = person.upload(SMALL, file_type="photo")
    return lambda: person.complete(begun)


def begins_an_upload(person: Person) -> Act:
    return lambda: saves(person, "/upload-url", PICTURE)


def saves_the_first_profile(person: Person) -> Act:
    return lambda: saves(person, "/profiles", {"username": a_name(), "email": "alice@example.com"})


def renames(person: Person) -> Act:
    saves(person, "/profiles", {"username": a_name()})
    return saves_the_first_profile(person)


def adds_a_link(person: Person) -> Act:
    return lambda: saves(person, "/links", LINK)


def changes_a_link(person: Person) -> Act:
    saves(person, "/links", LINK)
    return lambda: saves(person, "/links", LINK | {"title": "Roses"})


def deletes_a_photo(person: Person) -> Act:
    image_id = person.has(SMALL, file_type="photo")["key"].rpartition("/")[2].partition(".")[0]
    return lambda: person.ask("DELETE", f"/photos/{image_id}")


def shares_a_photo(person: Person) -> Act:
    wanted = {"key": person.has(SMALL, file_type="photo")["key"], "expires_in": 60}
    return lambda: person.ask("POST", "/share-links", json=wanted)


def is_confirmed(person: Person) -> Act:
    """By the sign-up hook, which comes late. Its route takes a service's token; the race is behind it."""

    def confirm() -> Answer:
        with person.client.application.app_context(), suppress(AccountErased):
            accounts.confirm(Account(person.sub, a_name(), "alice@example.com"))
        return person.look("/healthz")

    return confirm


def is_erased_elsewhere(person: Person) -> Act:
    saves(person, "/profiles", {"username": a_name()})
    return lambda: person.ask("DELETE", "/users/me")


ACTS = (
    completes_a_picture,
    completes_a_photo,
    begins_an_upload,
    saves_the_first_profile,
    renames,
    adds_a_link,
    changes_a_link,
    deletes_a_photo,
    shares_a_photo,
    is_confirmed,
    is_erased_elsewhere,
)


@pytest.mark.parametrize("acts", ACTS)
def test_r14_what_races_with_an_erasure_leaves_nothing(
    someone: Callable[[], Person], acts: Callable[[Person], Act]
) -> None:
    people = [someone() for _ in range(ROUNDS)]
    for person in people:
        erased, answered = at_once(lambda: person.ask("DELETE", "/users/me"), acts(person))  # noqa: B023 - within the round
        assert 202 in (erased.status_code, answered.status_code)
        assert erased.status_code in (202, 410)
        assert answered.status_code < 500, answered.text
    all_swept(*people)
    for person in people:
        only_the_tombstone_is_left(person)


def test_r14_a_completion_in_the_middle_loses(someone: Callable[[], Person], stack: Stack) -> None:
    person, gate = someone(), SignerGate(stack.signer_socket)
    begun = person.upload(a_picture())
    slow = Person(
        person.sub, stack, make_app(stack.metadata_environment | {"SIGNERS": f"a=unix:{gate.path}"}).test_client()
    )
    gate.before_the_first(lambda: person.ask("DELETE", "/users/me"))
    try:
        assert slow.complete(begun).status_code in (404, 410)
    finally:
        gate.stop()
    all_swept(person)
    only_the_tombstone_is_left(person)


@pytest.mark.parametrize("step", ["after:take_lease", "after:record_digests", "put:2", "before:make_visible"])
def test_r14_what_a_completion_wrote_before_it_died_goes(alice: Person, step: str) -> None:
    complete_and_die(alice, alice.upload(a_picture()), step)
    assert alice.ask("DELETE", "/users/me").status_code == 202
    all_swept(alice)
    only_the_tombstone_is_left(alice)


def killed(stack: Stack, person: Person, who: str, writes: int) -> None:
    environment = {**stack.metadata_environment, "CALLER_TOKEN": stack.token(person.sub), "PATH": os.defpath}
    if who == "sweep":
        environment = {**stack.sweeper_environment, "PATH": os.defpath}
    command = [sys.executable, "-m", "tests.integration.metadata.erasing_killed", who, str(writes)]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_r14_a_request_that_is_killed_leaves_the_rest_to_the_sweep(alice: Person, stack: Stack, writes: int) -> None:
    saves(alice, "/profiles", {"username": a_name()})
    saves(alice, "/links", LINK)
    alice.has(SMALL)
    alice.begin("photo")

    killed(stack, alice, "request", writes)

    assert alice.ask("GET", "/links").json["error"] == "account_erased"
    assert "ERASURE" in alice.rows
    stack.set_numbers(alice.sub, "ERASURE", due=int(time.time()) - 1)
    if writes == 2:
        killed(stack, alice, "sweep", 1)
        stack.set_numbers(alice.sub, "ERASURE", due=int(time.time()) - 1)
    stack.sweep()
    assert "ERASURE" not in alice.rows
    all_swept(alice)
    only_the_tombstone_is_left(alice)


def test_r14_every_step_stands_alone(alice: Person, stack: Stack) -> None:
    """As if each were another sweeper's, of an account with more than goes in one step."""
    saves(alice, "/links", LINK)
    ready_images(alice, 60)
    steps = 0
    with alice.client.application.app_context():
        erasing.begin(alice.sub)
        while (erasure := erasures.get(alice.sub)) is not None:
            erasing.advance(erasure, 0)
            steps += 1
    assert steps > 60 / erasing.PAGE
    all_swept(alice)
    only_the_tombstone_is_left(alice)


def test_two_sweepers_at_once_erase_the_same_account(alice: Person, stack: Stack) -> None:
    ready_images(alice, 60)
    saves(alice, "/links", LINK)
    app = alice.client.application

    def goes_on() -> Answer:
        with app.app_context():
            erasure = erasures.get(alice.sub)
            while erasure is not None and not erasing.advance(erasure, 0):
                erasure = erasures.get(alice.sub)
        return alice.look("/healthz")

    with app.app_context():
        erasing.begin(alice.sub)
    at_once(goes_on, goes_on, goes_on)
    all_swept(alice)
    only_the_tombstone_is_left(alice)


A_PHOTO = ObjectKey("somebody", "photos", LINK["link_id"], "jpg")
LATE: dict[str, Callable[[str], object]] = {
    "a link": lambda owner: links.save(owner, {**LINK, "order": 1}),
    "a share link": lambda owner: shares.add(Share("x", 0, replace(A_PHOTO, owner=owner), "receipt", 2**40), 0),
    "the first account": lambda owner: transacted(users.create_write(Account(owner, email="a@example.com"), "now")),
    "another username": lambda owner: transacted(users.claim_write(Account(owner), a_name(), "now")),
    "what the pool knows": lambda owner: users.fill(Account(owner, email="a@example.com"), "now"),
}
"""Writes whose request began before the erasure: each by what stands behind its route's check."""


def transacted(write: Write) -> None:
    current().transact([write], token=str(uuid.uuid4()))


@pytest.mark.parametrize("written", LATE)
def test_r14_a_write_that_comes_after_the_erasure_is_refused(alice: Person, written: str) -> None:
    alice.ask("DELETE", "/users/me")
    with alice.client.application.app_context(), suppress(AccountErased, TransactionRefused):
        LATE[written](alice.sub)
    only_the_tombstone_is_left(alice)
