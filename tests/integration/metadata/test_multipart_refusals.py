"""Uppy's routes with what is wrong: every field, someone else's keys and ids, kinds that come whole."""

from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.integration.metadata.multipart_client import Companion, SignRequest, asks_to_create, at_s3
from tests.integration.uploads_stack import Answer, Person, Stack

LONG = "a" * 2_049


def is_refused(answer: Answer, field: str) -> None:
    assert (answer.status_code, answer.json["error"]) == (400, "validation_failed"), answer.text
    assert list(answer.json["fields"]) == [field], answer.text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"method": None}, "method"),
        ({"method": "put"}, "method"),
        ({"method": "PATCH"}, "method"),
        ({"method": 5}, "method"),
        ({"key": None}, "key"),
        ({"key": ""}, "key"),
        ({"key": LONG}, "key"),
        ({"key": 7}, "key"),
        ({"contentType": 7}, "contentType"),
        ({"size": -1}, "size"),
        ({"size": "5"}, "size"),
        ({"size": 1.5}, "size"),
        ({"size": True}, "size"),
        ({"size": 2**41}, "size"),
        ({"name": LONG}, "name"),
        ({"name": ["cat.jpg"]}, "name"),
        ({"fields": {}}, "fields"),
        ({"partNumber": 1}, "uploadId"),
        ({"method": "GET"}, "uploadId"),
        ({"method": "DELETE"}, "uploadId"),
        ({"uploadId": ""}, "uploadId"),
        ({"uploadId": "a" * 1_025}, "uploadId"),
        ({"uploadId": "ä"}, "uploadId"),
        ({"uploadId": "a&partNumber=1"}, "uploadId"),
        ({"uploadId": "x"}, "partNumber"),
        ({"uploadId": "x", "partNumber": 0}, "partNumber"),
        ({"uploadId": "x", "partNumber": 10_001}, "partNumber"),
        ({"uploadId": "x", "partNumber": "1"}, "partNumber"),
        ({"uploadId": "x", "partNumber": "1.5"}, "partNumber"),
        ({"uploadId": "x", "partNumber": 1.5}, "partNumber"),
        ({"uploadId": "x", "partNumber": "１"}, "partNumber"),
        ({"uploadId": "x", "partNumber": 1, "method": "POST"}, "partNumber"),
        ({"uploadId": "x", "partNumber": 1, "method": "GET"}, "partNumber"),
        ({"uploadId": "x", "partNumber": 1, "partSize": -1}, "partSize"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_sign_request_is_named(alice: Person, changed: dict[str, Any], field: str) -> None:
    asked = {"method": "PUT", "key": "cat.jpg", "contentType": "image/jpeg"} | changed
    given = {name: value for name, value in asked.items() if value is not None}
    is_refused(alice.ask("POST", "/uppy/photo/sign", json=given), field)
    assert alice.rows == {}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"contentType": "image/gif"}, "unsupported_content_type"),
        ({"contentType": ""}, "unsupported_content_type"),
        ({"name": "cat.exe"}, "unsupported_content_type"),
        ({"contentType": "image/jpeg", "size": 20_971_521}, "too_large"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_the_kinds_rules_hold_before_anything_is_signed(
    alice: Person, method: str, said: dict[str, Any], code: str
) -> None:
    answer = alice.ask("POST", "/uppy/photo/sign", json={"method": method, "key": "cat", **said})
    assert (answer.status_code, answer.json["error"]) == (413 if code == "too_large" else 400, code)
    assert alice.rows == {}


def test_a_part_larger_than_its_kind_allows_is_refused(alice: Person) -> None:
    upload = SignRequest(alice).creates(name="cat.jpg")
    answer = upload.asks("PUT", partNumber=1, partSize=20_971_521)
    assert (answer.status_code, answer.json["error"]) == (413, "too_large")


def test_kinds_that_come_whole_take_no_parts(alice: Person) -> None:
    asked = {"method": "POST", "key": "cat.jpg", "contentType": "image/jpeg"}
    for answer in (alice.ask("POST", "/uppy/profile_image/sign", json=asked), asks_to_create(alice, "profile_image")):
        assert (answer.status_code, answer.json["error"]) == (400, "multipart_not_taken")
    assert alice.rows == {}


def test_a_kind_that_there_is_not_is_named(alice: Person) -> None:
    below = "/uppy/film/s3/multipart/x"
    for method, path, body in (
        ("POST", "/uppy/film/sign", {"method": "PUT", "key": "cat.jpg"}),
        ("POST", "/uppy/film/sign", {"method": "GET", "key": "cat.jpg", "uploadId": "x"}),
        ("GET", "/uppy/film/s3/params?filename=cat.jpg", None),
        ("POST", "/uppy/film/s3/multipart", {"filename": "cat.jpg"}),
        ("GET", f"{below}?key=x", None),
        ("GET", f"{below}/1?key=x", None),
        ("GET", f"{below}/batch?key=x&partNumbers=1", None),
        ("DELETE", f"{below}?key=x", None),
    ):
        answer = alice.ask(method, path, json=body)
        assert (answer.status_code, answer.json["error"]) == (400, "unsupported_file_type"), path


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"filename": None}, "filename"),
        ({"filename": LONG}, "filename"),
        ({"filename": 7}, "filename"),
        ({"type": 7}, "type"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {str(number): "" for number in range(101)}}, "metadata"),
        ({"size": 7}, "size"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_wrong_with_a_beginning_in_parts_is_named(alice: Person, changed: dict[str, Any], field: str) -> None:
    is_refused(asks_to_create(alice, **changed), field)
    assert alice.rows == {}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=image/jpeg", "filename"),
        (f"filename={LONG}", "filename"),
        ("filename=a.jpg&size=", "size"),
        ("filename=a.jpg&size=-1", "size"),
        ("filename=a.jpg&size=1.5", "size"),
        ("filename=a.jpg&size=%EF%BC%91", "size"),
        ("filename=a.jpg&size=9999999999999", "size"),
        ("filename=a.jpg&filename=b.jpg", "filename"),
        ("filename=a.jpg&key=b.jpg", "key"),
    ],
)
def test_what_is_wrong_with_a_forms_parameters_is_named(alice: Person, query: str, field: str) -> None:
    is_refused(alice.ask("GET", f"/uppy/photo/s3/params?{query}"), field)
    assert alice.rows == {}


