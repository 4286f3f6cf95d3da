"""The gallery, with the real engine, signer and image_service: what comes into it, what is said of it, what goes."""

import time
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image

from metadata_service import clock
from tests.integration.metadata import galleries
from tests.integration.metadata.galleries import PHOTO, at, audit_lines, listed
from tests.integration.metadata.test_uploads_races import all_swept, at_once, until_done
from tests.integration.uploads_stack import Person, Stack, a_picture, sizes_of

SAID = {"userId", "uploadedAt", "imageId", "s3Key", "mimeType", "width", "height", "urls", "expires_at"}
OF_NOBODY = "00000000-0000-4000-8000-000000000000"


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
    assert [row["uploadedAt"]["N"] for row in galleries.of(alice)] == [
        "1795272016483",
        "1795272016484",
        "1795272016485",
    ]
    assert len(listed(alice)) == 3


def test_an_upload_waits_where_there_is_no_free_millisecond(
    alice: Person, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    galleries.write(stack, alice.sub, list(range(5_000, 5_008)))
    begun = alice.upload(a_picture(), **PHOTO)
    with monkeypatch.context() as stopped:
        stopped.setattr(clock, "now_ms", lambda: 5_000)
        answer = alice.complete(begun)
    assert (answer.status_code, answer.json["error"]) == (503, "unavailable")
    assert alice.ask("GET", f"/uploads/{begun['upload_id']}").json["state"] == "requested"
    assert len(galleries.of(alice)) == 8
    assert alice.complete(begun).status_code == 200


def test_two_devices_that_complete_one_upload_make_one_photo(alice: Person) -> None:
    for number in range(4):
        begun = alice.upload(a_picture(), **PHOTO)
        at_once(lambda: until_done(alice, begun), lambda: until_done(alice, begun))  # noqa: B023 - within the round
        assert len(galleries.of(alice)) == number + 1


def test_a_page_of_100_photos_is_one_grant(alice: Person, stack: Stack) -> None:
    galleries.write(stack, alice.sub, galleries.past(101))
    before = audit_lines(stack)
    photos = listed(alice, "?limit=100")
    assert len(photos) == 100
    assert all(set(photo["urls"]) == {"150", "400", "800"} for photo in photos)
    assert audit_lines(stack) - before == 1, "each grant leaves one line"


def test_public_photos_have_stable_addresses_and_need_no_signer(alice: Person, stack: Stack, tmp_path: Path) -> None:
    public = at(alice, tmp_path, photo='visibility = "public"')
    done = public.has(a_picture(), **PHOTO)
    crippled = at(alice, tmp_path, photo='visibility = "public"', SIGNERS="a=unix:/nonexistent/signer.sock")
    before = audit_lines(stack)

    [photo] = listed(crippled)

    assert photo["urls"] == done["urls"]
    assert photo["urls"]["800"] == f"http://pictures.example/media/{done['key']}"
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
    [row] = [row for row in galleries.of(alice) if row["imageId"]["S"] == blocked["upload_id"]]
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


@pytest.mark.parametrize(("method", "path"), [("GET", "/photos"), ("DELETE", f"/photos/{OF_NOBODY}")])
def test_the_gallery_asks_nobody_in(alice: Person, method: str, path: str) -> None:
    assert alice.look(path, method).status_code == 401
