"""What is refused: before anything is signed, and on complete; and what is left as it was."""

import base64
import hashlib
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from tests.integration.uploads_stack import Answer, Person, Stack, a_picture, make_app, send, sizes_of

LIMIT = 5 * 1024 * 1024


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"file_type": "video"}, 400, "unsupported_file_type"),
        ({"content_type": "image/svg+xml"}, 400, "unsupported_content_type"),
        ({"content_type": "IMAGE/JPEG"}, 400, "unsupported_content_type"),
        ({"file_extension": ".png"}, 400, "extension_mismatch"),
        ({"content_length": LIMIT + 1}, 413, "too_large"),
        ({"content_length": True}, 400, "validation_failed"),
        ({"checksum_sha256": "AAAA"}, 400, "validation_failed"),
        ({"checksum_sha256": "A" * 42 + "B="}, 400, "validation_failed"),
        ({"method": "DELETE"}, 400, "validation_failed"),
        ({"owner": "bob"}, 400, "validation_failed"),
    ],
)
def test_what_breaks_the_kinds_rules_is_refused(alice: Person, changed: dict[str, Any], status: int, code: str) -> None:
    asked = {"file_type": "profile_image", "content_type": "image/jpeg"} | changed
    answer = alice.ask("POST", "/upload-url", json=asked)
    assert (answer.status_code, answer.json["error"]) == (status, code)
    assert alice.rows == {}


def test_without_a_token_nothing_is_begun(alice: Person) -> None:
    asked = {"file_type": "profile_image", "content_type": "image/jpeg"}
    answer = Answer(alice.client.post("/upload-url", json=asked))
    assert (answer.status_code, answer.json["error"]) == (401, "unauthorized")


def hostile_files() -> dict[str, tuple[bytes, str]]:
    noise = hashlib.sha512(b"noise").digest() * 40
    return {
        "empty": (b"", "empty"),
        "text": (b"hello", "not_an_image"),
        "png under a jpeg's name": (a_picture(form="PNG"), "type_mismatch"),
        "half a jpeg": (a_picture(size=(1500, 1500))[:9000], "damaged"),
        "too long": (noise * (LIMIT // len(noise) + 1), "too_large"),
        "too wide": (a_picture(size=(20_001, 2)), "too_many_pixels"),
    }


@pytest.mark.parametrize("name", hostile_files())
def test_a_hostile_file_is_rejected_with_its_reason_and_the_old_picture_stays(
    alice: Person, stack: Stack, name: str
) -> None:
    octets, reason = hostile_files()[name]
    old = alice.has(a_picture())
    begun = alice.upload(octets)

    for _ in range(2):
        answer = alice.complete(begun)
        assert (answer.status_code, answer.json["error"]) == (422, "upload_rejected")
        assert answer.json["reason"] == reason
    told = alice.ask("GET", f"/uploads/{begun['upload_id']}").json
    assert (told["state"], told["reason"]) == ("rejected", reason)
    assert alice.ask("GET", "/users/me/picture").json["key"] == old["key"]
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == sizes_of(old["key"])


def test_other_bytes_than_declared_by_form_are_rejected(alice: Person) -> None:
    octets = a_picture()
    checksum = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    begun = alice.upload(octets, method="POST", checksum_sha256=checksum)
    assert alice.complete(begun).json["reason"] == "checksum_mismatch"


def test_a_pdf_with_a_script_is_rejected(alice: Person) -> None:
    written = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.save(written)
    begun = alice.upload(written.getvalue(), file_type="resume", content_type="application/pdf")
    answer = alice.complete(begun)
    assert (answer.status_code, answer.json["reason"]) == (422, "active_content")


def test_what_never_came_can_be_completed_once_it_came(alice: Person) -> None:
    begun = alice.begin()
    answer = alice.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (409, "upload_not_received")
    assert send(begun, a_picture()).ok
    assert alice.complete(begun).status_code == 200


def test_somebody_elses_upload_is_not_there(alice: Person, someone: Callable[[], Person]) -> None:
    bob, begun = someone(), alice.upload(a_picture())
    upload_id = begun["upload_id"]
    tried = [
        bob.complete(begun),
        bob.ask("POST", "/upload-complete", json={"key": begun["key"]}),
        bob.ask("GET", f"/uploads/{upload_id}"),
        bob.ask("DELETE", f"/uploads/{upload_id}"),
    ]
    assert {(answer.status_code, answer.json["error"]) for answer in tried} == {(404, "upload_not_found")}
    assert alice.ask("GET", f"/uploads/{upload_id}").json["state"] == "requested"


@pytest.mark.parametrize("text", ["", "x", "users/../users/a", "incoming/users/a/profile/1.jpg", "\x00"])
def test_no_text_that_is_no_key_names_an_upload(alice: Person, text: str) -> None:
    answer = alice.ask("POST", "/upload-complete", json={"key": text})
    assert (answer.status_code, answer.json["error"]) == (404, "upload_not_found")


def test_an_upload_that_was_not_completed_in_time_expires_and_its_bytes_go(alice: Person, stack: Stack) -> None:
    begun = alice.upload(a_picture())
    long_ago = int(time.time()) - 2 * 3_600
    stack.set_numbers(alice.sub, f"UPLOAD#{begun['upload_id']}", url_ends_at=long_ago, due=long_ago + 3_600)

    answer = alice.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (410, "upload_expired")
    stack.sweep()
    assert alice.rows[f"UPLOAD#{begun['upload_id']}"]["state"] == {"S": "expired"}
    assert alice.rows["QUOTA"]["pending"] == {"N": "0"}
    stack.sweep()
    assert alice.keys == set()


def test_a_cancelled_upload_is_gone_and_a_ready_one_stays(alice: Person, stack: Stack) -> None:
    begun, ready = alice.upload(a_picture()), alice.has(a_picture())
    path = f"/uploads/{begun['upload_id']}"
    assert alice.ask("DELETE", path).json["state"] == "cancelled"
    assert alice.ask("DELETE", path).status_code == 200
    answer = alice.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (410, "upload_cancelled")
    refused = alice.ask("DELETE", f"/uploads/{ready['upload_id']}")
    assert (refused.status_code, refused.json["error"]) == (409, "upload_ready")
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == sizes_of(ready["key"])


def test_pending_uploads_are_limited_and_ended_ones_do_not_count(stack: Stack) -> None:
    app = make_app(stack.metadata_environment | {"PENDING_LIMIT": "2"})
    person = Person("pending-" + str(time.time_ns()), stack, app.test_client())
    first, second = person.begin(), person.begin()
    asked = {"file_type": "profile_image", "content_type": "image/jpeg"}
    answer = person.ask("POST", "/upload-url", json=asked)
    assert (answer.status_code, answer.json["error"]) == (429, "too_many_pending")
    assert int(answer.headers["Retry-After"]) > 0
    person.ask("DELETE", f"/uploads/{first['upload_id']}")
    assert send(second, a_picture()).ok
    assert person.complete(second).status_code == 200
    assert person.begin()
    assert person.begin()


def test_nothing_else_is_opened_by_a_media_address(alice: Person) -> None:
    begun = alice.upload(a_picture())
    object_key = begun["key"]
    for path in (object_key, f"incoming/{object_key}", f"{object_key}/", f"/{object_key}", object_key.upper(), "x"):
        assert alice.ask("GET", f"/media/{path}").status_code == 404
