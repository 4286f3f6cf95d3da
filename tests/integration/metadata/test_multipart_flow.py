"""Uploads in parts from their beginning to what is seen: by Uppy's ways, resumed, and asked again."""

import os
import re
import time
from io import BytesIO

import pikepdf
import pytest
import requests

from tests.integration.metadata.multipart_client import (
    MIB,
    Companion,
    SignRequest,
    a_heavy_picture,
    at_s3,
    in_parts,
    put,
)
from tests.integration.uploads_stack import Person, Stack, a_picture, sizes_of

HEAVY = a_heavy_picture()


def a_heavy_pdf() -> bytes:
    written = BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.Root.Ballast = document.make_stream(os.urandom(6 * MIB))
        document.save(written)
    return written.getvalue()


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


def test_a_file_below_the_bound_may_come_in_one_part(alice: Person) -> None:
    upload = Companion.creates(alice)
    assert upload.completes(upload.sends_all(a_picture())).status_code == 200
    assert sizes_of(upload.key) <= alice.keys


def test_a_resume_comes_in_parts_and_is_private(alice: Person) -> None:
    written = a_heavy_pdf()
    assert len(in_parts(written)) == 2
    upload = Companion.creates(alice, "resume", filename="cv.pdf", type="application/pdf")
    done = upload.completes(upload.sends_all(written))
    assert (done.status_code, done.json.get("key")) == (200, upload.key), done.text
    assert requests.get(done.json["location"], timeout=5).content == written


def test_uppy_4_and_5_send_a_form_and_complete_it_by_its_field(alice: Person) -> None:
    asked = "filename=cat.jpg&type=image%2Fjpeg&metadata%5Bname%5D=cat.jpg&metadata%5BrelativePath%5D=x"
    answer = alice.ask("GET", f"/uppy/photo/s3/params?{asked}&size={len(a_picture())}")
    assert answer.headers["Cache-Control"] == "no-store"
    form = answer.json
    assert (form["method"], form["expires"]) == ("POST", 300)
    assert requests.post(form["url"], data=form["fields"], files={"file": a_picture()}, timeout=10).ok
    done = alice.ask("POST", "/upload-complete", json={"key": form["fields"]["key"]})
    assert (done.status_code, done.json["upload_id"]) == (200, answer.headers["X-Upload-Id"])


def test_uppy_6_puts_a_file_whole_of_exactly_the_size_it_said(alice: Person) -> None:
    octets = a_picture()
    begun = SignRequest(alice).asks("PUT", contentType="image/jpeg", size=len(octets))
    assert begun.headers["X-Upload-Id"] in begun.json["key"]
    url, headers = begun.json["url"], begun.json["headers"]
    assert requests.put(url, data=octets + b"x", headers=headers, timeout=10).status_code == 403
    assert requests.put(url, data=octets, headers=headers, timeout=10).status_code == 200
    assert alice.ask("POST", "/upload-complete", json={"key": begun.json["key"]}).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"contentType": "image/png"},
        {"name": "cat.PNG"},
        {"key": "2c0d-cat.png", "contentType": "application/octet-stream"},
        {"key": "2c0d", "contentType": None, "name": "a.b.png", "size": None},
    ],
    ids=str,
)
def test_the_type_is_told_from_a_name_where_uppy_says_none(alice: Person, said: dict[str, str | None]) -> None:
    asked = {"method": "POST", "key": "cat", **said}
    begun = alice.ask("POST", "/uppy/photo/sign", json=asked)
    assert (begun.status_code, begun.json.get("headers")) == (200, {"Content-Type": "image/png"}), begun.text


def test_the_size_said_at_the_beginning_is_held_to(alice: Person) -> None:
    upload = SignRequest(alice).creates(name="cat.jpg", size=7)
    upload.completes_at_s3(upload.sends_all(a_picture()))
    done = alice.ask("POST", "/upload-complete", json={"key": upload.key})
    assert (done.status_code, done.json["reason"]) == (422, "length_mismatch")


def test_a_part_is_of_exactly_the_bytes_it_was_signed_for(alice: Person) -> None:
    upload = SignRequest(alice).creates(name="cat.jpg")
    url = upload.signed("PUT", partNumber=1, partSize=10)["url"]
    assert requests.put(url, data=b"x" * 11, timeout=10).status_code == 403
    assert requests.put(url, data=b"x" * 10, timeout=10).status_code == 200


def test_a_batch_is_one_grant(alice: Person) -> None:
    upload = Companion.creates(alice)
    numbers = ",".join(str(number) for number in range(1, 101))
    urls = upload.asks("GET", "/batch", query={"partNumbers": numbers}).json["presignedUrls"]
    assert sorted(urls, key=int) == numbers.split(",")
    assert len({re.findall(r"x-countersign-grant=([0-9a-f-]+)", url)[0] for url in urls.values()}) == 1
    etags = [put(urls[str(number)], part) for number, part in enumerate(in_parts(HEAVY), 1)]
    listed = upload.asks("GET").json
    assert [part["ETag"] for part in listed] == etags
    assert (
        upload.completes([{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in listed]).status_code
        == 200
    )


# --- resumed, and asked again --------------------------------------------------------------------------------


def test_an_upload_is_resumed_until_a_day_after_its_urls_end(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    first = upload.sends(1, in_parts(HEAVY)[0])
    now = int(time.time())
    stack.set_numbers(alice.sub, f"UPLOAD#{upload.upload_id}", url_ends_at=now - 86_300, parts_end_at=now - 86_300)
    assert alice.ask("GET", f"/uploads/{upload.upload_id}").json["state"] == "requested"
    [listed] = upload.listed()
    assert (listed["PartNumber"], listed["ETag"]) == (1, first["ETag"])
    assert upload.completes([first, upload.sends(2, in_parts(HEAVY)[1])]).status_code == 200


def test_complete_answers_the_same_again_also_where_s3_had_completed_before(alice: Person, stack: Stack) -> None:
    upload = Companion.creates(alice)
    parts = upload.sends_all(a_picture())
    # As if the service had been killed right after S3's answer.
    same = SignRequest(alice, key=upload.key, multipart_id=upload.multipart_id)
    assert same.completes_at_s3(parts).status_code == 200
    first, second = upload.completes(parts), upload.completes(parts)
    assert (first.status_code, second.status_code) == (200, 200), first.text + second.text
    assert first.json["key"] == second.json["key"] == upload.key


def test_parts_that_s3_does_not_take_leave_the_upload_as_it_was(alice: Person) -> None:
    upload = Companion.creates(alice)
    parts = upload.sends_all(a_picture())
    wrong = upload.completes([parts[0] | {"ETag": '"' + "0" * 32 + '"'}])
    assert (wrong.status_code, wrong.json["error"]) == (400, "invalid_parts")
    assert upload.completes(parts).status_code == 200


def test_without_s3s_completion_nothing_was_received(alice: Person) -> None:
    upload = Companion.creates(alice)
    upload.sends_all(a_picture())
    for answer in (
        alice.ask("POST", "/upload-complete", json={"key": upload.key}),
        alice.ask("POST", f"/uploads/{upload.upload_id}/complete", json={}),
    ):
        assert (answer.status_code, answer.json["error"]) == (409, "upload_not_received")
    assert upload.completes(upload.sends_all(a_picture())).status_code == 200
