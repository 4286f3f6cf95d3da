"""The engine as S3, with its guard: what a presigned URL allows, and nothing else."""

import base64
import hashlib
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.engine_wire import JPEG, ORIGIN, Presigned, Wire, an_object_key, send, sha256


def an_object(wire: Wire, content: bytes = JPEG) -> str:
    """The key of an object that is there."""
    object_key = an_object_key()
    assert wire.use(wire.presign("PUT", object_key, headers={"content-type": "image/jpeg"}), content).status == 200
    return object_key


# ---- Presigned URLs


def test_a_presigned_put_stores_and_a_presigned_get_reads(wire: Wire) -> None:
    object_key = an_object(wire)
    answer = wire.use(wire.presign("GET", object_key, identity="reader"))
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, JPEG, "image/jpeg")


def test_head_and_delete_by_presigned_url(wire: Wire) -> None:
    object_key = an_object(wire)
    assert wire.use(wire.presign("HEAD", object_key, identity="reader")).headers["content-length"] == str(len(JPEG))
    assert wire.use(wire.presign("DELETE", object_key, identity="remover")).status == 204
    assert wire.use(wire.presign("GET", object_key, identity="reader")).status == 404


def test_a_query_name_that_begins_with_x_is_signed_and_ignored(wire: Wire) -> None:
    signed = wire.presign("GET", an_object(wire), identity="reader", query="x-countersign-grant=1")
    assert wire.use(signed).status == 200
    changed = Presigned("GET", signed.url.replace("x-countersign-grant=1", "x-countersign-grant=2"))
    assert wire.use(changed).status == 403


def test_a_download_name_and_type_come_from_the_signed_query(wire: Wire) -> None:
    query = (
        "response-content-disposition=attachment%3B%20filename%3D%22cv.pdf%22&response-content-type=application%2Fpdf"
    )
    answer = wire.use(wire.presign("GET", an_object(wire), identity="reader", query=query))
    assert answer.headers["content-disposition"] == 'attachment; filename="cv.pdf"'
    assert answer.headers["content-type"] == "application/pdf"


@pytest.mark.parametrize("style", ["{bucket}.localhost", "{bucket}.s3.localhost", "{bucket}.s3.us-east-1.localhost"])
def test_virtual_host_style(wire: Wire, style: str) -> None:
    object_key = an_object(wire)
    host = style.format(bucket=wire.deployment.bucket) + f":{wire.port}"
    signed = wire.presign("GET", identity="reader", url=f"http://{host}/{object_key}")
    assert wire.use(signed).body == JPEG


def test_the_host_is_part_of_the_signature(wire: Wire) -> None:
    signed = wire.presign("GET", an_object(wire), identity="reader")
    assert wire.use(signed, host=f"localhost:{wire.port}").status == 403


TIMES = {
    "at-its-last-second": ({"at": -50, "expires": 60}, 200),
    "over": ({"at": -61, "expires": 60}, 403),
    "long-over": ({"at": -3600, "expires": 60}, 403),
    "expires-0": ({"expires": 0}, 400),
    "expires-negative": ({"expires": -1}, 400),
    "expires-past-a-week": ({"expires": 604801}, 400),
    "a-week": ({"expires": 604800}, 200),
    "from-tomorrow": ({"at": 86400, "expires": 60}, 403),
    "a-clock-a-little-ahead": ({"at": 20, "expires": 60}, 200),
}


@pytest.mark.parametrize(("times", "status"), TIMES.values(), ids=TIMES.keys())
def test_when_a_url_ends(wire: Wire, times: dict[str, Any], status: int) -> None:
    assert wire.use(wire.presign("GET", an_object(wire), identity="reader", **times)).status == status


