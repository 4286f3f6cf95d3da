"""An account that is erased is gone everywhere; only a tombstone is left, and old versions of files."""

import json
import os
import subprocess
import sys
import threading
import time

from tests.integration.metadata.test_uploads_frozen import frozen
from tests.integration.metadata.what_is_left import (
    a_full_account,
    all_swept,
    only_the_tombstone_is_left,
    rows_about,
    versions_of,
)
from tests.integration.uploads_stack import REPOSITORY, Person, Stack, a_picture, send


def test_an_erased_account_is_gone_everywhere(alice: Person, stack: Stack, name: str) -> None:
    a_full_account(alice, name)
    picture = alice.ask("GET", "/users/me/picture").json["key"]

    answer = alice.ask("DELETE", "/users/me")

    assert (answer.status_code, answer.json.keys()) == (202, {"message"})
    assert "30 days" in answer.json["message"]
    assert alice.look(f"/profiles/{name}").status_code == 404
    assert alice.look(f"/media/{picture}").status_code == 404
    assert alice.look(f"/username/check?username={name}").json["available"] is True
    assert {row.partition("#")[0] for row in alice.rows} == {"CLEANUP"}
    all_swept(alice)
    only_the_tombstone_is_left(alice)
    assert len(versions_of(stack, alice.sub)["markers"]) >= len(set(versions_of(stack, alice.sub)["old"]))


def test_the_bytes_go_with_the_next_sweep_and_again_when_no_url_can_write_them(alice: Person, stack: Stack) -> None:
    begun = alice.upload(a_picture())
    alice.ask("DELETE", "/users/me")
    stack.sweep()
    assert alice.keys == set()
    [waiting] = alice.rows.values()
    assert int(waiting["due"]["N"]) > time.time()
    assert send(begun, a_picture("blue")).ok  # the URL lives on
    all_swept(alice)
    only_the_tombstone_is_left(alice)


def test_an_account_that_never_was_leaves_a_tombstone_too(alice: Person) -> None:
    assert alice.ask("DELETE", "/users/me").status_code == 202
    only_the_tombstone_is_left(alice)


def test_asked_again_it_is_410_and_changes_nothing(alice: Person, stack: Stack) -> None:
    alice.ask("DELETE", "/users/me")
    before = rows_about(stack, alice.sub)
    again = alice.ask("DELETE", "/users/me")
    assert (again.status_code, again.json["error"]) == (410, "account_erased")
    assert rows_about(stack, alice.sub) == before


def erase_by_command(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, **stack.metadata_environment}
    command = [sys.executable, "-m", "metadata_service.commands.erase", *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_an_operator_erases_an_account_and_gets_a_report(alice: Person, stack: Stack, name: str) -> None:
    a_full_account(alice, name)
    before = rows_about(stack, alice.sub)

    shown = erase_by_command(stack, alice.sub, "--dry-run")
    assert (shown.returncode, shown.stdout.splitlines()[0]) == (0, f"{alice.sub}: would be erased")
    assert rows_about(stack, alice.sub) == before

    command = threading.Thread(target=lambda: done.append(erase_by_command(stack, alice.sub, "--json")))
    done: list[subprocess.CompletedProcess[str]] = []
    command.start()
    while command.is_alive():  # the sweeper that the command waits for
        stack.sweep()
        command.join(0.1)

    [erased] = done
    assert erased.returncode == 0, erased.stderr
    report = json.loads(erased.stdout)
    assert report["complete"] is True
    assert report["rows_found"]["users"] == {"account": 1}
    assert report["rows_found"]["links"] == {"links": 3}
    assert report["rows_found"]["media"]["objects"] == 4
    # Three pictures and a document; those of the picture that was replaced may have gone just before.
    assert report["files"]["deleted"]["users"] in (10, 13)
    assert report["files"]["deleted"]["incoming"] == 8
    assert report["files"]["to_be_deleted_when_no_url_is_left"]["incoming"] >= 2
    assert any("tombstone" in each for each in report["remains"])
    assert "4 objects gone" in erased.stderr
    assert alice.keys == set()
    assert alice.ask("GET", "/links").status_code == 410
    all_swept(alice)
    only_the_tombstone_is_left(alice)


def test_the_command_says_what_it_could_not_do(alice: Person, stack: Stack) -> None:
    alice.has(a_picture())
    erased = erase_by_command(stack, alice.sub, "--wait", "0")  # and no sweeper runs
    assert erased.returncode == 1
    assert "NOT WHOLLY ERASED" in erased.stdout
    assert "is it running?" in erased.stdout
    stack.sweep()
    again = erase_by_command(stack, alice.sub)
    assert again.returncode == 0, again.stdout


def test_of_somebody_unknown_nothing_is_held_and_a_tombstone_stands(stack: Stack, alice: Person) -> None:
    erased = erase_by_command(stack, alice.sub)
    assert (erased.returncode, erased.stdout.splitlines()[1]) == (0, "  nothing was held")
    only_the_tombstone_is_left(alice)


def test_what_an_operator_has_frozen_is_named_in_the_report(alice: Person, bob: Person, stack: Stack) -> None:
    picture, held = alice.has(a_picture(size=(60, 40)))["key"], bob.has(a_picture(size=(60, 40)))["key"]
    with frozen(stack, bob, held, owners=[alice.sub, bob.sub]):
        assert alice.ask("DELETE", "/users/me").status_code == 202
        stack.sweep()
        erased = erase_by_command(stack, alice.sub, "--wait", "0")
    assert erased.returncode == 1
    assert f"LEFT: {picture}: the signer does not sign its delete" in erased.stdout
