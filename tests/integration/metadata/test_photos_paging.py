"""Paging through a gallery: each photo once whatever happens meanwhile, at a cost that depends on the page alone."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.metadata import galleries
from tests.integration.metadata.people_faults import FaultProxy
from tests.integration.uploads_stack import Person, Stack, make_app

MANY = 250


def paged(person: Person, limits: random.Random) -> Iterator[list[dict[str, Any]]]:
    """Every page, each of another size, until there is no cursor."""
    cursor = ""
    for _ in range(2 * MANY):
        limit = limits.randint(1, 60)
        answer = person.ask("GET", f"/photos?limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        photos = answer.json["photos"]
        is_last = answer.json["next_cursor"] is None
        assert 0 < len(photos) <= limit
        assert is_last or len(photos) == limit
        yield photos
        if is_last:
            return
        cursor = f"&cursor={answer.json['next_cursor']}"
    pytest.fail("there was no end to the pages")


@pytest.mark.parametrize("seed", range(3))
def test_pages_of_any_size_show_each_photo_once(alice: Person, stack: Stack, seed: int) -> None:
    moments = galleries.past(MANY)
    ids = galleries.write(stack, alice.sub, moments)
    seen = [photo for page in paged(alice, random.Random(seed)) for photo in page]
    assert [photo["imageId"] for photo in seen] == ids
    assert [photo["uploadedAt"] for photo in seen] == moments


@pytest.mark.parametrize("seed", range(3))
def test_photos_that_come_and_go_meanwhile_neither_hide_nor_repeat_others(
    alice: Person, stack: Stack, seed: int
) -> None:
    chance = random.Random(seed)
    moments = galleries.past(MANY)
    staying = dict(zip(galleries.write(stack, alice.sub, moments), moments, strict=True))
    seen: list[str] = []
    for page in paged(alice, chance):
        seen += [photo["imageId"] for photo in page]
        going = {page[-1]["imageId"], *chance.sample(sorted(staying), 5)}  # the cursor's own, and some of any page
        for image_id in going & staying.keys():
            galleries.remove(stack, alice.sub, staying.pop(image_id))
        galleries.write(stack, alice.sub, [max(moments) + len(seen)])
    assert len(seen) == len(set(seen))
    assert staying.keys() <= set(seen)


@pytest.mark.parametrize(("count", "limit", "pages"), [(0, 1, [0]), (1, 1, [1]), (2, 1, [1, 1]), (4, 2, [2, 2])])
def test_there_is_no_empty_page_at_the_end(
    alice: Person, stack: Stack, count: int, limit: int, pages: list[int]
) -> None:
    galleries.write(stack, alice.sub, galleries.past(count))
    sizes, cursor = [], ""
    while cursor is not None and len(sizes) < 10:
        answer = alice.ask("GET", f"/photos?limit={limit}{cursor}").json
        sizes.append(len(answer["photos"]))
        cursor = None if answer["next_cursor"] is None else f"&cursor={answer['next_cursor']}"
    assert sizes == pages


def test_a_page_is_of_50_where_nothing_is_said(alice: Person, stack: Stack) -> None:
    galleries.write(stack, alice.sub, galleries.past(51))
    assert len(alice.ask("GET", "/photos").json["photos"]) == 50


def test_s15_a_cursor_is_its_owners_alone(alice: Person, bob: Person, stack: Stack) -> None:
    for person in (alice, bob):
        galleries.write(stack, person.sub, galleries.past(2))
    cursor = alice.ask("GET", "/photos?limit=1").json["next_cursor"]
    assert alice.ask("GET", f"/photos?cursor={cursor}").status_code == 200
    for person, text in ((bob, cursor), (alice, cursor.swapcase()), (alice, cursor[:-1]), (alice, "")):
        answer = person.ask("GET", f"/photos?cursor={text}")
        assert (answer.status_code, answer.json["error"]) == (400, "validation_failed")
        assert list(answer.json["fields"]) == ["cursor"]


def test_a_cursor_holds_in_another_worker_and_after_a_restart(alice: Person, stack: Stack) -> None:
    ids = galleries.write(stack, alice.sub, galleries.past(2))
    cursor = alice.ask("GET", "/photos?limit=1").json["next_cursor"]
    another = Person(alice.sub, stack, make_app(stack.metadata_environment).test_client())
    [photo] = another.ask("GET", f"/photos?cursor={cursor}").json["photos"]
    assert photo["imageId"] == ids[1]


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultProxy]:
    made = FaultProxy(int(stack.deployment.endpoint.rpartition(":")[2]))
    yield made
    made.stop()


def test_a_page_of_thousands_costs_what_a_page_of_fifty_costs(
    alice: Person, bob: Person, stack: Stack, proxy: FaultProxy
) -> None:
    galleries.write(stack, alice.sub, galleries.past(5_000))
    galleries.write(stack, bob.sub, galleries.past(50))
    app = make_app(stack.metadata_environment | {"DYNAMODB_ENDPOINT": proxy.endpoint})
    costs = {}
    for person in (alice, bob):
        proxied = Person(person.sub, stack, app.test_client())
        proxy.operations.clear()
        proxy.rows_read = 0
        cursor = proxied.ask("GET", "/photos?limit=20").json["next_cursor"]
        assert len(proxied.ask("GET", f"/photos?limit=20&cursor={cursor}").json["photos"]) == 20
        costs[person.sub] = (proxy.operations[:], proxy.rows_read)
    assert costs[alice.sub] == costs[bob.sub]
    operations, rows_read = costs[alice.sub]
    assert (operations.count("Query"), "Scan" in operations, rows_read) == (2, False, 42)