TAMPERED: dict[str, Callable[[Presigned, str], Presigned]] = {
    "method": lambda signed, other: Presigned("DELETE", signed.url),
    "object-key": lambda signed, other: Presigned("GET", signed.url.replace(urlsplit(signed.url).path, other)),
    "expires": lambda signed, other: Presigned("GET", signed.url.replace("X-Amz-Expires=60", "X-Amz-Expires=3600")),
    "signature": lambda signed, other: Presigned("GET", signed.url[:-1] + ("0" if signed.url[-1] != "0" else "1")),
    "query-added": lambda signed, other: Presigned("GET", signed.url + "&response-content-type=text%2Fhtml"),
    "signature-taken-away": lambda signed, other: Presigned("GET", signed.url.split("?")[0]),
    "version-added": lambda signed, other: Presigned("GET", signed.url + "&versionId=null"),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_changed_url_is_refused(wire: Wire, tamper: Callable[[Presigned, str], Presigned]) -> None:
    object_key, other = an_object(wire), an_object(wire)
    signed = wire.presign("GET", object_key, identity="reader")
    changed = tamper(signed, f"/{wire.deployment.bucket}/{other}")
    assert changed != signed
    assert wire.use(changed).status == 403
    assert wire.use(signed).status == 200


BOUND = {
    "type": ({"content-type": "image/jpeg"}, {"content-type": "text/html"}),
    "type-left-out": ({"content-type": "image/jpeg"}, {"content-type": None}),
    "cache-control": ({"cache-control": "private"}, {"cache-control": "public"}),
    "if-none-match-left-out": ({"if-none-match": "*"}, {"if-none-match": None}),
    "checksum-left-out": ({"x-amz-checksum-sha256": sha256(JPEG)}, {"x-amz-checksum-sha256": None}),
    "checksum-of-another": ({"x-amz-checksum-sha256": sha256(JPEG)}, {"x-amz-checksum-sha256": sha256(b"")}),
}


@pytest.mark.parametrize(("signed", "sent"), BOUND.values(), ids=BOUND.keys())
def test_a_signed_header_cannot_be_another(wire: Wire, signed: dict[str, str], sent: dict[str, str | None]) -> None:
    object_key = an_object_key()
    presigned = wire.presign("PUT", object_key, headers=signed)
    assert wire.use(presigned, JPEG, sent).status == 403
    assert wire.use(presigned, JPEG).status == 200


@pytest.mark.parametrize("content", [JPEG[:-1], JPEG + b"!", b""], ids=["shorter", "longer", "empty"])
def test_a_signed_length_holds(wire: Wire, content: bytes) -> None:
    presigned = wire.presign("PUT", an_object_key("incoming"), headers={"content-length": str(len(JPEG))})
    assert wire.use(presigned, content, {"content-length": str(len(content))}).status == 403
    assert wire.use(presigned, JPEG).status == 200


def test_a_signed_checksum_refuses_other_bytes_of_the_same_length(wire: Wire) -> None:
    object_key = an_object_key()
    presigned = wire.presign("PUT", object_key, headers={"x-amz-checksum-sha256": sha256(JPEG)})
    assert wire.use(presigned, JPEG[::-1]).status == 400
    assert wire.use(wire.presign("GET", object_key, identity="reader")).status == 404


def test_if_none_match_refuses_to_overwrite(wire: Wire) -> None:
    object_key = an_object_key()
    presigned = wire.presign("PUT", object_key, headers={"if-none-match": "*"})
    assert wire.use(presigned, b"first").status == 200
    assert wire.use(presigned, b"second").status == 412
    assert wire.use(wire.presign("GET", object_key, identity="reader")).body == b"first"


def test_of_many_at_once_one_writes(wire: Wire) -> None:
    presigned = wire.presign("PUT", an_object_key(), headers={"if-none-match": "*"})
    barrier, answers = threading.Barrier(8), list[int]()

    def put() -> None:
        barrier.wait()
        answers.append(wire.use(presigned, JPEG).status)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [412] * 7


# ---- Multipart


def test_multipart_by_presigned_urls(wire: Wire) -> None:
    object_key = an_object_key("incoming")
    started = wire.use(wire.presign("POST", object_key, query="uploads=", headers={"content-type": "image/jpeg"}), b"")
    upload_id = started.text.split("<UploadId>")[1].split("<")[0]
    part = wire.use(wire.presign("PUT", object_key, query=f"partNumber=1&uploadId={upload_id}"), JPEG)
    listed = wire.use(wire.presign("GET", object_key, query=f"uploadId={upload_id}"))
    assert f"<Size>{len(JPEG)}</Size>" in listed.text
    parts = f"<Part><PartNumber>1</PartNumber><ETag>{part.headers['etag']}</ETag></Part>"
    finish = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
    assert wire.use(wire.presign("POST", object_key, query=f"uploadId={upload_id}"), finish.encode()).status == 200
    read = wire.use(wire.presign("GET", object_key, identity="reader"))
    assert (read.body, read.headers["content-type"]) == (JPEG, "image/jpeg")


def test_an_aborted_multipart_upload_is_gone(wire: Wire) -> None:
    object_key = an_object_key("incoming")
    started = wire.use(wire.presign("POST", object_key, query="uploads="), b"")
    upload_id = started.text.split("<UploadId>")[1].split("<")[0]
    assert wire.use(wire.presign("DELETE", object_key, query=f"uploadId={upload_id}")).status == 204
    assert wire.use(wire.presign("PUT", object_key, query=f"partNumber=1&uploadId={upload_id}"), JPEG).status == 404


# ---- Forms


def test_a_form_stores_what_its_policy_allows(wire: Wire) -> None:
    object_key = an_object_key("incoming")
    fields = wire.form(object_key, [["content-length-range", 1, 100]], fields={"content-type": "image/jpeg"})
    assert wire.post(fields, JPEG).status == 204
    read = wire.use(wire.presign("GET", object_key, identity="reader"))
    assert (read.body, read.headers["content-type"]) == (JPEG, "image/jpeg")


def test_a_form_with_starts_with(wire: Wire) -> None:
    object_key = an_object_key("incoming")
    fields = wire.form(object_key, [["starts-with", "$content-type", "image/"]])
    assert wire.post({**fields, "content-type": "image/png"}, JPEG).status == 204
    assert wire.post({**fields, "content-type": "text/html"}, JPEG).status == 403


FORM_FAULTS: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "another-key": lambda fields: {**fields, "key": an_object_key("incoming")},
    "another-type": lambda fields: {**fields, "content-type": "text/html"},
    "a-field-more": lambda fields: {**fields, "x-amz-meta-more": "1"},
    "a-redirect": lambda fields: {**fields, "success_action_redirect": "http://localhost/"},
    "a-field-less": lambda fields: {name: value for name, value in fields.items() if name != "content-type"},
    "no-signature": lambda fields: {name: value for name, value in fields.items() if name != "x-amz-signature"},
    "no-policy": lambda fields: {name: value for name, value in fields.items() if name != "policy"},
    "another-signature": lambda fields: {**fields, "x-amz-signature": "0" * 64},
    "another-policy": lambda fields: {**fields, "policy": base64.b64encode(b'{"conditions": []}').decode()},
    "another-algorithm": lambda fields: {**fields, "x-amz-algorithm": "AWS4-ECDSA-P256-SHA256"},
    "nothing-signed": lambda fields: {"key": fields["key"], "content-type": "image/jpeg"},
    "the-old-signature": lambda fields: {
        "key": fields["key"],
        "AWSAccessKeyId": "test",
        "signature": "x",
        "policy": "e30=",
    },
}


