"""Uploads in parts from their beginning to what is seen, resumed, aborted, left alone and swept."""

import requests

from tests.integration.metadata.multipart_client import Companion, SignRequest, a_heavy_picture, at_s3, in_parts
from tests.integration.uploads_stack import Person, Stack, sizes_of

HEAVY = a_heavy_picture()


def test_uppy_5_sends_parts_and_its_complete_completes_the_upload(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    assert len(in_parts(HEAVY)) >= 2
    done = upload.completes(upload.sends_all(HEAVY))

    assert done.status_code == 200, done.text
    assert done.json["key"] == upload.key
    assert done.json["bucket"] == stack.deployment.bucket
    assert requests.get(done.json["location"], timeout=5).headers["Content-Type"] == "image/jpeg"
    by_key = alice.ask("POST", "/upload-complete", json={"key": upload.key})
    assert (by_key.status_code, by_key.json["key"]) == (200, upload.key)
    assert sizes_of(upload.key) <= alice.keys
    assert at_s3(alice) == []


def test_uppy_6_sends_parts_and_completes_by_key(alice: Person) -> None:
    upload = SignRequest(alice).creates(contentType="image/jpeg", size=len(HEAVY), name="cat.jpg")
    assert upload.completes_at_s3(upload.sends_all(HEAVY)).status_code == 200
    done = alice.ask("POST", "/upload-complete", json={"key": f"incoming/{upload.key}"})
    assert (done.status_code, done.json.get("key")) == (200, upload.key), done.text
    assert sizes_of(upload.key) <= alice.keys
