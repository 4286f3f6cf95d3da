"""An upload from asking to being seen, with the real engine, signer and image_service."""

import base64
import hashlib
from collections.abc import Callable
from io import BytesIO

import pytest
import requests
from PIL import Image

from tests.integration.uploads_stack import Person, Stack, a_picture, send, sizes_of


def test_a_picture_is_uploaded_completed_and_seen_in_every_size(alice: Person) -> None:
    done = alice.has(a_picture(size=(1000, 700)))

    assert (done["state"], done["width"], done["height"]) == ("ready", 800, 560)
    assert done["content_type"] == "image/jpeg"
    assert done["url"] == f"http://pictures.example/media/{done['key']}"
    assert sizes_of(done["key"]) <= alice.keys
    seen = {}
    for size, url in done["urls"].items():
        answer = alice.look(url.removeprefix("http://pictures.example"))
        assert answer.status_code == 302
        picture = requests.get(answer.headers["Location"], timeout=5)
        assert picture.headers["Content-Type"] == "image/jpeg"
        seen[size] = Image.open(BytesIO(picture.content)).size
    assert seen == {"800": (800, 560), "400": (400, 400), "150": (150, 150)}


def test_asked_again_complete_gives_the_same_answer(alice: Person) -> None:
    begun = alice.upload(a_picture())
    first, second = alice.complete(begun).json, alice.complete(begun).json
    by_key = alice.ask("POST", "/upload-complete", json={"key": begun["key"]}).json
    assert first == second == by_key


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_other_formats_become_jpeg(alice: Person, form: str) -> None:
    done = alice.has(a_picture(form=form), content_type=f"image/{form.lower()}")
    assert done["key"].endswith(".jpg")


def test_image_jpg_is_bound_as_it_was_sent_and_taken_as_jpeg(alice: Person) -> None:
    begun = alice.begin(content_type="image/jpg")
    assert begun["headers"]["Content-Type"] == "image/jpg"
    assert begun["content_type"] == "image/jpg"
    assert send(begun, a_picture()).status_code == 200
    assert alice.complete(begun).status_code == 200


def test_a_form_is_uploaded_and_completed_by_the_url_it_was_sent_to(alice: Person) -> None:
    begun = alice.upload(a_picture(), method="POST")
    posted = f"{begun['upload_url']}/{begun['fields']['key']}?X-Amz-Signature=0"
    answer = alice.ask("POST", "/upload-complete", json={"key": posted})
    assert answer.status_code == 200, answer.text
    assert answer.json["key"] == begun["key"]


def test_a_declared_length_and_checksum_are_bound(alice: Person) -> None:
    octets = a_picture()
    checksum = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    begun = alice.begin(content_length=len(octets), checksum_sha256=checksum)
    assert send(begun, octets + b"x").status_code >= 400
    assert send(begun, octets[:-1] + b"x").status_code >= 400
    assert send(begun, octets).status_code == 200
    assert alice.complete(begun).status_code == 200


def test_a_resume_is_private_and_comes_as_an_attachment(alice: Person, someone: Callable[[], Person]) -> None:
    done = alice.has(a_pdf(), file_type="resume", content_type="application/pdf")

    assert {"urls", "width", "height"}.isdisjoint(done)
    assert requests.get(done["url"], timeout=5).headers["Content-Disposition"].startswith("attachment")
    path = f"/media/{done['key']}"
    assert alice.look(path).status_code == 404
    assert someone().ask("GET", path).status_code == 404
    own = alice.ask("GET", path)
    assert own.status_code == 302
    assert own.cache_control.private
    assert "Authorization" in own.vary
    assert requests.get(own.headers["Location"], timeout=5).content == a_pdf()


def test_a_public_address_is_the_same_for_all_within_a_window_and_outlives_no_url(alice: Person) -> None:
    path = f"/media/{alice.has(a_picture())['key']}"
    before, after = alice.look(path), alice.ask("GET", path)
    again = alice.look(path)
    # A window may end between two of three: then the other two are in one.
    assert len({before.headers["Location"], after.headers["Location"], again.headers["Location"]}) < 3
    assert before.cache_control.public
    assert 0 < int(before.cache_control.max_age or 0) < 300
    assert alice.look(path, "HEAD").status_code == 302


def test_the_current_picture_moves_and_the_old_one_is_swept(alice: Person, stack: Stack) -> None:
    old = alice.has(a_picture("red"))
    new = alice.has(a_picture("blue"))

    assert alice.ask("GET", "/users/me/picture").json["key"] == new["key"]
    assert alice.look(f"/media/{old['key']}").status_code == 404
    assert f"CLEANUP#users#{old['upload_id']}" in alice.rows
    stack.sweep()
    assert sizes_of(old["key"]).isdisjoint(alice.keys)
    assert sizes_of(new["key"]) <= alice.keys
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == sizes_of(new["key"])
    assert not any(name.startswith("CLEANUP#") for name in alice.rows)


def test_a_removed_picture_is_the_default_one_and_its_bytes_go(alice: Person, stack: Stack) -> None:
    alice.has(a_picture())
    assert alice.ask("DELETE", "/users/me/picture").status_code == 200
    assert alice.ask("DELETE", "/users/me/picture").status_code == 404
    shown = alice.ask("GET", "/users/me/picture").json
    assert (shown["key"], shown["uploaded_at"]) == (None, None)
    assert set(shown["urls"]) == {"150", "400", "800"}
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == set()


def test_answers_with_signed_urls_are_not_kept(alice: Person) -> None:
    asked = {"file_type": "resume", "content_type": "application/pdf"}
    answer = alice.ask("POST", "/upload-url", json=asked)
    assert answer.headers["Cache-Control"] == "no-store"


def a_pdf() -> bytes:
    import pikepdf

    written = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(written, deterministic_id=True)
    return written.getvalue()
