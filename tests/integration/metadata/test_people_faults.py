"""Faults of DynamoDB under people's requests: each succeeds by retry or fails with 503, and never half."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from metadata_service.store import dynamodb
from tests.integration.metadata.people_faults import ALL, CONFLICT, FAILED_AFTER, LOST, THROTTLED, FaultProxy
from tests.integration.uploads_stack import Answer, Person, Stack, make_app


@pytest.fixture(scope="session")
def proxy(stack: Stack) -> Iterator[FaultProxy]:
    made = FaultProxy(urlsplit(stack.deployment.endpoint).port or 0)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def behind_proxy(stack: Stack, proxy: FaultProxy) -> Callable[[], Person]:
    app = make_app(stack.metadata_environment | {"DYNAMODB_ENDPOINT": proxy.endpoint})
    return lambda: Person(str(uuid.uuid4()), stack, app.test_client())


@pytest.fixture
def carol(behind_proxy: Callable[[], Person], proxy: FaultProxy) -> Iterator[Person]:
    proxy.faults.clear()
    yield behind_proxy()
    proxy.faults.clear()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "FIRST_PAUSE", 0.001)


def save(person: Person, name: str, **fields: Any) -> Answer:
    return person.ask("POST", "/profiles", json={"username": name, **fields})


@pytest.mark.parametrize("fault", ALL)
def test_r05_a_first_profile_survives(carol: Person, proxy: FaultProxy, name: str, fault: str) -> None:
    proxy.faults["TransactWriteItems"] = [fault, fault]
    assert save(carol, name, title="x").status_code == 200
    assert carol.ask("GET", "/users/me").json["username"] == name
    assert carol.look(f"/profiles/{name}").json["title"] == "x"


@pytest.mark.parametrize("fault", ALL)
def test_r05_a_change_survives(carol: Person, proxy: FaultProxy, name: str, fault: str) -> None:
    save(carol, name, title="x", bio="kept")
    proxy.faults["TransactWriteItems"] = [fault]
    changed = save(carol, name, title="y")
    assert (changed.status_code, changed.json["profile"]["title"]) == (200, "y")
    assert carol.look(f"/profiles/{name}").json["bio"] == "kept"


@pytest.mark.parametrize("fault", ALL)
def test_r05_a_rename_survives_and_is_no_false_conflict(
    carol: Person, proxy: FaultProxy, name: str, fault: str
) -> None:
    save(carol, name, title="x")
    proxy.faults["TransactWriteItems"] = [fault]
    assert save(carol, name + "-2").status_code == 200
    assert carol.look(f"/profiles/{name}").status_code == 404
    assert carol.look(f"/profiles/{name}-2").json["title"] == "x"
    assert carol.ask("GET", "/users/me").json["username"] == name + "-2"


@pytest.mark.parametrize("fault", ALL)
def test_r05_a_link_is_added_once_and_deleted_once(carol: Person, proxy: FaultProxy, fault: str) -> None:
    proxy.faults["TransactWriteItems"] = [fault]
    added = carol.ask("POST", "/links", json={"title": "a", "url": "https://example.com"})
    assert added.status_code == 200
    assert carol.ask("GET", "/links").json["links"] == [added.json["link"]]
    proxy.faults["TransactWriteItems"] = [fault]
    assert carol.ask("DELETE", f"/links/{added.json['link']['link_id']}").status_code == 200
    assert carol.ask("GET", "/links").json["links"] == []


@pytest.mark.parametrize("operation", ["GetItem", "Query", "BatchGetItem"])
@pytest.mark.parametrize("fault", [THROTTLED, LOST, FAILED_AFTER])
def test_r05_reading_survives(carol: Person, proxy: FaultProxy, name: str, operation: str, fault: str) -> None:
    save(carol, name, title="x")
    proxy.faults[operation] = [fault, fault]
    assert carol.look(f"/profiles/{name}").json["title"] == "x"
    assert carol.look(f"/profiles?usernames={name}").json["profiles"][0]["title"] == "x"
    assert proxy.faults[operation] == []


@pytest.mark.parametrize("fault", [CONFLICT, THROTTLED])
def test_r05_what_lasts_is_unavailable_and_nothing_changed(
    carol: Person, proxy: FaultProxy, name: str, fault: str
) -> None:
    proxy.faults["TransactWriteItems"] = [fault] * 20
    answer = save(carol, name, title="x")
    assert (answer.status_code, answer.json["error"], answer.headers["Retry-After"]) == (503, "unavailable", "1")
    proxy.faults.clear()
    assert carol.look(f"/profiles/{name}").status_code == 404
    assert carol.ask("GET", "/users/me").status_code == 404


def test_r05_asking_again_after_an_answer_that_never_came_converges(
    carol: Person, proxy: FaultProxy, name: str
) -> None:
    proxy.faults["TransactWriteItems"] = [LOST] * dynamodb.ATTEMPTS
    assert save(carol, name, title="x").status_code == 503
    assert save(carol, name, title="x").status_code == 200
    proxy.faults["TransactWriteItems"] = [LOST] * dynamodb.ATTEMPTS
    assert save(carol, name + "-2").status_code == 503
    assert save(carol, name + "-2").status_code == 200
    assert carol.look(f"/profiles/{name}").status_code == 404
