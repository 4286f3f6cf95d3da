"""Files of internal services: begun by the hundred, once for each Idempotency-Key, in a space of the service's own."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask

from metadata_service import erasing
from metadata_service.store import dynamodb
from metadata_service.uploads.together import MOST_PENDING
from tests.integration.metadata.people_faults import ALL, CONFLICT, FaultProxy
from tests.integration.metadata.test_uploads_flow import a_pdf
from tests.integration.metadata.test_uploads_frozen import frozen
from tests.integration.uploads_stack import REPOSITORY, InternalService, Person, Stack, a_picture, make_app, send

PICTURE = {"op": "put", "file_type": "project_image", "content_type": "image/jpeg"}
DOCUMENT = {"op": "put", "file_type": "resume", "content_type": "application/pdf"}


@pytest.fixture(scope="module")
def proxy(stack: Stack) -> Iterator[FaultProxy]:
    made = FaultProxy(urlsplit(stack.deployment.endpoint).port or 0)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "FIRST_PAUSE", 0.001)


def reads(object_key: str) -> dict[str, Any]:
    return {"op": "get", "key": object_key}


def told(answers: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What must be the same each time that a request is repeated."""
    return [(each["upload_id"], each["key"]) for each in answers]


def uploads_of(service: InternalService) -> set[str]:
    return {name.removeprefix("UPLOAD#") for name in service.rows if name.startswith("UPLOAD#")}


def test_a_put_is_answered_as_by_the_public_route(press: InternalService, alice: Person) -> None:
    [begun] = press.signed(PICTURE | {"content_length": 7})
    assert set(begun) == set(alice.begin("project_image"))
    assert begun["key"].startswith(f"users/{press.owner}/projects/")
    assert (begun["method"], begun["expires_in"]) == ("PUT", 300)


def test_what_a_service_uploads_is_its_own_and_readable_by_others_where_that_is_public(
    press: InternalService, a_service: Callable[..., InternalService], alice: Person
) -> None:
    begun, form = press.signed(PICTURE, PICTURE | {"method": "POST"})
    assert send(begun, a_picture()).ok
    assert send(form, a_picture()).ok
    done = press.complete(begun)
    assert (done.status_code, done.json["state"], done.json["width"]) == (200, "ready", 800)
    assert press.complete(begun).json == done.json
    assert press.complete(form).status_code == 200
    assert alice.look(f"/media/{begun['key']}").status_code == 302
    other = a_service("media:read")
    assert all("url" in each for each in press.signed(reads(begun["key"])) + other.signed(reads(begun["key"])))
    # No profile will ever name it: it is in use by being there.
    assert not [name for name in press.rows if name.startswith("CLEANUP#users")]


def test_a_private_document_is_read_by_its_own_service(press: InternalService, alice: Person) -> None:
    [begun] = press.signed(DOCUMENT)
    assert send(begun, a_pdf()).ok
    done = press.complete(begun)
    assert requests.get(done.json["url"], timeout=10).content == a_pdf()
    assert alice.look(f"/media/{begun['key']}").status_code == 404
    assert alice.ask("GET", f"/media/{begun['key']}").status_code == 404


