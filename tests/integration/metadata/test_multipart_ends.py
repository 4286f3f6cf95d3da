"""Uploads in parts that end otherwise: cancelled, aborted, left alone, swept, two at once, something out of reach."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import requests

from tests.integration.metadata.multipart_client import MIB, Companion, SignRequest, asks_to_create, at_s3, put
from tests.integration.metadata.test_uploads_crashes import complete_and_die
from tests.integration.metadata.test_uploads_races import at_once
from tests.integration.uploads_stack import REPOSITORY, Person, Stack, a_picture, make_app


def nothing_is_left_of(person: Person) -> None:
    stack = person.stack
    stack.let_everything_be_due(person.sub)
    stack.sweep()
    assert at_s3(person) == []
    assert person.keys == set()
    assert not [name for name in person.rows if name.startswith("CLEANUP#")]
    assert person.rows["QUOTA"]["pending"] == {"N": "0"}


def test_more_bytes_than_the_kind_allows_are_rejected_and_go(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    done = upload.completes(upload.sends_all(b"\xff\xd8\xff" + b"\x00" * (21 * MIB)))
    assert (done.status_code, done.json["reason"]) == (422, "too_large")
    nothing_is_left_of(alice)


def test_a_cancelled_uploads_parts_go_with_the_sweep(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    upload.sends(1, a_picture())
    for _ in range(2):
        assert alice.ask("DELETE", f"/uploads/{upload.upload_id}").json["state"] == "cancelled"
    assert at_s3(alice) == [f"incoming/{upload.key}"]
    stack.let_everything_be_due(alice.sub)
    shown = [line["event"] for line in stack.sweep("--dry-run") if line.get("object") == upload.key]
    assert shown == ["would_be_aborted", "would_be_deleted"]
    assert at_s3(alice) == [f"incoming/{upload.key}"]
    nothing_is_left_of(alice)


@pytest.mark.parametrize("made", [Companion.creates, lambda person: SignRequest(person).creates(name="cat.jpg")])
def test_what_is_left_alone_expires_and_goes(alice: Person, stack: Stack, made: Callable[[Person], Any]) -> None:
    upload = made(alice)
    upload.sends(1, a_picture())
    long_ago = {"url_ends_at": 1_000_000, "parts_end_at": 1_000_000, "due": 1_086_400}
    stack.set_numbers(alice.sub, f"UPLOAD#{upload.upload_id}", **long_ago)
    gone = upload.asks("GET")
    assert (gone.status_code, gone.json["error"]) == (410, "upload_expired")
    stack.sweep()
    assert alice.rows[f"UPLOAD#{upload.upload_id}"]["state"] == {"S": "expired"}
    nothing_is_left_of(alice)


def test_r13_a_sweeper_killed_after_the_abort_leaves_the_rest_to_the_next(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    upload.sends(1, a_picture())
    alice.ask("DELETE", f"/uploads/{upload.upload_id}")
    stack.let_everything_be_due(alice.sub)
    command = [sys.executable, "-m", "tests.integration.metadata.uploads_sweep_killed", "1"]
    environment = {**stack.sweeper_environment, "PATH": os.defpath}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stdout.decode() + done.stderr.decode()
    assert [name for name in alice.rows if name.startswith("CLEANUP#")]
    nothing_is_left_of(alice)


def test_an_abort_by_uppy_5_frees_the_parts_at_once(alice: Person) -> None:
    upload = Companion.creates(alice)
    upload.sends(1, a_picture())
    for _ in range(2):
        answer = upload.asks("DELETE")
        assert (answer.status_code, answer.json) == (200, {})
    assert at_s3(alice) == []
    assert alice.ask("GET", f"/uploads/{upload.upload_id}").json["state"] == "cancelled"
    nothing_is_left_of(alice)


def test_an_abort_by_uppy_6_cancels_before_any_part_was_signed(alice: Person) -> None:
    upload = SignRequest(alice).creates(name="cat.jpg")
    url = upload.signed("DELETE")["url"]
    assert alice.ask("GET", f"/uploads/{upload.upload_id}").json["state"] == "cancelled"
    assert requests.delete(url, timeout=10).status_code == 204
    assert requests.delete(upload.signed("DELETE")["url"], timeout=10).status_code in (204, 404)
    nothing_is_left_of(alice)


def test_leftovers_wait_for_the_end_of_the_last_url_that_was_signed(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    now = int(time.time())
    stack.set_numbers(alice.sub, f"UPLOAD#{upload.upload_id}", url_ends_at=now - 3_000, parts_end_at=now - 3_000)
    assert upload.asks("GET", "/1").status_code == 200
    alice.ask("DELETE", f"/uploads/{upload.upload_id}")
    [due] = [int(row["due"]["N"]) for name, row in alice.rows.items() if name.startswith("CLEANUP#")]
    assert now + 300 + 120 <= due <= int(time.time()) + 300 + 120
    nothing_is_left_of(alice)


def test_a_cancelled_or_ready_upload_takes_no_more(alice: Person) -> None:
    upload = Companion.creates(alice)
    parts = upload.sends_all(a_picture())
    assert upload.completes(parts).status_code == 200
    for method, more in (("GET", "/1"), ("GET", ""), ("DELETE", "")):
        answer = upload.asks(method, more)
        assert (answer.status_code, answer.json["error"]) == (409, "upload_ready")
    cancelled = Companion.creates(alice)
    alice.ask("DELETE", f"/uploads/{cancelled.upload_id}")
    for method, more in (("GET", "/1"), ("GET", "")):
        answer = cancelled.asks(method, more)
        assert (answer.status_code, answer.json["error"]) == (410, "upload_cancelled")
    assert cancelled.completes(parts).json["error"] == "upload_cancelled"


def test_r14_an_erased_persons_parts_go(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    upload.sends(1, a_picture())
    assert alice.ask("DELETE", "/users/me").status_code == 202
    gone = upload.asks("GET", "/2")
    assert (gone.status_code, gone.json["error"]) == (410, "account_erased")
    for _ in range(2):
        stack.sweep()
        stack.let_everything_be_due(alice.sub)
    assert (at_s3(alice), alice.keys) == ([], set())


def test_r02_parts_go_on_after_a_completion_that_was_killed(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    parts = upload.sends_all(a_picture())
    complete_and_die(alice, {"upload_id": upload.upload_id}, "after:take_lease")
    for answer in (upload.asks("GET", "/1"), upload.completes(parts)):
        assert (answer.status_code, answer.json["error"]) == (409, "upload_in_progress")
        assert 0 < int(answer.headers["Retry-After"]) <= 30
    stack.end_lease(alice.sub, upload.upload_id)
    assert upload.asks("GET", "/1").status_code == 200
    assert upload.completes(parts).status_code == 200


# --- at once -------------------------------------------------------------------------------------------------


def test_only_the_first_of_two_ids_is_taken(alice: Person) -> None:
    upload = SignRequest(alice).creates(name="cat.jpg")
    asked = {"method": "PUT", "key": upload.key, "partNumber": 1}
    ids = [upload.multipart_id, "another"]
    answers = at_once(
        *(partial(alice.ask, "POST", "/uppy/photo/sign", json=asked | {"uploadId": each}) for each in ids)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 404]


def test_two_complete_at_once_and_parts_are_signed_beside(alice: Person) -> None:
    for _ in range(4):
        upload = Companion.creates(alice)
        parts = upload.sends_all(a_picture())
        done = at_once(
            partial(upload.completes, parts), partial(upload.completes, parts), partial(upload.asks, "GET", "/2")
        )
        assert all(answer.status_code in (200, 409) for answer in done), [answer.text for answer in done]
        last = upload.completes(parts)
        assert (last.status_code, last.json["key"]) == (200, upload.key)


def test_r13_a_part_signed_while_it_is_cancelled_leaves_nothing(alice: Person) -> None:
    for _ in range(6):
        upload = SignRequest(alice).creates(name="cat.jpg")
        signed, cancelled = at_once(
            partial(upload.asks, "PUT", partNumber=1), partial(alice.ask, "DELETE", f"/uploads/{upload.upload_id}")
        )
        assert cancelled.status_code == 200
        assert signed.status_code in (200, 410)
        if signed.status_code == 200:
            put(signed.json["url"], a_picture())
        else:
            upload.person.stack.deployment.client("s3").abort_multipart_upload(
                Bucket=alice.stack.deployment.bucket, Key=f"incoming/{upload.key}", UploadId=str(upload.multipart_id)
            )
    nothing_is_left_of(alice)


# --- out of reach --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [{"S3_DIAL": "127.0.0.1:1"}, {"SIGNERS": "a=unix:/nonexistent/signer.sock"}])
def test_r06_what_cannot_be_reached_is_503_and_the_upload_stays(
    alice: Person, stack: Stack, missing: dict[str, str]
) -> None:
    upload = Companion.creates(alice)
    parts = upload.sends_all(a_picture())
    crippled = Person(alice.sub, stack, make_app(stack.metadata_environment | missing).test_client())
    lame = replace(upload, person=crippled)
    for answer in (lame.completes(parts), lame.asks("GET"), asks_to_create(crippled)):
        assert (answer.status_code, answer.json["error"]) == (503, "unavailable"), answer.text
        assert int(answer.headers["Retry-After"]) > 0
    assert alice.rows["QUOTA"]["pending"] == {"N": "1"}
    assert upload.completes(parts).status_code == 200
