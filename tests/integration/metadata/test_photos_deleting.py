"""The end of a photo: the caller's own alone, once, and with all that there is of it."""

import pytest

from tests.integration.metadata import galleries
from tests.integration.metadata.galleries import PHOTO, listed
from tests.integration.metadata.test_uploads_races import all_swept, at_once, until_done
from tests.integration.uploads_stack import Person, Stack, a_picture, sizes_of

OF_NOBODY = "00000000-0000-4000-8000-000000000000"


def test_a_deleted_photo_is_gone_with_its_bytes(alice: Person, stack: Stack) -> None:
    kept, gone = (alice.has(a_picture(colour), **PHOTO) for colour in ("red", "blue"))
    path = f"/photos/{gone['upload_id']}"

    answer = alice.ask("DELETE", path)

    assert (answer.status_code, set(answer.json)) == (200, {"message"})
    assert answer.headers["Cache-Control"] == "no-store"
    again = alice.ask("DELETE", path)
    assert (again.status_code, again.json["error"]) == (404, "not_found")
    assert [photo["imageId"] for photo in listed(alice)] == [kept["upload_id"]]
    assert alice.ask("GET", f"/media/{gone['key']}").status_code == 404
    all_swept(alice)
    assert alice.keys == sizes_of(kept["key"])


@pytest.mark.parametrize("image_id", [OF_NOBODY, OF_NOBODY.upper(), "x", "%00", "1795272016483", "..", "a" * 3_000])
def test_what_is_no_photo_of_ones_own_is_not_found(alice: Person, image_id: str) -> None:
    alice.has(a_picture(), **PHOTO)
    answer = alice.ask("DELETE", f"/photos/{image_id}")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")
    assert len(galleries.of(alice)) == 1


def test_no_other_object_is_deleted_as_a_photo(alice: Person) -> None:
    done = alice.has(a_picture())
    pending = alice.upload(a_picture(), **PHOTO)
    for upload in (done, pending):
        assert alice.ask("DELETE", f"/photos/{upload['upload_id']}").status_code == 404
    assert alice.ask("GET", "/users/me/picture").json["key"] == done["key"]
    assert alice.complete(pending).status_code == 200


def test_of_two_deletes_at_once_one_finds_nothing(alice: Person) -> None:
    for _ in range(6):
        path = f"/photos/{alice.has(a_picture(), **PHOTO)['upload_id']}"
        answers = at_once(lambda: alice.ask("DELETE", path), lambda: alice.ask("DELETE", path))  # noqa: B023 - within the round
        assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert galleries.of(alice) == []
    all_swept(alice)
    assert alice.keys == set()


def test_complete_against_delete_leaves_the_photo_whole_or_not_at_all(alice: Person) -> None:
    whole: set[str] = set()
    for _ in range(6):
        begun = alice.upload(a_picture(), **PHOTO)
        path = f"/photos/{begun['upload_id']}"
        completed, deleted = at_once(lambda: until_done(alice, begun), lambda: alice.ask("DELETE", path))  # noqa: B023 - as above
        assert (completed.status_code, deleted.status_code) in {(200, 404), (200, 200)}
        whole |= sizes_of(begun["key"]) if deleted.status_code == 404 else set()
    all_swept(alice)
    assert alice.keys == whole
    records = {name for name in alice.rows if name.startswith("OBJECT#photos#")}
    assert records == {f"OBJECT#photos#{row['imageId']['S']}" for row in galleries.of(alice)}


def test_s15_a_photo_of_anothers_is_not_found_and_stays(alice: Person, bob: Person) -> None:
    done = alice.has(a_picture(), **PHOTO)
    answer = bob.ask("DELETE", f"/photos/{done['upload_id']}")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")
    assert listed(bob) == []
    assert len(listed(alice)) == 1