def test_nobody_completes_anothers(
    press: InternalService, a_service: Callable[..., InternalService], alice: Person
) -> None:
    [begun] = press.signed(PICTURE)
    assert send(begun, a_picture()).ok
    for refused in (a_service("media:write").complete(begun), alice.complete(begun), press.complete(alice.begin())):
        assert (refused.status_code, refused.json["error"]) == (404, "upload_not_found")
    refused = press.complete(begun, scope="media:read media:moderate")
    assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
    refused = press.complete(begun, Idempotency_Key="x y")
    assert (refused.status_code, list(refused.json["fields"])) == (400, ["Idempotency-Key"])
    assert press.complete(begun, Idempotency_Key="x").status_code == 200


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no such kind": (PICTURE | {"file_type": "film"}, "unsupported_file_type", ""),
    "no such type": (PICTURE | {"content_type": "image/bmp"}, "unsupported_content_type", ""),
    "another extension": (PICTURE | {"file_extension": "png"}, "extension_mismatch", ""),
    "too large": (PICTURE | {"content_length": 2**30}, "too_large", ""),
    "a kind of another type": (PICTURE | {"file_type": 7}, "validation_failed", "file_type"),
    "without a type": ({"op": "put", "file_type": "resume"}, "validation_failed", "content_type"),
    "less than nothing": (PICTURE | {"content_length": -1}, "validation_failed", "content_length"),
    "another method": (PICTURE | {"method": "PATCH"}, "validation_failed", "method"),
    "a checksum that is none": (PICTURE | {"checksum_sha256": "x"}, "validation_failed", "checksum_sha256"),
    "a get's field": (PICTURE | {"key": "x"}, "validation_failed", "key"),
    "somebody else's space": (PICTURE | {"owner": "alice"}, "validation_failed", "owner"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_one_put_is_its_own_answer_each_time(press: InternalService, fault: str) -> None:
    item, code, field = FAULTS[fault]
    sent_with = str(uuid.uuid4())
    for _ in range(2):
        first, wrong, last = press.signed(PICTURE, item, DOCUMENT, sent_with=sent_with)
        assert (wrong["error"], list(wrong.get("fields", {}))) == (code, [field] if field else [])
        assert ["upload_url" in each for each in (first, last)] == [True, True]
    assert len(uploads_of(press)) == 2


def test_a_hundred_puts_at_once(press: InternalService, stack: Stack) -> None:
    before = len(stack.audited())
    pictures = press.signed(*[PICTURE] * 100, sent_with="pictures")
    assert len(stack.audited()) - before == 1
    documents = press.signed(*[DOCUMENT] * 100, sent_with="documents")
    assert len(stack.audited()) - before == 3, "two things are signed of each"
    assert {each["upload_id"] for each in pictures + documents} == uploads_of(press)
    assert len(uploads_of(press)) == 200
    assert press.rows["QUOTA"]["pending"] == {"N": "200"}
    assert told(press.signed(*[PICTURE] * 100, sent_with="pictures")) == told(pictures)


def test_puts_need_a_key_and_gets_do_not(press: InternalService) -> None:
    refused = press.ask("/signed-urls", {"items": [PICTURE]})
    assert (refused.status_code, refused.json["error"]) == (400, "idempotency_key_required")
    assert uploads_of(press) == set()
    assert press.ask("/signed-urls", {"items": [reads("x")]}).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "schlüssel", "tab\tbed"])
@pytest.mark.parametrize(
    "path",
    ["/signed-urls", "/objects/block", "/objects/unblock", "/uploads/5f0c3c1e-6f0f-4d0e-9b1a-2f6f3b1c2d4e/complete"],
)
def test_a_key_out_of_form_is_named(press: InternalService, key: str, path: str) -> None:
    refused = press.ask(path, {"items": [reads("x")]}, Idempotency_Key=key)
    assert (refused.status_code, refused.json["error"]) == (400, "validation_failed")
    assert list(refused.json["fields"]) == ["Idempotency-Key"]


def test_a_repeat_begins_no_others_and_another_body_is_refused(press: InternalService) -> None:
    sent_with = "!" + "~" * 63
    first = press.signed(PICTURE, DOCUMENT, sent_with=sent_with)
    turned = [dict(reversed(item.items())) for item in (PICTURE, DOCUMENT)]
    for again in (press.signed(PICTURE, DOCUMENT, sent_with=sent_with), press.signed(*turned, sent_with=sent_with)):
        assert told(again) == told(first)
        assert all(requests.put(each["upload_url"], b"x", headers=each["headers"], timeout=10).ok for each in again)
    for other in ([DOCUMENT, PICTURE], [PICTURE], [PICTURE, DOCUMENT, reads("x")]):
        refused = press.sign(*other, sent_with=sent_with)
        assert (refused.status_code, refused.json["error"]) == (409, "idempotency_conflict")
    assert uploads_of(press) == {each["upload_id"] for each in first}


