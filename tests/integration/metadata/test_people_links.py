"""Links: added, changed, listed, deleted softly and brought back; never more than a hundred."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from metadata_service.links import FORGOTTEN_AT_ONCE, MOST, MOST_DELETED
from tests.integration.uploads_stack import Answer, Person

URL = "https://example.com"


def post(person: Person, **fields: Any) -> Answer:
    return person.ask("POST", "/links", json={"title": "Mine", "url": URL, **fields})


def saved(person: Person, **fields: Any) -> dict[str, Any]:
    answer = post(person, **fields)
    assert (answer.status_code, answer.json["message"]) == (200, "Link saved successfully"), answer.text
    link: dict[str, Any] = answer.json["link"]
    return link


def listed(person: Person) -> list[dict[str, Any]]:
    answer = person.ask("GET", "/links")
    assert answer.headers["Cache-Control"] == "no-store"
    links: list[dict[str, Any]] = answer.json["links"]
    return links


def put_rows(person: Person, count: int, *, is_deleted: bool) -> None:
    """As if so many links had been added, or added and deleted, one after the other."""
    table = person.stack.deployment.table_prefix + "links"
    for start in range(0, count, 25):
        puts = [_put(person, number, is_deleted) for number in range(start, min(count, start + 25))]
        person.stack.deployment.client("dynamodb").batch_write_item(RequestItems={table: puts})


def _put(person: Person, number: int, is_deleted: bool) -> dict[str, Any]:
    moment = f"2026-01-01T00:00:00.{number:06}Z"
    texts = {"user_id": person.sub, "link_id": str(uuid.uuid4()), "title": "Old", "url": URL}
    texts |= {"created_at": moment, "updated_at": moment}
    typed: dict[str, Any] = {name: {"S": text} for name, text in texts.items()}
    return {"PutRequest": {"Item": typed | {"order": {"N": "0"}, "is_deleted": {"BOOL": is_deleted}}}}


def rows(person: Person) -> int:
    asked = person.stack.deployment.client("dynamodb").query(
        TableName=person.stack.deployment.table_prefix + "links",
        KeyConditionExpression="user_id = :me",
        ExpressionAttributeValues={":me": {"S": person.sub}},
    )
    return int(asked["Count"])


def test_a_link_is_added_and_changed(alice: Person) -> None:
    link = saved(alice)
    assert (link["user_id"], link["order"], link["is_deleted"]) == (alice.sub, 0, False)
    assert str(uuid.UUID(link["link_id"])) == link["link_id"]
    changed = saved(alice, link_id=link["link_id"], title="Other", order=5)
    assert changed == link | {"title": "Other", "order": 5, "updated_at": changed["updated_at"]}
    kept = saved(alice, link_id=link["link_id"])
    assert (kept["title"], kept["order"]) == ("Mine", 5)
    assert listed(alice) == [kept]


def test_a_link_posted_back_is_the_same(alice: Person) -> None:
    link = saved(alice, order=1)
    answer = alice.ask("POST", "/links", json=link)
    assert answer.json["link"] == link | {"updated_at": answer.json["link"]["updated_at"]}


def test_links_come_by_order_then_age(alice: Person) -> None:
    for title, order in (("c", 2), ("a", 1), ("b", 1), ("z", -1), ("d", 2)):
        saved(alice, title=title, order=order)
    assert [link["title"] for link in listed(alice)] == ["z", "a", "b", "c", "d"]


def test_an_unknown_id_adds_and_a_deleted_one_comes_back(alice: Person) -> None:
    link_id = str(uuid.uuid4())
    link = saved(alice, link_id=link_id, order=7)
    assert link["link_id"] == link_id
    deleted = alice.ask("DELETE", f"/links/{link_id}")
    assert (deleted.status_code, deleted.json) == (200, {"message": "Link deleted successfully"})
    assert listed(alice) == []
    back = saved(alice, link_id=link_id, title="Back")
    assert (back["title"], back["order"], back["created_at"]) == ("Back", 7, link["created_at"])
    assert listed(alice) == [back]


def test_deleting_again_or_what_never_was_is_not_found(alice: Person) -> None:
    link_id = saved(alice)["link_id"]
    assert alice.ask("DELETE", f"/links/{link_id}").status_code == 200
    for missing in (link_id, str(uuid.uuid4()), "x", "%23additions"):
        answer = alice.ask("DELETE", f"/links/{missing}")
        assert (answer.status_code, answer.json["error"]) == (404, "not_found")


def test_s15_links_are_their_owners(alice: Person, bob: Person) -> None:
    link = saved(alice)
    assert bob.ask("DELETE", f"/links/{link['link_id']}").status_code == 404
    saved(bob, link_id=link["link_id"], title="Bob's")
    assert listed(alice) == [link]
    assert alice.look("/links").status_code == 401
    assert alice.client.delete(f"/links/{link['link_id']}").status_code == 401


@pytest.mark.parametrize(
    "change", [{"url": "javascript:alert(1)"}, {"title": "a\nb"}, {"title": None}, {"link_id": "7"}]
)
def test_a_bad_link_is_refused_by_name(alice: Person, change: dict[str, Any]) -> None:
    answer = post(alice, **change)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_failed")
    assert list(answer.json["fields"]) == list(change)
    assert listed(alice) == []


def test_r04_a_person_has_a_hundred_links_however_many_are_added_at_once(alice: Person) -> None:
    put_rows(alice, MOST - 2, is_deleted=False)
    barrier = Barrier(6)

    def add() -> int:
        barrier.wait()
        return post(alice).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = [future.result() for future in [pool.submit(add) for _ in range(6)]]
    assert sorted(statuses) == [200, 200, 409, 409, 409, 409]
    assert len(listed(alice)) == MOST
    assert post(alice).json["error"] == "too_many_links"
    last = listed(alice)[-1]
    assert saved(alice, link_id=last["link_id"], title="still changes")["title"] == "still changes"
    assert alice.ask("DELETE", f"/links/{last['link_id']}").status_code == 200
    saved(alice)


def test_deleted_links_are_remembered_up_to_a_number(alice: Person) -> None:
    put_rows(alice, MOST_DELETED + 5, is_deleted=True)
    saved(alice)
    assert FORGOTTEN_AT_ONCE >= 5
    assert rows(alice) == 1 + 1 + MOST_DELETED
