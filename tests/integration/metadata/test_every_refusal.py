"""Every refusal that the contract names, each by a real request: its status, its code, and what else it says.

A code that docs/contracts/api.md names, or the service knows, fails these tests until it has a row here.
"""

import hashlib
import json
import re
import tomllib
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from metadata_service import clock, kinds
from metadata_service.callers import Caller
from metadata_service.commands.interface import refusals
from metadata_service.commands.interface.routes import ROUTES
from metadata_service.images import Rendered
from metadata_service.links import MOST
from metadata_service.store.shares import PLACES
from metadata_service.upload_errors import REASONS
from metadata_service.uploads import completing, finding
from tests.e2e.client import a_pdf
from tests.integration.metadata.multipart_client import Companion, SignRequest, asks_to_create
from tests.integration.metadata.test_uploads_infected import MARKER, clamd
from tests.integration.uploads_stack import REPOSITORY, Answer, InternalService, Person, Stack, a_picture, make_app

__all__ = ["clamd"]
CONTRACT = (REPOSITORY / "docs/contracts/api.md").read_text("utf-8")
NAMED = {
    (int(status), code)
    for status, codes in re.findall(r"\b([45]\d\d) ((?:`[a-z_]+`(?:, | and )?)+)", CONTRACT)
    for code in re.findall(r"`([a-z_]+)`", codes)
}
"""The statuses and codes that the contract names."""
BY_THE_GATEWAY = {
    (400, "bad_request"),
    (405, "method_not_allowed"),
    (414, "uri_too_long"),
    (429, "rate_limited"),
    (431, "headers_too_large"),
    (501, "not_implemented"),
    (502, "bad_gateway"),
    (504, "gateway_timeout"),
    (505, "http_version_not_supported"),
}
"""These are of nginx alone: tests/integration/gateway asks for each."""
PHOTO = {"file_type": "photo", "content_type": "image/jpeg"}
RESUME = {"file_type": "resume", "content_type": "application/pdf"}
SMALL = a_picture(size=(40, 40))


@dataclass
class Scene:
    """Two people, an internal service, and what else a refusal needs to come about."""

    alice: Person
    bob: Person
    press: InternalService
    stack: Stack
    app: Flask
    folder: Path

    def at(self, **environment: str) -> Person:
        """Alice, asking a service whose environment is changed so."""
        client = make_app(self.stack.metadata_environment | environment).test_client()
        return Person(self.alice.sub, self.stack, client)

    def where(self, kind: str, **changed: int | bool) -> Person:
        """Alice, asking a service that has one of its kinds changed so."""
        tables = tomllib.loads(kinds.PACKAGED.read_text())
        tables[kind] |= changed
        written = (f"[{name}]\n{''.join(map(_line, table.items()))}" for name, table in tables.items())
        (self.folder / "kinds.toml").write_text("".join(written))
        return self.at(KINDS_FILE=str(self.folder / "kinds.toml"))

    def repeat(self, table: str, owner: Mapping[str, Any], column: str, names: list[str], like: str) -> None:
        """Write the row of Alice's whose name begins so again, under these names: as if she had asked as often."""
        engine, name = self.stack.deployment.client("dynamodb"), self.stack.deployment.table_prefix + table
        [[owner_column, alice]] = owner.items()
        asked = {"KeyConditionExpression": f"{owner_column} = :owner", "ExpressionAttributeValues": {":owner": alice}}
        row = next(row for row in engine.query(TableName=name, **asked)["Items"] if row[column]["S"].startswith(like))
        for start in range(0, len(names), 25):
            puts = [{"PutRequest": {"Item": row | {column: {"S": each}}}} for each in names[start : start + 25]]
            assert not engine.batch_write_item(RequestItems={name: puts})["UnprocessedItems"]

    def held(self, begun: Mapping[str, Any]) -> Any:
        """The upload, in the hands of somebody who is completing it."""
        caller = Caller(self.alice.sub, self.alice.sub, "")
        return completing.take_lease(finding.by_id(caller, begun["upload_id"]), clock.now())


def _line(of_table: tuple[str, Any]) -> str:
    name, value = of_table
    return f"{name} = {json.dumps(value)}\n"  # text, numbers and lists are in TOML as in JSON


@pytest.fixture
def scene(alice: Person, bob: Person, press: InternalService, stack: Stack, app: Flask, tmp_path: Path) -> Scene:
    return Scene(alice, bob, press, stack, app, tmp_path)


# --- how each comes about ------------------------------------------------------------------------------------


def _username_taken(scene: Scene) -> Answer:
    username = f"taken-{uuid.uuid4().hex[:12]}"
    assert scene.bob.ask("POST", "/profiles", json={"username": username}).status_code == 200
    return scene.alice.ask("POST", "/profiles", json={"username": username})


def _too_many_links(scene: Scene) -> Answer:
    link = {"title": "T", "url": "https://t.example/"}
    first = scene.alice.ask("POST", "/links", json=link).json["link"]["link_id"]
    row = {"user_id": {"S": scene.alice.sub}}
    scene.repeat("links", row, "link_id", [str(uuid.uuid4()) for _ in range(MOST - 1)], like=first)
    return scene.alice.ask("POST", "/links", json=link)


