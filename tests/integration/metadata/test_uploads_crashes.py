"""kill -9 at every step of complete: the old state or the new, and the client's retry converges to one answer."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.integration.uploads_stack import REPOSITORY, Person, Stack, a_picture, send, sizes_of

STEPS = [
    "after:take_lease",
    "after:fetch_incoming",
    "after:inspect",
    "after:record_digests",
    "put:1",
    "put:2",
    "put:3",
    "before:make_visible",
    "after:make_visible",
]


def complete_and_die(person: Person, begun: dict[str, Any], step: str) -> None:
    stack = person.stack
    environment = {**stack.metadata_environment, "CALLER_TOKEN": stack.token(person.sub), "PATH": os.defpath}
    command = [sys.executable, "-m", "tests.integration.metadata.uploads_killed", begun["upload_id"], step]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("step", STEPS)
def test_a_retry_after_a_kill_converges(alice: Person, stack: Stack, step: str) -> None:
    old = alice.has(a_picture("red"))
    begun = alice.upload(a_picture("blue"))

    complete_and_die(alice, begun, step)

    current = alice.ask("GET", "/users/me/picture").json["key"]
    assert current == (begun["key"] if step == "after:make_visible" else old["key"])
    assert sizes_of(current) <= alice.keys
    if step != "after:make_visible":
        meanwhile = alice.complete(begun)
        assert (meanwhile.status_code, meanwhile.json["error"]) == (409, "upload_in_progress")
        assert 0 < int(meanwhile.headers["Retry-After"]) <= 30
        stack.end_lease(alice.sub, begun["upload_id"])
    first, second = alice.complete(begun), alice.complete(begun)
    assert first.status_code == 200, first.text
    assert first.json == second.json
    assert alice.ask("GET", "/users/me/picture").json["key"] == begun["key"]
    everything_is_swept_but(begun["key"], alice)


@pytest.mark.parametrize("step", ["after:record_digests", "put:1", "put:3"])
def test_other_bytes_after_a_kill_are_rejected_as_changed_and_leave_nothing(
    alice: Person, stack: Stack, step: str
) -> None:
    old = alice.has(a_picture("red"))
    begun = alice.upload(a_picture("blue"))
    complete_and_die(alice, begun, step)
    assert send(begun, a_picture("green")).ok
    stack.end_lease(alice.sub, begun["upload_id"])

    answer = alice.complete(begun)

    assert (answer.status_code, answer.json["reason"]) == (422, "changed")
    everything_is_swept_but(old["key"], alice)


@pytest.mark.parametrize("step", ["after:take_lease", "put:2"])
def test_what_a_kill_left_and_nobody_completes_expires_and_goes(alice: Person, stack: Stack, step: str) -> None:
    old = alice.has(a_picture("red"))
    begun = alice.upload(a_picture("blue"))
    complete_and_die(alice, begun, step)
    row = f"UPLOAD#{begun['upload_id']}"
    stack.end_lease(alice.sub, begun["upload_id"])
    stack.set_numbers(alice.sub, row, url_ends_at=1_000_000, due=1_003_600)

    stack.sweep()

    assert alice.rows[row]["state"] == {"S": "expired"}
    everything_is_swept_but(old["key"], alice)


def test_a_cancel_during_a_completion_that_died_queues_what_it_wrote(alice: Person, stack: Stack) -> None:
    begun = alice.upload(a_picture())
    complete_and_die(alice, begun, "put:2")
    assert alice.ask("DELETE", f"/uploads/{begun['upload_id']}").status_code == 200
    assert alice.complete(begun).status_code == 410
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == set()


@pytest.mark.parametrize("deletes", [1, 2, 3])
def test_a_sweeper_that_is_killed_leaves_the_rest_to_the_next(alice: Person, stack: Stack, deletes: int) -> None:
    alice.has(a_picture("red"))
    current = alice.has(a_picture("blue"))
    stack.let_everything_be_due(alice.sub)

    command = [sys.executable, "-m", "tests.integration.metadata.uploads_sweep_killed", str(deletes)]
    environment = {**stack.sweeper_environment, "PATH": os.defpath}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=False)

    assert done.returncode == -signal.SIGKILL, done.stdout.decode() + done.stderr.decode()
    assert sizes_of(current["key"]) <= alice.keys
    everything_is_swept_but(current["key"], alice)


def everything_is_swept_but(object_key: str, person: Person) -> None:
    """Twice, for what is deleted at once may be deleted once more when nothing can arrive any more."""
    for _ in range(2):
        person.stack.let_everything_be_due(person.sub)
        person.stack.sweep()
    assert person.keys == sizes_of(object_key)
    assert person.rows["QUOTA"]["pending"] == {"N": "0"}
    objects = {name for name in person.rows if name.startswith("OBJECT#")}
    assert len(objects) == 1
