"""What a person may have of a kind: refused before signing and again on complete; counted exactly, whoever races."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from metadata_service import kinds
from tests.integration.metadata.tallying import bytes_in_the_bucket, counted, is_exact, told
from tests.integration.metadata.test_people_profiles import a_pdf, save
from tests.integration.metadata.test_uploads_crashes import complete_and_die
from tests.integration.metadata.test_uploads_races import all_swept, at_once, until_done
from tests.integration.uploads_stack import Person, Stack, a_picture, make_app

PHOTO = {"file_type": "photo"}
IMAGE = {"file_type": "project_image"}
RESUME = {"file_type": "resume", "content_type": "application/pdf"}
Within = Callable[..., Person]


@pytest.fixture
def within(alice: Person, stack: Stack, tmp_path: Path) -> Within:
    """Alice, asking a service whose kinds have these quotas: `within("photo", quota_objects=2)`."""

    def made(kind: str, **quota: int) -> Person:
        lines = "".join(f"{name} = {most}\n" for name, most in quota.items())
        file = tmp_path / "kinds.toml"
        file.write_text(kinds.PACKAGED.read_text().replace(f"[{kind}]\n", f"[{kind}]\n{lines}"))
        app = make_app(stack.metadata_environment | {"KINDS_FILE": str(file)})
        return Person(alice.sub, stack, app.test_client())

    return made


def noise(side: int = 300) -> bytes:
    """A picture that cannot be made small."""
    written = BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(written, "JPEG", quality=95)
    return written.getvalue()


def is_refused(person: Person, limit: str, **asked: Any) -> bool:
    wanted = {"file_type": "photo", "content_type": "image/jpeg", **asked}
    before = person.rows
    answer = person.ask("POST", "/upload-url", json=wanted)
    assert (answer.status_code, answer.json["error"], answer.json["limit"]) == (409, "quota_exceeded", limit)
    assert (limit in answer.json["message"], wanted["file_type"] in answer.json["message"]) == (True, True)
    assert person.rows == before, "a refused upload left something behind"
    return True


def test_as_many_objects_as_the_quota_says_and_no_more(within: Within) -> None:
    alice = within("photo", quota_objects=2)
    first = alice.has(a_picture("red"), **PHOTO)
    alice.has(a_picture("blue"), **PHOTO)
    assert is_refused(alice, "objects")
    alice.begin()  # other kinds have their own
    assert alice.ask("DELETE", f"/photos/{first['upload_id']}").status_code == 200
    alice.has(a_picture("green"), **PHOTO)
    assert is_exact(alice)


def test_bytes_of_every_size_count(alice: Person) -> None:
    done = alice.has(noise(), **PHOTO)
    resume = a_pdf()
    alice.has(resume, **RESUME)
    octets = bytes_in_the_bucket(alice, done["key"])
    assert octets > done["bytes"]
    assert told(alice) == {"photo": (1, octets), "resume": (1, len(resume))}
    assert is_exact(alice)


def test_what_does_not_fit_is_rejected_on_complete_and_its_bytes_go(within: Within, stack: Stack) -> None:
    alice = within("photo", quota_bytes=20_000)
    begun = alice.upload(noise(), **PHOTO)
    answer = alice.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (422, "upload_rejected")
    assert answer.json["reason"] == "quota_exceeded"
    assert "20000 bytes" in answer.json["message"]
    assert alice.complete(begun).json == answer.json, "the same answer again"
    assert alice.ask("GET", f"/uploads/{begun['upload_id']}").json["reason"] == "quota_exceeded"
    assert (told(alice), alice.rows["QUOTA"]["pending"]) == ({}, {"N": "0"})
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == set()


def test_where_all_bytes_are_taken_nothing_is_signed(within: Within, alice: Person) -> None:
    taken = bytes_in_the_bucket(alice, alice.has(a_picture(), **PHOTO)["key"])
    assert is_refused(within("photo", quota_bytes=taken), "bytes")
    within("photo", quota_bytes=taken + 1).begin(**PHOTO)


def test_a_documents_declared_length_must_fit_before_it_is_signed(within: Within) -> None:
    alice = within("resume", quota_bytes=1_000)
    assert is_refused(alice, "bytes", **RESUME, content_length=1_001)
    alice.begin(**RESUME, content_length=1_000)


def test_a_quota_that_comes_later_counts_what_was_there_before(within: Within, alice: Person) -> None:
    alice.has(a_picture(), **PHOTO)
    assert is_refused(within("photo", quota_objects=1), "objects")


def test_of_two_that_complete_at_once_into_one_place_one_is_rejected(within: Within) -> None:
    alice = within("photo", quota_objects=1)
    for _ in range(4):
        one, two = alice.upload(a_picture("red"), **PHOTO), alice.upload(a_picture("blue"), **PHOTO)
        answers = at_once(lambda: until_done(alice, one), lambda: until_done(alice, two))  # noqa: B023 - within the round
        assert sorted(answer.status_code for answer in answers) == [200, 422]
        assert is_exact(alice)
        [kept] = [answer.json["upload_id"] for answer in answers if answer.status_code == 200]
        assert alice.ask("DELETE", f"/photos/{kept}").status_code == 200
    assert told(alice) == {}


def test_a_picture_that_replaces_another_needs_only_the_difference(within: Within, alice: Person) -> None:
    large, small = noise(600), noise(200)
    taken = bytes_in_the_bucket(alice, alice.has(large)["key"])
    tight = within("profile_image", quota_objects=1, quota_bytes=taken)
    assert tight.has(small)["state"] == "ready"
    assert tight.has(large)["state"] == "ready"
    assert told(alice) == {"profile_image": (1, taken)}
    # Lowered since: what makes it less is welcome, what makes it more is not.
    lowered = within("profile_image", quota_objects=1, quota_bytes=1)
    assert lowered.has(small)["state"] == "ready"
    current = alice.ask("GET", "/users/me/picture").json["key"]
    larger = lowered.upload(large)
    assert lowered.complete(larger).json["reason"] == "quota_exceeded"
    assert alice.ask("GET", "/users/me/picture").json["key"] == current
    assert is_exact(alice)


def test_a_picture_of_another_kind_makes_no_room(within: Within, alice: Person) -> None:
    within("profile_photo", quota_objects=1).has(a_picture(), file_type="profile_photo")
    alice.has(a_picture("blue"))
    assert told(alice).keys() == {"profile_image"}
    tight = within("profile_image", quota_objects=1)
    assert tight.has(a_picture("green"))["state"] == "ready"
    assert tight.has(a_picture("red"), file_type="profile_photo")["state"] == "ready"
    assert told(alice).keys() == {"profile_photo"}


def test_a_profile_that_lets_many_images_go_counts_them_out_at_once(alice: Person, name: str) -> None:
    images = [alice.has(a_picture(colour), **IMAGE)["key"] for colour in ("red", "green", "blue")]
    save(alice, name, projects=[{"title": "x", "image_key": image} for image in images])
    assert told(alice)["project_image"][0] == 3
    save(alice, name, projects=[{"title": "x", "image_key": images[0]}])
    assert told(alice)["project_image"][0] == 1
    assert is_exact(alice)


def test_what_was_never_put_to_use_is_counted_out_by_the_sweep(alice: Person, stack: Stack) -> None:
    alice.has(a_picture(), **IMAGE)
    assert told(alice)["project_image"][0] == 1
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert (told(alice), counted(alice)) == ({}, {})


def test_what_was_stored_before_it_was_counted_makes_no_number_negative(alice: Person, stack: Stack) -> None:
    done = alice.has(a_picture())
    dynamodb, table = stack.deployment.client("dynamodb"), stack.deployment.table_prefix + "media"
    for entity, gone in (
        (f"OBJECT#profile#{done['upload_id']}", ["stored_bytes"]),
        ("QUOTA", ["objects:profile_image", "bytes:profile_image"]),
    ):
        dynamodb.update_item(
            TableName=table,
            Key={"UserId": {"S": alice.sub}, "EntityType": {"S": entity}},
            UpdateExpression="REMOVE " + ", ".join(f"#n{number}" for number in range(len(gone))),
            ExpressionAttributeNames={f"#n{number}": attribute for number, attribute in enumerate(gone)},
        )
    alice.has(a_picture("blue"))
    assert told(alice)["profile_image"][0] == 1
    assert alice.ask("DELETE", "/users/me/picture").status_code == 200
    assert told(alice) == {}


@pytest.mark.parametrize("step", ["before:make_visible", "after:make_visible"])
def test_a_kill_leaves_the_numbers_as_the_rows_are(alice: Person, stack: Stack, step: str) -> None:
    alice.has(a_picture("red"))
    begun = alice.upload(noise())
    complete_and_die(alice, begun, step)
    assert is_exact(alice)
    if step.startswith("before"):
        stack.end_lease(alice.sub, begun["upload_id"])
    assert alice.complete(begun).status_code == 200
    assert told(alice) == {"profile_image": (1, bytes_in_the_bucket(alice, begun["key"]))}


def test_after_any_mix_at_once_the_numbers_are_exact(alice: Person, stack: Stack, name: str) -> None:
    """Pictures replaced and removed, photos added and deleted, images used and let go, the sweep; all at once."""

    def comes(octets: bytes, **kind: str) -> dict[str, Any]:
        # The decoder takes one picture of a person at a time.
        answer = until_done(alice, alice.upload(octets, **kind))
        assert answer.status_code == 200, answer.text
        return answer.json

    def replaces() -> None:
        for colour in ("red", "blue"):
            comes(a_picture(colour))
            alice.ask("DELETE", "/users/me/picture")

    def keeps_photos() -> None:
        for _ in range(2):
            comes(noise(100), **PHOTO)
            gone = comes(a_picture(), **PHOTO)
            assert alice.ask("DELETE", f"/photos/{gone['upload_id']}").status_code == 200

    def builds() -> None:
        for title in ("one", "two"):
            image = comes(a_picture(), **IMAGE)["key"]
            comes(a_picture(), **IMAGE)
            save(alice, name, projects=[{"title": title, "image_key": image}])

    def cancels() -> None:
        for _ in range(3):
            begun = alice.upload(a_picture(), **PHOTO)
            alice.ask("DELETE", f"/uploads/{begun['upload_id']}")

    with ThreadPoolExecutor(5) as pool:
        for done in [pool.submit(each) for each in (replaces, keeps_photos, builds, cancels, replaces)]:
            done.result(120)
    assert is_exact(alice)
    assert told(alice)["photo"][0] == 2
    assert alice.rows["QUOTA"]["pending"] == {"N": "0"}
    all_swept(alice)
    assert is_exact(alice)
    assert told(alice)["project_image"][0] == 1