def _too_many_share_links(scene: Scene) -> Answer:
    wanted = {"key": scene.alice.has(SMALL, **PHOTO)["key"], "expires_in": 600}
    assert scene.alice.ask("POST", "/share-links", json=wanted).status_code == 200
    row = {"UserId": {"S": scene.alice.sub}}
    scene.repeat("media", row, "EntityType", [f"SHARE#{place:02}" for place in range(PLACES)], like="SHARE#")
    return scene.alice.ask("POST", "/share-links", json=wanted)


def _erased(scene: Scene) -> Answer:
    assert scene.alice.ask("DELETE", "/users/me").status_code == 202
    return scene.alice.ask("GET", "/users/me")


def _quota(scene: Scene) -> Answer:
    alice = scene.where("photo", quota_objects=1)
    alice.has(SMALL, **PHOTO)
    return alice.ask("POST", "/upload-url", json=PHOTO)


def _too_many_pending(scene: Scene) -> Answer:
    alice = scene.at(PENDING_LIMIT="1")
    alice.begin()
    return alice.ask("POST", "/upload-url", json=PHOTO)


def _in_progress(scene: Scene) -> Answer:
    begun = scene.alice.upload(SMALL)
    with scene.app.test_request_context():
        scene.held(begun)
    return scene.alice.complete(begun)


def _expired(scene: Scene) -> Answer:
    begun = scene.alice.upload(SMALL)
    scene.stack.set_numbers(scene.alice.sub, f"UPLOAD#{begun['upload_id']}", url_ends_at=1_000_000, due=1_003_600)
    return scene.alice.complete(begun)


def _cancelled(scene: Scene) -> Answer:
    begun = scene.alice.upload(SMALL)
    assert scene.alice.ask("DELETE", f"/uploads/{begun['upload_id']}").status_code == 200
    return scene.alice.complete(begun)


def _invalid_parts(scene: Scene) -> Answer:
    return Companion.creates(scene.alice).completes([{"PartNumber": 1, "ETag": "a" * 32}])


def _conflict(scene: Scene) -> Answer:
    for item in (PHOTO, RESUME):
        answer = scene.press.sign({"op": "put", **item}, sent_with="one")
    return answer


def begin(scene: Scene, **changed: Any) -> Answer:
    return scene.alice.ask("POST", "/upload-url", json=PHOTO | changed)


def put_without_a_name(scene: Scene) -> Answer:
    return scene.press.ask("/signed-urls", {"items": [{"op": "put", **PHOTO}]})


@dataclass(frozen=True)
class Row:
    """A refusal: what else its body says, and the headers that it must have."""

    status: int
    asked: Callable[[Scene], Answer]
    says: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


