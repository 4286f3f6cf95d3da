"""A resume is public exactly while its profile shows it: whoever is killed, and whoever is faster."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.metadata.signer_gate import SignerGate
from tests.integration.metadata.test_people_profiles import a_pdf, save
from tests.integration.metadata.test_people_races import a_name, at_once
from tests.integration.uploads_stack import REPOSITORY, Person, Stack, make_app

ROUNDS = 12


@pytest.fixture
def gate(stack: Stack, tmp_path: Path) -> Iterator[SignerGate]:
    made = SignerGate(stack.signer_socket)
    yield made
    made.stop()


def a_resume(person: Person) -> str:
    answered: str = person.upload(a_pdf(), file_type="resume", content_type="application/pdf")["key"]
    return answered


def save_and_die(person: Person, name: str, **fields: Any) -> None:
    stack = person.stack
    environment = {**stack.metadata_environment, "CALLER_TOKEN": stack.token(person.sub), "PATH": os.defpath}
    posted = json.dumps({"username": name, **fields})
    command = [sys.executable, "-m", "tests.integration.metadata.people_killed", posted]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout.decode() + done.stderr.decode()


def is_open(person: Person, object_key: str) -> bool:
    status = person.look(f"/media/{object_key}").status_code
    assert status in (302, 404)
    return status == 302


def is_shown(person: Person, *names: str) -> bool:
    """What the flag says, under whichever of these names the profile is."""
    [own] = [
        found.json for found in (person.ask("GET", f"/profiles/{name}") for name in names) if "user_id" in found.json
    ]
    flag: bool = own["show_resume"]
    return flag


@pytest.mark.parametrize("shown", [False, True], ids=["hiding", "showing"])
def test_a_kill_right_after_the_profile_is_written_leaves_the_resume_as_it_says(
    alice: Person, name: str, shown: bool
) -> None:
    resume = a_resume(alice)
    save(alice, name, resume_key=resume, show_resume=not shown)
    assert is_open(alice, resume) is not shown
    save_and_die(alice, name, show_resume=shown)
    assert (is_shown(alice, name), is_open(alice, resume)) == (shown, shown)


def test_a_resume_that_comes_hidden_is_closed_with_the_profile_that_takes_it(alice: Person, name: str) -> None:
    first, second = a_resume(alice), a_resume(alice)
    save(alice, name, resume_key=first, show_resume=True)
    save_and_die(alice, name, resume_key=second, show_resume=False)
    assert (is_shown(alice, name), is_open(alice, first), is_open(alice, second)) == (False, False, False)


@pytest.mark.parametrize("meanwhile", ["renamed", "hidden"])
def test_what_comes_between_while_the_signer_is_asked_changes_nothing_by_half(
    alice: Person, stack: Stack, gate: SignerGate, meanwhile: str
) -> None:
    old, new, resume = a_name(), a_name(), a_resume(alice)
    save(alice, old, resume_key=resume)
    gated = make_app(stack.metadata_environment | {"SIGNERS": f"a=unix:{gate.path}"}).test_client()
    other = {"renamed": lambda: save(alice, new), "hidden": lambda: save(alice, old, show_resume=False)}[meanwhile]
    gate.before_the_first(other)
    save(Person(alice.sub, stack, gated), old, show_resume=True)
    assert gate.was_asked
    assert (is_shown(alice, old, new), is_open(alice, resume)) == (True, True)


def test_r04_of_showing_hiding_and_renaming_at_once_flag_and_resume_agree(someone: Callable[[], Person]) -> None:
    alice, names = someone(), (a_name(), a_name())
    resume = a_resume(alice)
    save(alice, names[0], resume_key=resume)
    for number in range(ROUNDS):
        acts = [{"show_resume": True}, {"show_resume": False} if number % 2 else {}]
        answers = at_once(
            *(
                lambda name=name, act=act: alice.ask("POST", "/profiles", json={"username": name, **act})
                for name, act in zip(names, acts, strict=True)
            )
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        assert is_shown(alice, *names) is is_open(alice, resume)
        if not number % 2:
            assert is_shown(alice, *names)
            save(alice, alice.ask("GET", "/users/me").json["username"], show_resume=False)


def test_without_the_signer_a_resume_is_hidden_but_not_shown(alice: Person, stack: Stack, name: str) -> None:
    resume = a_resume(alice)
    save(alice, name, resume_key=resume)
    away = make_app(stack.metadata_environment | {"SIGNERS": "a=unix:/nonexistent"}).test_client()
    alone = Person(alice.sub, stack, away)
    refused = alone.ask("POST", "/profiles", json={"username": name, "show_resume": True})
    assert (refused.status_code, refused.json["error"]) == (503, "unavailable")
    assert (is_shown(alice, name), is_open(alice, resume)) == (False, False)
    save(alice, name, show_resume=True)
    save(alone, name, show_resume=False)
    assert (is_shown(alice, name), is_open(alice, resume)) == (False, False)
