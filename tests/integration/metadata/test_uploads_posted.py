"""Keys posted in other requests, what is put to use, and what never was."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from metadata_service import media_urls, pictures
from metadata_service.callers import Caller
from metadata_service.object_keys import ObjectKey
from metadata_service.publication import Receipts
from metadata_service.store import objects
from metadata_service.store.dynamodb import TransactionRefused, current
from metadata_service.upload_errors import TooManyPending, UnknownKey, UploadNotReceived, UploadRejected
from metadata_service.uploads import posting
from metadata_service.uploads.posting import Posted
from tests.integration.uploads_stack import Person, Stack, a_picture, sizes_of

IMAGE = {"file_type": "project_image"}


@pytest.fixture
def caller(alice: Person, stack: Stack) -> Caller:
    """Alice as a request of hers has her."""
    return Caller(alice.sub, alice.sub, stack.token(alice.sub))


@pytest.fixture
def call(app: Flask) -> Callable[..., Any]:
    """Calls a function as a request would, each call a request of its own."""

    def called(function: Callable[..., Any], *arguments: Any) -> Any:
        with app.test_request_context():
            return function(*arguments)

    return called


def posted(text: str, category: str = "projects") -> Posted:
    return Posted("image_key", category, text)


def test_a_posted_key_completes_its_upload(alice: Person, caller: Caller, call: Callable[..., Any]) -> None:
    begun = alice.upload(a_picture())
    [object_key] = call(posting.settle, caller, [posted(begun["upload_url"], "profile")])
    assert object_key.text() == begun["key"]
    assert alice.ask("GET", "/users/me/picture").json["key"] == begun["key"]
    assert call(posting.settle, caller, [posted(begun["key"], "profile")]) == [object_key]


def test_a_key_that_is_not_the_callers_own_completes_nothing(
    alice: Person, caller: Caller, someone: Any, call: Callable[..., Any]
) -> None:
    own, others = alice.upload(a_picture(), **IMAGE), someone().upload(a_picture(), **IMAGE)
    for text in (others["key"], own["key"].replace("projects", "profile"), "nonsense", ""):
        with pytest.raises(UnknownKey) as refused:
            call(posting.settle, caller, [posted(own["key"]), posted(text)])
        assert refused.value.extra == {"field": "image_key"}
    assert alice.ask("GET", f"/uploads/{own['upload_id']}").json["state"] == "requested"


def test_bytes_that_never_came_and_bytes_that_are_no_picture_are_told_apart(
    alice: Person, caller: Caller, call: Callable[..., Any]
) -> None:
    with pytest.raises(UploadNotReceived):
        call(posting.settle, caller, [posted(alice.begin(**IMAGE)["key"])])
    with pytest.raises(UploadRejected):
        call(posting.settle, caller, [posted(alice.upload(b"no picture", **IMAGE)["key"])])


def test_of_many_pending_uploads_five_are_completed_at_once(
    alice: Person, caller: Caller, call: Callable[..., Any]
) -> None:
    small = a_picture(size=(40, 40))
    texts = [alice.upload(small, **IMAGE)["key"] for _ in range(6)]
    with pytest.raises(TooManyPending):
        call(posting.settle, caller, [posted(text) for text in texts])
    assert [key.text() for key in call(posting.settle, caller, [posted(text) for text in texts])] == texts


def test_a_url_is_read_for_its_key_only_where_that_names_an_upload(
    alice: Person, caller: Caller, call: Callable[..., Any]
) -> None:
    begun = alice.begin(**IMAGE)
    assert call(posting.key_of_url, caller, begun["upload_url"]) == begun["key"]
    assert call(posting.key_of_url, caller, begun["url"]) == begun["key"]
    alice.ask("DELETE", f"/uploads/{begun['upload_id']}")
    assert call(posting.key_of_url, caller, begun["url"]) is None
    assert call(posting.key_of_url, caller, "https://elsewhere.example/me.jpg") is None


def test_what_is_never_put_to_use_goes_after_a_week(alice: Person, stack: Stack) -> None:
    done = alice.has(a_picture(), **IMAGE)
    row = alice.rows[f"CLEANUP#users#{done['upload_id']}"]
    assert int(row["due"]["N"]) >= int(time.time()) + 7 * 86_400 - 60
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == set()
    assert alice.look(f"/media/{done['key']}").status_code == 404


def test_what_is_put_to_use_stays_and_goes_once_it_is_retired(
    alice: Person, caller: Caller, stack: Stack, call: Callable[..., Any]
) -> None:
    object_key = ObjectKey.parse(alice.has(a_picture(), **IMAGE)["key"])
    call(write, objects.use_writes, caller.owner, object_key)
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == sizes_of(object_key.text())
    call(write, objects.retire_writes, caller.owner, object_key)
    stack.sweep()
    assert alice.keys == set()
    with pytest.raises(TransactionRefused):
        call(write, objects.use_writes, caller.owner, object_key)


def test_bytes_of_an_object_that_is_there_are_never_deleted(alice: Person, stack: Stack) -> None:
    """Even where a row that names them got into the queue by some fault of ours."""
    done = alice.has(a_picture())
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    stack.deployment.client("dynamodb").put_item(
        TableName=stack.deployment.table_prefix + "media",
        Item={
            "UserId": {"S": alice.sub},
            "EntityType": {"S": f"CLEANUP#users#{done['upload_id']}"},
            "category": {"S": "profile"},
            "ext": {"S": "jpg"},
            "due": {"N": "1"},
            "shard": {"S": "0"},
        },
    )
    logged = stack.sweep()
    assert "queued_though_in_use" in {line["event"] for line in logged}
    assert alice.keys == sizes_of(done["key"])


def test_a_dry_run_shows_and_changes_nothing(alice: Person, stack: Stack) -> None:
    old = alice.has(a_picture("red"))
    alice.has(a_picture("blue"))
    before = (alice.keys, alice.rows)
    logged = stack.sweep("--dry-run")
    assert old["key"] in {line.get("object") for line in logged if line["event"] == "would_be_deleted"}
    assert (alice.keys, alice.rows) == before


def test_a_published_resume_is_read_by_all_until_it_is_withdrawn(
    alice: Person, caller: Caller, app: Flask, call: Callable[..., Any]
) -> None:
    from tests.integration.metadata.test_uploads_flow import a_pdf

    done = alice.has(a_pdf(), file_type="resume", content_type="application/pdf")
    object_key, path = ObjectKey.parse(done["key"]), f"/media/{done['key']}"
    call(
        lambda: write(
            objects.publish_write, object_key, "public", Receipts(caller).of({object_key: "public"})[object_key]
        )
    )
    assert alice.look(path).status_code == 302
    assert call(addresses_for_all, object_key) == {object_key: {"800": f"http://pictures.example{path}"}}
    call(write, objects.withdraw_write, object_key)
    assert alice.look(path).status_code == 404
    assert call(addresses_for_all, object_key) == {}


def addresses_for_all(object_key: ObjectKey) -> Mapping[ObjectKey, Any]:
    return media_urls.by_size(objects.get_many([object_key]).values(), None)


def test_of_many_people_those_have_a_picture_who_have_one(
    alice: Person, someone: Any, call: Callable[..., Any]
) -> None:
    done, nobody = alice.has(a_picture()), someone().sub
    found = call(pictures.current_of_many, [alice.sub, nobody, alice.sub])
    assert {owner: picture.object_key.text() for owner, picture in found.items()} == {alice.sub: done["key"]}


def test_anybodys_picture_by_username(alice: Person) -> None:
    username = "u" + alice.sub.replace("-", "")[:20]
    assert alice.ask("POST", "/profiles", json={"username": username}).status_code == 200
    default = alice.look(f"/profiles/{username}/avatar")
    assert default.status_code == 302
    done = alice.has(a_picture())
    shown = alice.look(f"/profiles/{username}/avatar?size=150")
    assert shown.status_code == 302
    assert f"{done['upload_id']}-150.jpg" in shown.headers["Location"]
    assert alice.look(f"/profiles/{username}/avatar?size=151").status_code == 400
    assert alice.look("/profiles/nobody-at-all/avatar").status_code == 404


def write(made: Callable[..., Any], *arguments: Any) -> None:
    writes = made(*arguments)
    current().transact(writes if isinstance(writes, list) else [writes], token=str(time.time_ns()))
