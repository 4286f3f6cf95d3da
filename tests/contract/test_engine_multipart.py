"""Uploads in parts, from the signer's own URLs to the engine behind its guard: each URL does its one thing."""

import time
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from local.engine import REGION
from tests.contract import make_vectors as make
from tests.contract.engine_wire import Answer, Presigned, Wire
from tests.contract.test_grant_v1_vectors import Clock, start

FIRST, SECOND = b"\xff\xd8\xff\xe0" + b"1" * 5_242_876, b"and the rest\xff\xd9"
"""S3 takes no smaller part than 5 MiB but the last."""
Signer = tuple[FlaskClient, Clock]


@pytest.fixture(scope="module")
def signer(wire: Wire, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """The vectors' signer, with the deployment's bucket and identities."""
    keys = {name: wire.key(name) for name in ("uploader", "reader", "remover")}
    place = {"region": REGION, "bucket": wire.deployment.bucket, "endpoint": wire.deployment.endpoint}
    identities = {
        name: {"access_key_id": pair.access_key_id, "secret_access_key": pair.secret_access_key}
        for name, pair in keys.items()
    }
    settings = {**make.LOCAL, **place, "identities": identities, "memory_began": int(time.time()) - 3600}
    return start(settings, tmp_path_factory.mktemp("signer"))


class Upload:
    """One upload in parts of a new object of Alice's."""

    def __init__(self, wire: Wire, signer: Signer) -> None:
        self._wire, self._signer = wire, signer
        self.object_id = str(uuid.uuid4())
        self.upload_id = ""

    def signed(self, op: str, *, ago: int = 0, **changes: Any) -> Presigned:
        """A URL of the signer's for `op`, granted so many seconds ago for a minute."""
        client, clock = self._signer
        clock.now = int(time.time()) - ago
        named = {"id": self.object_id, "expires_at": clock.now + 60, **changes}
        if op.startswith("multipart_") and op != "multipart_create":
            named = {"upload_id": self.upload_id, **named}
        token = make.token(iat=clock.now - 10, exp=clock.now + 600)
        ask = make.Ask([make.item(op, "incoming", **named)], iat=clock.now, clock=clock.now, token=token)
        response = client.post("/v1/sign", data=ask.text(), content_type="application/json")
        assert response.status_code == 200, response.get_json()
        [made] = response.get_json()["items"]
        return Presigned(made.get("method", "GET"), made["url"], made.get("headers", {}))

    def do(self, op: str, body: bytes | None = None, **changes: Any) -> Answer:
        """What S3 answers to the operation."""
        return self._wire.use(self.signed(op, **changes), body)

    def begin(self, **changes: Any) -> "Upload":
        started = self.do("multipart_create", b"", **changes)
        assert started.status == 200, started.text
        self.upload_id = started.text.split("<UploadId>")[1].split("<")[0]
        return self

    def put(self, number: int, body: bytes, **changes: Any) -> str:
        """Put a part. Returns its line in the list that completes the upload."""
        answer = self.do("multipart_part", body, part_number=number, **changes)
        assert answer.status == 200, answer.text
        return f"<Part><PartNumber>{number}</PartNumber><ETag>{answer.headers['etag']}</ETag></Part>"

    def complete(self, *parts: str) -> Answer:
        body = f"<CompleteMultipartUpload>{''.join(parts)}</CompleteMultipartUpload>"
        return self.do("multipart_complete", body.encode())


@pytest.fixture
def upload(wire: Wire, signer: Signer) -> Upload:
    return Upload(wire, signer).begin(content_type="image/jpeg")


def test_an_upload_in_two_parts_becomes_one_object_of_the_type_bound_at_its_start(upload: Upload) -> None:
    parts = [upload.put(1, FIRST, content_length=len(FIRST)), upload.put(2, SECOND)]
    listed = upload.do("multipart_list").text
    assert [f"<Size>{len(part)}</Size>" in listed for part in (FIRST, SECOND)] == [True, True]
    assert upload.complete(*parts).status == 200
    read = upload.do("get")
    assert (read.body, read.headers["content-type"]) == (FIRST + SECOND, "image/jpeg")


def test_an_upload_that_was_aborted_takes_nothing_more(upload: Upload) -> None:
    part = upload.put(1, SECOND)
    assert upload.do("multipart_abort").status == 204
    assert upload.do("multipart_part", SECOND, part_number=2).status == 404
    assert upload.do("multipart_list").status == 404
    assert upload.complete(part).status == 404
    assert upload.do("get").status == 404


def test_s10_a_part_of_another_length_than_was_declared_is_refused(upload: Upload) -> None:
    for body in (SECOND[:-1], SECOND + b"!"):
        assert upload.do("multipart_part", body, part_number=1, content_length=len(SECOND)).status == 403
    assert "<Part>" not in upload.do("multipart_list").text


def test_s10_an_upload_of_another_type_than_was_bound_does_not_begin(wire: Wire, signer: Signer) -> None:
    begun = Upload(wire, signer).signed("multipart_create", content_type="image/jpeg")
    assert wire.use(begun, b"", {"content-type": "text/html"}).status == 403
    assert wire.use(begun, b"", {"content-type": None}).status == 403


EVERY: dict[str, dict[str, Any]] = {
    "multipart_create": {},
    "multipart_part": {"part_number": 1},
    "multipart_list": {},
    "multipart_complete": {},
    "multipart_abort": {},
}


@pytest.mark.parametrize("op", EVERY)
def test_s10_a_url_that_has_expired_does_nothing(wire: Wire, upload: Upload, op: str) -> None:
    part = upload.put(1, SECOND)
    old = upload.signed(op, ago=90, **EVERY[op])
    assert wire.use(old, b"").status == 403
    assert upload.complete(part).status == 200


@pytest.mark.parametrize("op", EVERY)
def test_s10_a_leaked_url_does_nothing_by_another_method(wire: Wire, upload: Upload, op: str) -> None:
    part, leaked = upload.put(1, SECOND), upload.signed(op, **EVERY[op])
    for method in {"GET", "HEAD", "PUT", "POST", "DELETE"} - {leaked.method}:
        assert wire.use(Presigned(method, leaked.url), b"").status == 403, method
    assert upload.complete(part).status == 200


@pytest.mark.parametrize("op", EVERY)
def test_s10_a_leaked_url_is_for_its_object_and_upload_alone(
    wire: Wire, signer: Signer, upload: Upload, op: str
) -> None:
    other = Upload(wire, signer).begin()
    leaked = upload.signed(op, **EVERY[op])
    moved = {upload.object_id: other.object_id, quote(upload.upload_id, safe=""): other.upload_id}
    for before, after in moved.items():
        changed = Presigned(leaked.method, leaked.url.replace(before, after))
        assert changed.url == leaked.url or wire.use(changed, b"").status == 403, before
    assert other.do("multipart_list").status == 200


def test_s10_a_leaked_part_url_is_for_its_part_alone(wire: Wire, upload: Upload) -> None:
    leaked = upload.signed("multipart_part", part_number=1)
    named = f"uploadId={quote(upload.upload_id, safe='')}"
    for before, after in {
        "partNumber=1": "partNumber=2",
        "partNumber=1&": "",
        f"&{named}": "",
        f"partNumber=1&{named}": "uploads=",
        f"{named}&": f"{named}&tagging=&",
    }.items():
        assert before in leaked.url
        assert wire.use(Presigned("PUT", leaked.url.replace(before, after)), SECOND).status == 403, after
    assert wire.use(Presigned("PUT", leaked.url + "&partNumber=2"), SECOND).status in {400, 403}
    assert "<Part>" not in upload.do("multipart_list").text


def test_s10_a_leaked_part_url_copies_nothing_from_elsewhere(wire: Wire, upload: Upload) -> None:
    leaked = upload.signed("multipart_part", part_number=1)
    source = f"/{wire.deployment.bucket}/users/ann/profile/11111111-1111-4111-8111-111111111111.jpg"
    assert wire.use(leaked, b"", {"x-amz-copy-source": source}).status == 403


def test_s10_a_url_of_a_whole_put_begins_no_upload_in_parts(wire: Wire, upload: Upload) -> None:
    whole = upload.signed("put")
    assert wire.use(Presigned("POST", whole.url + "&uploads="), b"").status == 403
    assert wire.use(Presigned("PUT", f"{whole.url}&partNumber=1&uploadId={upload.upload_id}"), SECOND).status == 403