REFUSALS: Mapping[str, Row] = {
    "validation_failed": Row(400, lambda scene: scene.alice.ask("GET", "/photos?limit=0"), ("fields",)),
    "invalid_json": Row(400, lambda scene: scene.alice.ask("POST", "/links", data=b"{")),
    "unsupported_file_type": Row(400, lambda scene: begin(scene, file_type="film")),
    "unsupported_content_type": Row(400, lambda scene: begin(scene, content_type="image/gif")),
    "extension_mismatch": Row(400, lambda scene: begin(scene, file_extension=".png")),
    "content_length_required": Row(
        400, lambda scene: scene.where("photo", require_length=True).ask("POST", "/upload-url", json=PHOTO)
    ),
    "multipart_not_taken": Row(400, lambda scene: asks_to_create(scene.alice, "profile_image")),
    "invalid_parts": Row(400, _invalid_parts),
    "unknown_key": Row(
        400,
        lambda scene: scene.alice.ask("POST", "/profiles", json={"username": "abc-def", "avatar_key": "x"}),
        ("field",),
    ),
    "idempotency_key_required": Row(400, put_without_a_name),
    "unauthorized": Row(401, lambda scene: scene.alice.look("/users/me"), (), ("WWW-Authenticate",)),
    "insufficient_scope": Row(403, lambda scene: scene.press.sign({"op": "put", **PHOTO}, scope="media:read")),
    "not_found": Row(404, lambda scene: scene.alice.ask("DELETE", f"/links/{uuid.uuid4()}")),
    "upload_not_found": Row(404, lambda scene: scene.alice.ask("GET", f"/uploads/{uuid.uuid4()}")),
    "username_taken": Row(409, _username_taken),
    "too_many_links": Row(409, _too_many_links),
    "too_many_share_links": Row(409, _too_many_share_links),
    "quota_exceeded": Row(409, _quota, ("limit",)),
    "idempotency_conflict": Row(409, _conflict),
    "upload_not_received": Row(409, lambda scene: scene.alice.complete(scene.alice.begin())),
    "upload_in_progress": Row(409, _in_progress, (), ("Retry-After",)),
    "upload_ready": Row(
        409, lambda scene: scene.alice.ask("DELETE", f"/uploads/{scene.alice.has(SMALL)['upload_id']}")
    ),
    "account_erased": Row(410, _erased),
    "upload_expired": Row(410, _expired),
    "upload_cancelled": Row(410, _cancelled),
    "too_large": Row(413, lambda scene: begin(scene, content_length=2**30), ("max_bytes",)),
    "payload_too_large": Row(413, lambda scene: scene.alice.ask("POST", "/links", data=b" " * 65_537)),
    "upload_rejected": Row(422, lambda scene: scene.alice.complete(scene.alice.upload(b"no picture")), ("reason",)),
    "too_many_pending": Row(429, _too_many_pending, (), ("Retry-After",)),
    "unavailable": Row(
        503,
        lambda scene: scene.at(SIGNERS="a=unix:/nonexistent").ask("POST", "/upload-url", json=PHOTO),
        (),
        ("Retry-After",),
    ),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_comes_with_its_status_and_what_it_says(scene: Scene, code: str) -> None:
    row = REFUSALS[code]
    answer = row.asked(scene)
    assert (answer.status_code, answer.json["error"]) == (row.status, code), answer.text
    assert set(answer.json) == {"error", "message", *row.says}
    assert answer.json["message"]
    assert all(answer.json[name] for name in row.says)
    assert answer.headers["Cache-Control"] == "no-store"
    for name in row.headers:
        assert answer.headers[name] if name != "Retry-After" else int(answer.headers[name]) > 0


def test_every_code_of_the_contract_and_of_the_service_has_its_row() -> None:
    rows = {(row.status, code) for code, row in REFUSALS.items()}
    assert rows | BY_THE_GATEWAY == NAMED
    known = {(int(each.status), each.code) for route in ROUTES.values() for each in refusals.of_route(route)}
    assert known - BY_THE_GATEWAY == rows


def test_every_code_of_the_gateway_is_asked_for_in_its_own_tests() -> None:
    tests = "".join(path.read_text("utf-8") for path in (REPOSITORY / "tests/integration/gateway").glob("test_*.py"))
    assert {code for _, code in BY_THE_GATEWAY if f'"{code}"' not in tests} == set()


# --- the reasons of a rejection ------------------------------------------------------------------------------


def _sent(octets: bytes, **asked: Any) -> Callable[[Scene], Answer]:
    return lambda scene: scene.alice.complete(scene.alice.upload(octets, **asked))


def _other_length(scene: Scene) -> Answer:
    # Where it comes in parts, S3 cannot hold it to the length that was declared for the whole.
    upload = SignRequest(scene.alice).creates(name="cat.jpg", size=len(SMALL) + 1)
    assert upload.completes_at_s3(upload.sends_all(SMALL)).status_code == 200
    return scene.alice.complete({"upload_id": upload.upload_id})


def _over_quota(scene: Scene) -> Answer:
    alice = scene.where("photo", quota_bytes=1)
    return alice.complete(alice.upload(SMALL, **PHOTO))


def _changed(scene: Scene) -> Answer:
    begun = scene.alice.upload(SMALL)
    with scene.app.test_request_context():
        completing.record_digests(scene.held(begun), [Rendered("800", b"what it was before")])
    scene.stack.end_lease(scene.alice.sub, begun["upload_id"])
    return scene.alice.complete(begun)


def _infected(scene: Scene, socket_path: str) -> Answer:
    alice = scene.at(CLAMD_SOCKET=socket_path)
    return alice.complete(alice.upload(a_pdf(f"/Marked ({MARKER.decode()})"), **RESUME))


OTHER_CHECKSUM = b64encode(hashlib.sha256(b"other").digest()).decode()
REJECTED: Mapping[str, Callable[[Scene], Answer]] = {
    "empty": _sent(b""),
    "not_an_image": _sent(b"no picture"),
    "type_mismatch": _sent(a_picture(form="PNG")),
    "too_large": _sent(b"\xff\xd8\xff" + bytes(5 * 1024 * 1024)),
    "too_many_pixels": _sent(a_picture(size=(20_001, 2))),
    "length_mismatch": _other_length,
    "checksum_mismatch": _sent(SMALL, method="POST", checksum_sha256=OTHER_CHECKSUM),
    "damaged": _sent(a_picture(size=(1500, 1500))[:9000]),
    "active_content": _sent(a_pdf("/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"), **RESUME),
    "quota_exceeded": _over_quota,
    "changed": _changed,
}


def is_rejected(answer: Answer, reason: str) -> None:
    assert (answer.status_code, answer.json["error"], answer.json["reason"]) == (422, "upload_rejected", reason)
    assert answer.json["message"] not in ("", reason)


@pytest.mark.parametrize("reason", REJECTED)
def test_every_reason_for_a_rejection_comes_about(scene: Scene, reason: str) -> None:
    is_rejected(REJECTED[reason](scene), reason)


def test_a_document_that_a_scanner_knows_is_rejected_as_infected(scene: Scene, clamd: str) -> None:
    is_rejected(_infected(scene, clamd), "infected")


def test_every_reason_of_the_contract_and_of_the_service_has_its_row() -> None:
    rows = {*REJECTED, "infected"}
    assert rows == set(REASONS)
    assert {reason for reason in rows if f"`{reason}`" not in CONTRACT} == set()
