"""The gallery, with the real engine, signer and image_service: what comes into it, what is said of it, what goes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image

from metadata_service import clock, kinds
from tests.integration.metadata import photos_rows
from tests.integration.metadata.test_uploads_races import all_swept, at_once, until_done
from tests.integration.uploads_stack import Person, Stack, a_picture, make_app, sizes_of

PHOTO = {"file_type": "photo"}
SAID = {"userId", "uploadedAt", "imageId", "s3Key", "mimeType", "width", "height", "urls", "expires_at"}
OF_NOBODY = "00000000-0000-4000-8000-000000000000"


def at(person: Person, folder: Path, *, photo: str = "", **changed: str) -> Person:
    """The same person at another metadata, where the kind `photo` says what `photo` says."""
    packaged = kinds.PACKAGED.read_text()
    before, table, after = packaged.partition("[photo]\n")
    names = [line.partition(" =")[0] for line in photo.splitlines()]
    own, gap, others = after.partition("\n[")
    kept = [line for line in own.splitlines() if line.partition(" =")[0] not in names]
    (folder / "kinds.toml").write_text(before + table + "\n".join([*kept, photo]) + "\n" + gap + others)
    environment = person.stack.metadata_environment | {"KINDS_FILE": str(folder / "kinds.toml")} | changed
    return Person(person.sub, person.stack, make_app(environment).test_client())


def audit_lines(stack: Stack) -> int:
    """How often the signer has signed or refused anything."""
    return sum(path.read_bytes().count(b"\n") for path in (stack.folder / "audit").rglob("*") if path.is_file())


def listed(person: Person, query: str = "") -> list[dict[str, object]]:
    answer = person.ask("GET", f"/photos{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json["photos"]
    return found


def test_a_photo_is_in_the_gallery_once_it_is_complete_and_can_be_fetched(alice: Person) -> None:
    begun_ms = time.time_ns() // 1_000_000
    begun = alice.upload(a_picture(size=(1000, 700)), **PHOTO)
    assert listed(alice) == []
    assert alice.complete(begun).status_code == 200

    answer = alice.ask("GET", "/photos")

    [photo] = answer.json["photos"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["next_cursor"] is None
    assert set(photo) == SAID
    assert (photo["userId"], photo["imageId"], photo["s3Key"]) == (alice.sub, begun["upload_id"], begun["key"])
    assert (photo["mimeType"], photo["width"], photo["height"]) == ("image/jpeg", 800, 560)
    assert begun_ms <= photo["uploadedAt"] <= time.time_ns() // 1_000_000
    ends_at = datetime.fromisoformat(photo["expires_at"])
    assert photo["expires_at"].endswith("Z")
    assert 290 < (ends_at - datetime.now(UTC)).total_seconds() <= 300
    seen = {size: Image.open(BytesIO(requests.get(url, timeout=5).content)).size for size, url in photo["urls"].items()}
    assert seen == {"800": (800, 560), "400": (400, 400), "150": (150, 150)}


def test_a_photo_is_put_to_use_by_being_complete(alice: Person, stack: Stack) -> None:
    done = alice.has(a_picture(), **PHOTO)
    assert f"CLEANUP#users#{done['upload_id']}" not in alice.rows
    all_swept(alice)
    assert alice.keys == sizes_of(done["key"])


def test_photos_come_newest_first(alice: Person) -> None:
    keys = [alice.has(a_picture(colour), **PHOTO)["key"] for colour in ("red", "green", "blue")]
    assert [photo["s3Key"] for photo in listed(alice)] == keys[::-1]


def test_only_photos_are_in_the_gallery(alice: Person) -> None:
    alice.has(a_picture())
    alice.has(a_picture(), file_type="project_image")
    assert listed(alice) == []


def test_photos_of_one_millisecond_take_the_next_free_ones(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now_ms", lambda: 1_795_272_016_483)
    for colour in ("red", "green", "blue"):
        alice.has(a_picture(colour), **PHOTO)
    assert [row["uploadedAt"]["N"] for row in photos_rows.of(alice)] == [
        "1795272016483",
        "1795272016484",
        "1795272016485",
    ]
    assert len(listed(alice)) == 3


def test_an_upload_waits_where_there_is_no_free_millisecond(
    alice: Person, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos_rows.write(stack, alice.sub, list(range(5_000, 5_008)))
    begun = alice.upload(a_picture(), **PHOTO)
    with monkeypatch.context() as stopped:
        stopped.setattr(clock, "now_ms", lambda: 5_000)
        answer = alice.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert alice.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"
    assert len(photos_rows.of(alice)) == 8
    assert alice.complete(begun).status_code == 200


def test_two_devices_that_complete_one_upload_make_one_photo(alice: Person) -> None:
    for number in range(4):
        begun = alice.upload(a_picture(), **PHOTO)
        at_once(lambda: until_done(alice, begun), lambda: until_done(alice, begun))  # noqa: B023 - within the round
        assert len(photos_rows.of(alice)) == number + 1


def test_a_page_of_100_photos_is_one_grant(alice: Person, stack: Stack) -> None:
    photos_rows.write(stack, alice.sub, photos_rows.past(101))
    before = audit_lines(stack)
    photos = listed(alice, "?limit=100")
    assert len(photos) == 100
    assert all(set(photo["urls"]) == {"150", "400", "800"} for photo in photos)  # type: ignore[call-overload] # a dict
    assert audit_lines(stack) - before == 1, "each grant leaves one line"


def test_public_photos_have_stable_addresses_and_need_no_signer(alice: Person, stack: Stack, tmp_path: Path) -> None:
    public = at(alice, tmp_path, photo='visibility = "public"')
    done = public.has(a_picture(), **PHOTO)
    crippled = at(alice, tmp_path, photo='visibility = "public"', SIGNERS="a=unix:/nonexistent/signer.sock")
    before = audit_lines(stack)

    [photo] = listed(crippled)

    assert photo["urls"] == done["urls"]
    assert photo["urls"]["800"] == f"http://pictures.example/media/{done['key']}"  # type: ignore[index] # a dict
    assert photo["expires_at"] is None
    assert audit_lines(stack) == before
    assert alice.look(f"/media/{done['key']}").status_code == 302


def test_r07_without_the_signer_the_list_is_503_and_comes_back(alice: Person, tmp_path: Path) -> None:
    alice.has(a_picture(), **PHOTO)
    crippled = at(alice, tmp_path, SIGNERS="a=unix:/nonexistent/signer.sock")
    answer = crippled.ask("GET", "/photos")
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert len(listed(alice)) == 1


def test_s26_a_blocked_photo_is_listed_without_urls(alice: Person, stack: Stack) -> None:
    blocked, other = (alice.has(a_picture(colour), **PHOTO) for colour in ("red", "blue"))
    [row] = [row for row in photos_rows.of(alice) if row["imageId"]["S"] == blocked["upload_id"]]
    stack.deployment.client("dynamodb").update_item(
        TableName=stack.deployment.table_prefix + "photos",
        Key={"userId": row["userId"], "uploadedAt": row["uploadedAt"]},
        UpdateExpression="SET blocked = :yes",
        ExpressionAttributeValues={":yes": {"BOOL": True}},
    )

    newer, older = listed(alice)

    assert (older["imageId"], older["urls"], older["expires_at"]) == (blocked["upload_id"], None, None)
    assert older["blocked"] is True
    assert newer["imageId"] == other["upload_id"]
    assert newer["urls"]
    assert "blocked" not in newer


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
    assert len(photos_rows.of(alice)) == 1


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
    assert photos_rows.of(alice) == []
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
    assert records == {f"OBJECT#photos#{row['imageId']['S']}" for row in photos_rows.of(alice)}


def test_s15_a_photo_of_anothers_is_not_found_and_stays(alice: Person, bob: Person) -> None:
    done = alice.has(a_picture(), **PHOTO)
    answer = bob.ask("DELETE", f"/photos/{done['upload_id']}")
    assert (answer.status_code, answer.json["error"]) == (404, "not_found")
    assert listed(bob) == []
    assert len(listed(alice)) == 1


@pytest.mark.parametrize(("method", "path"), [("GET", "/photos"), ("DELETE", f"/photos/{OF_NOBODY}")])
def test_the_gallery_asks_nobody_in(alice: Person, method: str, path: str) -> None:
    assert alice.look(path, method).status_code == 401


# --- kinds that say settle_on_list ---------------------------------------------------------------------------

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
    photos_rows.write(stack, settling.sub, photos_rows.past(3))
    cursor = settling.ask("GET", "/photos?limit=1").json["next_cursor"]
    begun = settling.upload(a_picture(), **PHOTO)
    assert len(listed(settling, f"?cursor={cursor}")) == 2
    assert settling.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"


def test_two_lists_at_once_complete_each_upload_once(settling: Person, someone: Callable[[], Person]) -> None:
    for _ in range(3):
        settling.upload(a_picture(), **PHOTO)
    answers = at_once(lambda: settling.ask("GET", "/photos"), lambda: settling.ask("GET", "/photos"))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(photos_rows.of(settling)) == len({row["imageId"]["S"] for row in photos_rows.of(settling)})
    assert len(listed(settling)) == 3