def test_one_services_keys_are_nothing_to_another(
    press: InternalService, a_service: Callable[..., InternalService]
) -> None:
    other = a_service("media:write")
    [ours], [theirs] = press.signed(PICTURE, sent_with="same"), other.signed(DOCUMENT, sent_with="same")
    assert (uploads_of(press), uploads_of(other)) == ({ours["upload_id"]}, {theirs["upload_id"]})


def test_a_scope_that_any_item_needs_is_needed_by_all(press: InternalService) -> None:
    for scope in ("media:read media:moderate", "media:write"):
        refused = press.sign(PICTURE, reads("x"), scope=scope)
        assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
    assert uploads_of(press) == set()
    assert press.sign(PICTURE, scope="media:write").status_code == 200


@pytest.mark.parametrize("count", [1, 100])
def test_twenty_times_the_same_request_at_once_is_one_set_of_uploads(press: InternalService, count: int) -> None:
    barrier = threading.Barrier(20)

    def ask(_: int) -> list[tuple[str, str]]:
        barrier.wait(30)
        for _ in range(50):
            answer = press.sign(*[PICTURE] * count, sent_with="same")
            if answer.status_code != 503:
                break
        assert answer.status_code == 200, answer.text
        return told(answer.json["items"])

    with ThreadPoolExecutor(20) as pool:
        first, *others = list(pool.map(ask, range(20)))
    assert all(other == first for other in others)
    assert uploads_of(press) == {upload_id for upload_id, _ in first}
    assert press.rows["QUOTA"]["pending"] == {"N": str(count)}


@pytest.mark.parametrize("step", ["idempotency.get", "uploads.begin_together", "signing_each.answers"])
def test_killed_on_the_way_nothing_is_lost_or_doubled(press: InternalService, stack: Stack, step: str) -> None:
    """`uploads.begin_together` dies after the first ninety, which were recorded with the ids of the other ten."""
    command = [sys.executable, "-m", "tests.integration.metadata.internal_killed", step, "100"]
    environment = {"PATH": os.defpath, **stack.metadata_environment}
    environment["SERVICE_TOKEN"] = stack.service_token(press.name, press.scope)
    died = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    before = uploads_of(press)
    assert len(before) == {"idempotency.get": 0, "uploads.begin_together": 90}.get(step, 100)
    answers = press.signed(*[PICTURE] * 100, sent_with="killed")
    assert {each["upload_id"] for each in answers} == uploads_of(press) >= before
    assert len(uploads_of(press)) == 100
    assert press.rows["QUOTA"]["pending"] == {"N": "100"}


def test_a_repeat_when_the_time_is_over_gets_more(press: InternalService, stack: Stack) -> None:
    [begun] = press.signed(PICTURE, sent_with="late")
    now = int(time.time())
    stack.set_numbers(press.owner, f"UPLOAD#{begun['upload_id']}", url_ends_at=now - 5, due=now + 3_595)
    [again] = press.signed(PICTURE, sent_with="late")
    assert told([again]) == told([begun])
    assert int(parse_qs(urlsplit(again["upload_url"]).query)["X-Amz-Expires"][0]) >= 299
    row = press.rows[f"UPLOAD#{begun['upload_id']}"]
    assert int(row["due"]["N"]) == int(row["url_ends_at"]["N"]) + 3_600 >= now + 3_899
    assert send(again, a_picture()).ok
    assert press.complete(again).status_code == 200


def test_a_repeat_after_the_upload_is_over_says_what_became_of_it(press: InternalService, stack: Stack) -> None:
    items = [PICTURE] * 5
    ready, processing, rejected, expired, cancelled = press.signed(*items, sent_with="over")
    assert send(ready, a_picture()).ok
    assert press.complete(ready).status_code == 200
    assert send(rejected, b"no picture").ok
    assert press.complete(rejected).status_code == 422
    stack.set_numbers(press.owner, f"UPLOAD#{expired['upload_id']}", url_ends_at=1)
    _set_state(stack, press, cancelled["upload_id"], "cancelled")
    # As if it were being completed, and its URL had ended meanwhile.
    _set_state(stack, press, processing["upload_id"], "processing")
    stack.set_numbers(press.owner, f"UPLOAD#{processing['upload_id']}", url_ends_at=int(time.time()) - 5)
    again = press.signed(*items, sent_with="over")
    assert told(again) == told([ready, processing, rejected, expired, cancelled])
    assert [each["state"] for each in again[:2]] == ["ready", "processing"]
    codes = ["upload_rejected", "upload_expired", "upload_cancelled"]
    assert [each["error"] for each in again[2:]] == codes
    assert not [each for each in again if "upload_url" in each]