def test_a_form_too_large_is_refused(alice: Person) -> None:
    answer = alice.ask("GET", "/uppy/photo/s3/params?filename=a.jpg&size=20971521")
    assert (answer.status_code, answer.json["error"]) == (413, "too_large")


@pytest.fixture(scope="module")
def upload(stack: Stack, app: Any) -> Companion:
    """One that every refusal below must leave as it is."""
    return Companion.creates(Person("multipart-refusals", stack, app.test_client()))


@pytest.mark.parametrize("number", ["0", "10001", "1.5", "１", "-1", "+1", "01", "99999999", "x"])
def test_a_part_is_1_to_10000(upload: Companion, number: str) -> None:
    is_refused(upload.asks("GET", f"/{quote(number)}"), "partNumber")


@pytest.mark.parametrize("number", [1, 10_000])
def test_the_first_and_the_last_part_there_can_be_are_signed(upload: Companion, number: int) -> None:
    assert f"partNumber={number}&" in upload.asks("GET", f"/{number}").json["url"]


@pytest.mark.parametrize(
    "numbers",
    [None, "", "0", "1,", ",1", "1,1", "1,2,1", "10001", "1;2", "1, 2", "１", "1.5", ",".join(map(str, range(1, 102)))],
    ids=lambda each: str(each)[:20],
)
def test_a_batch_is_1_to_100_different_parts(upload: Companion, numbers: str | None) -> None:
    is_refused(upload.asks("GET", "/batch", query={"partNumbers": numbers}), "partNumbers")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "parts"),
        ({"parts": []}, "parts"),
        ({"parts": {}}, "parts"),
        ({"parts": [{"PartNumber": 1}]}, "parts"),
        ({"parts": [{"ETag": "a"}]}, "parts"),
        ({"parts": [{"PartNumber": 0, "ETag": "a"}]}, "parts"),
        ({"parts": [{"PartNumber": "1", "ETag": "a"}]}, "parts"),
        ({"parts": [{"PartNumber": 1, "ETag": ""}]}, "parts"),
        ({"parts": [{"PartNumber": 1, "ETag": "a" * 129}]}, "parts"),
        ({"parts": [{"PartNumber": 1, "ETag": "</ETag><ETag>"}]}, "parts"),
        ({"parts": [{"PartNumber": 1, "ETag": 7}]}, "parts"),
        ({"parts": [{"PartNumber": n, "ETag": "a"} for n in range(1, 1_002)]}, "parts"),
        ({"parts": [{"PartNumber": 1, "ETag": "a"}], "key": "x"}, "key"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_wrong_with_a_list_of_parts_is_named(upload: Companion, body: dict[str, Any], field: str) -> None:
    is_refused(upload.asks("POST", "/complete", json=body), field)


@pytest.mark.parametrize(("method", "more"), [("GET", "/1"), ("GET", ""), ("DELETE", ""), ("GET", "/batch")])
@pytest.mark.parametrize("key", [None, "", LONG])
def test_the_key_says_which_upload(upload: Companion, method: str, more: str, key: str | None) -> None:
    query = {"partNumbers": "1"} if more == "/batch" else {}
    is_refused(upload.asks(method, more, key=key, query=query), "key")


def every_way(upload: Companion, **changed: Any) -> list[Answer]:
    """What can be asked of an upload in parts, of both versions of Uppy."""
    parts = [{"PartNumber": 1, "ETag": "a"}]
    one = SignRequest(changed.get("person", upload.person), upload.file_type, upload.key, upload.multipart_id)
    return [
        upload.asks("GET"),
        upload.asks("GET", "/1"),
        upload.asks("GET", "/batch", query={"partNumbers": "1,2"}),
        upload.completes(parts),
        upload.asks("DELETE"),
        one.asks("PUT", partNumber=1),
        one.asks("GET"),
        one.asks("POST"),
        one.asks("DELETE"),
    ]


def are_not_found(answers: list[Answer]) -> None:
    for answer in answers:
        assert (answer.status_code, answer.json["error"]) == (404, "upload_not_found"), answer.text


def test_s15_someone_elses_upload_in_parts_is_not_there(alice: Person, bob: Person) -> None:
    made = Companion.creates(alice)
    before = alice.rows
    are_not_found(every_way(Companion(bob, made.key, made.multipart_id, made.upload_id)))
    assert (alice.rows, bob.rows) == (before, {})
    assert at_s3(alice) == [f"incoming/{made.key}"]


def test_another_uploads_id_is_not_taken(alice: Person) -> None:
    one, other = Companion.creates(alice), Companion.creates(alice)
    for multipart_id in (other.multipart_id, "unknown", "a" * 1_024, "ä", "a b"):
        mixed = Companion(alice, one.key, multipart_id, one.upload_id)
        answers = every_way(mixed) if multipart_id.isascii() and " " not in multipart_id else [mixed.asks("GET", "/1")]
        are_not_found(answers)
    assert {row["state"]["S"] for name, row in alice.rows.items() if name.startswith("UPLOAD#")} == {"requested"}


def test_an_upload_that_is_whole_or_of_another_kind_has_no_parts(alice: Person) -> None:
    whole = alice.begin("photo")
    are_not_found(every_way(Companion(alice, whole["key"], "x", whole["upload_id"])))
    made = Companion.creates(alice)
    are_not_found(every_way(Companion(alice, made.key, made.multipart_id, made.upload_id, file_type="resume")))
    are_not_found([Companion(alice, "users/me", "x", "").asks("GET")])


def test_pending_uploads_are_limited_in_parts_too(alice: Person) -> None:
    for _ in range(20):
        assert SignRequest(alice).asks("POST", name="cat.jpg").status_code == 200
    for answer in (asks_to_create(alice), SignRequest(alice).asks("PUT", name="cat.jpg")):
        assert (answer.status_code, answer.json["error"]) == (429, "too_many_pending")
    assert at_s3(alice) == []


def test_without_a_token_nothing_is_said(alice: Person, stack: Stack) -> None:
    for method, path in (
        ("POST", "/uppy/photo/sign"),
        ("GET", "/uppy/photo/s3/params?filename=a.jpg"),
        ("POST", "/uppy/photo/s3/multipart"),
        ("GET", "/uppy/photo/s3/multipart/x/0"),
        ("GET", "/uppy/photo/s3/multipart/x/batch"),
        ("GET", "/uppy/photo/s3/multipart/x"),
        ("POST", "/uppy/photo/s3/multipart/x/complete"),
        ("DELETE", "/uppy/photo/s3/multipart/x"),
    ):
        assert alice.look(path, method).status_code == 401, path


def test_s10_a_parts_url_takes_that_part_of_that_upload_alone(alice: Person) -> None:
    upload, other = Companion.creates(alice), Companion.creates(alice)
    url = upload.asks("GET", "/1").json["url"]
    for changed in (
        url.replace("partNumber=1&", "partNumber=2&"),
        url.replace(upload.multipart_id, other.multipart_id),
        url.replace("partNumber=1&", ""),
    ):
        assert changed != url
        assert requests.put(changed, data=b"x", timeout=10).status_code == 403
    for method in ("GET", "DELETE", "POST"):
        assert requests.request(method, url, timeout=10).status_code == 403