@pytest.mark.parametrize("fault", FORM_FAULTS.values(), ids=FORM_FAULTS.keys())
def test_a_form_outside_its_policy_is_refused(wire: Wire, fault: Callable[[dict[str, str]], dict[str, str]]) -> None:
    fields = wire.form(an_object_key("incoming"), fields={"content-type": "image/jpeg"})
    assert wire.post(fault(fields), JPEG).status in {400, 403}
    assert wire.post(fields, JPEG).status == 204


LENGTHS = {"too-short": (len(JPEG) + 1, 100), "too-long": (1, len(JPEG) - 1)}


@pytest.mark.parametrize("span", LENGTHS.values(), ids=LENGTHS.keys())
def test_a_form_outside_its_length_range_is_refused(wire: Wire, span: tuple[int, int]) -> None:
    object_key = an_object_key("incoming")
    assert wire.post(wire.form(object_key, [["content-length-range", *span]]), JPEG).status == 400
    assert wire.use(wire.presign("GET", object_key, identity="reader")).status == 404


def test_a_form_ends_with_its_policy(wire: Wire) -> None:
    assert wire.post(wire.form(an_object_key("incoming"), expires=-1), JPEG).status == 403


def test_a_form_has_nothing_twice_and_the_file_last(wire: Wire) -> None:
    fields = wire.form(an_object_key("incoming"))
    assert wire.post({**fields, "KEY": fields["key"]}, JPEG).status == 400
    assert wire.post(fields, JPEG, after={"x-ignore-this": "1"}).status == 400


def test_a_form_of_an_identity_that_may_not_write_is_refused(wire: Wire) -> None:
    assert wire.post(wire.form(an_object_key("incoming"), identity="reader"), JPEG).status == 403


# ---- Authorization headers


def test_a_header_signature_works_and_covers_the_body(wire: Wire) -> None:
    url = wire.url(an_object_key())
    target, headers = wire.signed("PUT", url, identity="uploader", body=JPEG)
    assert send(wire.port, "PUT", target, headers, JPEG[::-1]).status == 400
    assert send(wire.port, "PUT", target, headers, JPEG).status == 200


