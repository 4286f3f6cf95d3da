"""A photo completed or deleted while records fail, answers are lost, or metadata is killed: once, or not at all."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from metadata_service.store import dynamodb
from tests.integration.metadata import galleries
from tests.integration.metadata.galleries import PHOTO, listed
from tests.integration.metadata.people_faults import ALL, FaultProxy
from tests.integration.metadata.test_uploads_crashes import complete_and_die
from tests.integration.metadata.test_uploads_races import all_swept
from tests.integration.uploads_stack import Person, Stack, a_picture, make_app, sizes_of


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultProxy]:
    made = FaultProxy(urlsplit(stack.deployment.endpoint).port or 0)
    yield made
    made.stop()


@pytest.fixture
def proxied(alice: Person, stack: Stack, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Alice at a metadata whose records the proxy stands before."""
    monkeypatch.setattr(dynamodb, "FIRST_PAUSE", 0.001)
    app = make_app(stack.metadata_environment | {"DYNAMODB_ENDPOINT": proxy.endpoint})
    return Person(alice.sub, stack, app.test_client())


@pytest.mark.parametrize("fault", ALL)
def test_r05_a_photo_is_recorded_and_deleted_once(proxied: Person, proxy: FaultProxy, fault: str) -> None:
    begun = proxied.upload(a_picture(), **PHOTO)
    proxy.faults["TransactWriteItems"] = [fault]
    assert proxied.complete(begun).status_code == 200
    [photo] = listed(proxied)
    proxy.faults["TransactWriteItems"] = [fault]
    assert proxied.ask("DELETE", f"/photos/{photo['imageId']}").status_code == 200
    assert galleries.of(proxied) == []


@pytest.mark.parametrize("fault", ALL)
def test_r05_a_list_survives(proxied: Person, proxy: FaultProxy, stack: Stack, fault: str) -> None:
    galleries.write(stack, proxied.sub, galleries.past(2))
    proxy.faults["Query"] = [fault]
    assert len(listed(proxied)) == 2


@pytest.mark.parametrize("step", ["put:3", "before:make_visible", "after:make_visible"])
def test_r02_a_photo_is_recorded_once_whenever_metadata_is_killed(alice: Person, stack: Stack, step: str) -> None:
    begun = alice.upload(a_picture(), **PHOTO)
    complete_and_die(alice, begun, step)
    assert len(galleries.of(alice)) == (1 if step == "after:make_visible" else 0)
    if step != "after:make_visible":
        stack.end_lease(alice.sub, begun["upload_id"])
    assert alice.complete(begun).status_code == 200
    assert [photo["s3Key"] for photo in listed(alice)] == [begun["key"]]
    all_swept(alice)
    assert alice.keys == sizes_of(begun["key"])
