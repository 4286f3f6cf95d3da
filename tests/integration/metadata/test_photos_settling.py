"""Kinds that say `settle_on_list`: what was sent and never completed is complete when the list is asked for."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.metadata import galleries
from tests.integration.metadata.galleries import PHOTO, at, listed
from tests.integration.metadata.test_uploads_races import at_once
from tests.integration.uploads_stack import Person, Stack, a_picture

SETTLING = "settle_on_list = true"


@pytest.fixture
def settling(alice: Person, tmp_path: Path) -> Person:
    """Alice where asking for the list completes what is pending."""
    return at(alice, tmp_path, photo=SETTLING)


def test_without_that_the_list_completes_nothing(alice: Person) -> None:
    begun = alice.upload(a_picture(), **PHOTO)
    assert listed(alice) == []
    assert alice.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"


def test_forms_that_never_complete_are_in_the_list_that_is_asked_for_next(alice: Person, settling: Person) -> None:
    begun = [settling.upload(a_picture(colour), method="POST", **PHOTO) for colour in ("red", "blue")]
    alice.upload(a_picture(), file_type="project_image")
    photos = listed(settling)
    assert {photo["s3Key"] for photo in photos} == {each["key"] for each in begun}
    assert [photo["imageId"] for photo in listed(settling)] == [photo["imageId"] for photo in photos]
    assert alice.rows["QUOTA"]["pending"] == {"N": "1"}


def test_at_most_ten_are_completed_the_oldest_first(settling: Person, stack: Stack) -> None:
    begun = [settling.upload(a_picture(size=(20, 10)), **PHOTO) for _ in range(12)]
    for age, each in enumerate(begun):
        stack.set_numbers(settling.sub, f"UPLOAD#{each['upload_id']}", created_at=1_000_000 - age)
    ids = [each["upload_id"] for each in begun]
    assert [photo["imageId"] for photo in listed(settling)] == ids[2:]
    assert len(listed(settling, "?limit=12")) == 12


def test_what_cannot_be_completed_is_passed_over(settling: Person) -> None:
    rejected, good = settling.upload(b"no picture", **PHOTO), settling.upload(a_picture(), **PHOTO)
    never_sent = [settling.begin(**PHOTO) for _ in range(12)]
    assert [photo["imageId"] for photo in listed(settling)] == [good["upload_id"]]
    assert settling.ask("GET", f"/uploads/{rejected['upload_id']}").json["state"] == "rejected"
    states = {settling.ask("GET", f"/uploads/{each['upload_id']}").json["state"] for each in never_sent}
    assert states == {"requested"}
    assert settling.rows[f"UPLOAD#{rejected['upload_id']}"]["leases"] == {"N": "1"}
    listed(settling)
    assert settling.rows[f"UPLOAD#{rejected['upload_id']}"]["leases"] == {"N": "1"}, "it was tried again"


def test_what_others_are_completing_is_left_to_them(settling: Person, stack: Stack) -> None:
    begun = settling.upload(a_picture(), **PHOTO)
    row = f"UPLOAD#{begun['upload_id']}"
    stack.set_numbers(settling.sub, row, lease_ends_at=int(time.time()) + 30, lease=7)
    assert listed(settling) == []
    assert "leases" not in settling.rows[row]
    stack.end_lease(settling.sub, begun["upload_id"])
    assert len(listed(settling)) == 1


def test_a_busy_decoder_does_not_make_the_list_fail(alice: Person, tmp_path: Path) -> None:
    there = alice.has(a_picture(), **PHOTO)
    crippled = at(alice, tmp_path, photo=SETTLING, IMAGE_SOCKET="/nonexistent/image.sock")
    begun = [crippled.upload(a_picture(), **PHOTO) for _ in range(2)]
    assert [photo["imageId"] for photo in listed(crippled)] == [there["upload_id"]]
    tried = [crippled.rows[f"UPLOAD#{each['upload_id']}"].get("leases", {"N": "0"})["N"] for each in begun]
    assert sorted(tried) == ["0", "1"], "it went on asking"


def test_a_later_page_completes_nothing(settling: Person, stack: Stack) -> None:
    galleries.write(stack, settling.sub, galleries.past(3))
    cursor = settling.ask("GET", "/photos?limit=1").json["next_cursor"]
    begun = settling.upload(a_picture(), **PHOTO)
    assert len(listed(settling, f"?cursor={cursor}")) == 2
    assert settling.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"


def test_two_lists_at_once_complete_each_upload_once(settling: Person, someone: Callable[[], Person]) -> None:
    for _ in range(3):
        settling.upload(a_picture(), **PHOTO)
    answers = at_once(lambda: settling.ask("GET", "/photos"), lambda: settling.ask("GET", "/photos"))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(galleries.of(settling)) == len({row["imageId"]["S"] for row in galleries.of(settling)})
    assert len(listed(settling)) == 3