HEADER_FAULTS: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "signature": lambda h: {**h, "Authorization": h["Authorization"][:-4] + "0000"},
    "key-id": lambda h: {**h, "Authorization": h["Authorization"].replace("Credential=AKIA", "Credential=AKIB")},
    "a-day-ago": lambda h: {**h, "X-Amz-Date": "20200101T000000Z"},
    "no-date": lambda h: {name: value for name, value in h.items() if name != "X-Amz-Date"},
    "an-unsigned-header": lambda h: {**h, "x-amz-meta-more": "1"},
    "another-scheme": lambda h: {**h, "Authorization": h["Authorization"].replace("HMAC-SHA256", "HMAC-SHA1")},
    "host-not-signed": lambda h: {
        **h,
        "Authorization": h["Authorization"].replace("SignedHeaders=host;", "SignedHeaders="),
    },
}


@pytest.mark.parametrize("fault", HEADER_FAULTS.values(), ids=HEADER_FAULTS.keys())
def test_a_wrong_header_signature_is_refused(wire: Wire, fault: Callable[[dict[str, str]], dict[str, str]]) -> None:
    target, headers = wire.signed("GET", wire.url(an_object(wire)), identity="reader")
    assert fault(headers) != headers
    assert send(wire.port, "GET", target, fault(headers)).status in {400, 403}
    assert send(wire.port, "GET", target, headers).status == 200


# ---- CORS, versions


@pytest.mark.parametrize("method", ["PUT", "POST", "GET", "HEAD", "DELETE"])
def test_a_preflight_from_a_listed_origin(wire: Wire, method: str) -> None:
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": method,
        "access-control-request-headers": "content-type",
    }
    answer = send(wire.port, "OPTIONS", urlsplit(wire.url(an_object_key())).path, asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)


def test_a_browser_asks_with_the_whole_presigned_url_before_it_puts(wire: Wire) -> None:
    parts = urlsplit(wire.presign("PUT", an_object_key(), headers={"content-type": "image/jpeg"}).url)
    asked = {"origin": ORIGIN, "access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
    answer = send(wire.port, "OPTIONS", f"{parts.path}?{parts.query}", asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)


PREFLIGHTS = {
    "another-origin": {"origin": "http://evil.example", "access-control-request-method": "PUT"},
    "another-method": {"origin": ORIGIN, "access-control-request-method": "PATCH"},
    "no-method": {"origin": ORIGIN},
}


@pytest.mark.parametrize("asked", PREFLIGHTS.values(), ids=PREFLIGHTS.keys())
def test_other_preflights_are_refused(wire: Wire, asked: dict[str, str]) -> None:
    answer = send(wire.port, "OPTIONS", urlsplit(wire.url(an_object_key())).path, asked)
    assert answer.status == 403
    assert "access-control-allow-methods" not in answer.headers


def test_a_page_may_read_the_etag_and_a_refusal(wire: Wire) -> None:
    presigned = wire.presign("PUT", an_object_key())
    stored = wire.use(presigned, JPEG, {"origin": ORIGIN})
    assert stored.headers["access-control-allow-origin"] == ORIGIN
    assert "etag" in stored.headers["access-control-expose-headers"].lower()
    assert stored.headers["etag"] == f'"{hashlib.md5(JPEG, usedforsecurity=False).hexdigest()}"'
    over = wire.use(wire.presign("PUT", an_object_key(), at=-99), JPEG, {"origin": ORIGIN})
    assert (over.status, over.headers["access-control-allow-origin"]) == (403, ORIGIN)
    missing = wire.use(wire.presign("GET", an_object_key(), identity="reader"), headers={"origin": ORIGIN})
    assert (missing.status, missing.headers["access-control-allow-origin"]) == (404, ORIGIN)


def test_a_deleted_object_is_kept_as_a_version(wire: Wire) -> None:
    object_key = an_object(wire)
    assert wire.use(wire.presign("DELETE", object_key, identity="remover")).headers["x-amz-delete-marker"] == "true"
    s3 = wire.deployment.client("s3")
    kept = s3.list_object_versions(Bucket=wire.deployment.bucket, Prefix=object_key)
    assert (len(kept["Versions"]), len(kept["DeleteMarkers"])) == (1, 1)
    version = kept["Versions"][0]["VersionId"]
    assert s3.get_object(Bucket=wire.deployment.bucket, Key=object_key, VersionId=version)["Body"].read() == JPEG