def _set_state(stack: Stack, service: InternalService, upload_id: str, state: str) -> None:
    stack.deployment.client("dynamodb").update_item(
        TableName=stack.deployment.table_prefix + "media",
        Key={"UserId": {"S": service.owner}, "EntityType": {"S": f"UPLOAD#{upload_id}"}},
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": {"S": state}},
    )


def test_after_a_day_a_key_is_new(press: InternalService, stack: Stack) -> None:
    [first] = press.signed(PICTURE, sent_with="daily")
    _let_a_day_pass(stack, press, "daily")
    [second] = press.signed(DOCUMENT, sent_with="daily")
    assert first["upload_id"] != second["upload_id"]


def _let_a_day_pass(stack: Stack, service: InternalService, key: str) -> None:
    stack.deployment.client("dynamodb").update_item(
        TableName=stack.deployment.table_prefix + "media",
        Key={"UserId": {"S": service.owner}, "EntityType": {"S": f"IDEMPOTENCY#{key}"}},
        UpdateExpression="SET #ttl = :now",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
    )


def test_the_limit_of_pending_uploads_is_for_the_whole_and_tried_again(press: InternalService, stack: Stack) -> None:
    press.signed(PICTURE)
    stack.set_numbers(press.owner, "QUOTA", pending=MOST_PENDING - 1)
    refused = press.signed(PICTURE, PICTURE, sent_with="full")
    assert [each["error"] for each in refused] == ["too_many_pending"] * 2
    stack.set_numbers(press.owner, "QUOTA", pending=MOST_PENDING - 2)
    begun = press.signed(PICTURE, PICTURE, sent_with="full")
    assert ["upload_url" in each for each in begun] == [True, True]


def test_of_an_erased_service_no_refusal_is_remembered(press: InternalService, app: Flask) -> None:
    with app.app_context():
        erasing.erase(press.owner)
    answer = press.sign(PICTURE | {"file_type": "nothing"})
    assert (answer.status_code, answer.json["error"]) == (410, "account_erased")
    assert press.rows == {}


def test_what_is_frozen_is_begun_and_signed_when_it_thaws(press: InternalService, alice: Person, stack: Stack) -> None:
    [mine] = press.signed(PICTURE)
    assert send(mine, a_picture()).ok
    assert press.complete(mine).status_code == 200
    hers = alice.has(a_picture())["key"]
    with frozen(stack, alice, mine["key"], owners=[press.owner]):
        refused, reading = press.signed(PICTURE, reads(hers), sent_with="cold")
        assert (refused["error"], "url" in reading) == ("unavailable", True)
    begun, _ = press.signed(PICTURE, reads(hers), sent_with="cold")
    assert uploads_of(press) == {mine["upload_id"], begun["upload_id"]}


@pytest.mark.parametrize("fault", ALL)
def test_r05_whatever_dynamodb_does_one_set_is_begun(
    press: InternalService, stack: Stack, proxy: FaultProxy, fault: str
) -> None:
    app = make_app(stack.metadata_environment | {"DYNAMODB_ENDPOINT": proxy.endpoint})
    service = InternalService(press.name, stack, app.test_client(), press.scope)
    proxy.faults |= {name: [fault] for name in ("GetItem", "TransactWriteItems", "BatchGetItem") if fault != CONFLICT}
    proxy.faults["TransactWriteItems"] = [fault, fault]
    first = service.signed(*[PICTURE] * 95, sent_with="again")
    assert told(service.signed(*[PICTURE] * 95, sent_with="again")) == told(first)
    assert uploads_of(press) == {each["upload_id"] for each in first}
    assert press.rows["QUOTA"]["pending"] == {"N": "95"}
