"""Two devices, or two people, at once: the outcome is one that comes of one after the other."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

from tests.integration.uploads_stack import Answer, Person

ROUNDS = 25


def at_once(*acts: Callable[[], Answer]) -> list[Answer]:
    """The answers of acts that all begin together."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], Answer]) -> Answer:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(begin, act) for act in acts]]


def a_name() -> str:
    return f"race-{uuid.uuid4().hex[:12]}"


def save(person: Person, name: str, **fields: Any) -> Answer:
    return person.ask("POST", "/profiles", json={"username": name, **fields})


def holders(person: Person, *names: str) -> list[dict[str, Any]]:
    """The profile rows of a person under these names, as their owner sees them."""
    found = [person.ask("GET", f"/profiles/{name}") for name in names]
    return [answer.json for answer in found if answer.status_code == 200 and "user_id" in answer.json]


def test_r04_one_of_several_gets_a_username(someone: Callable[[], Person]) -> None:
    for _ in range(ROUNDS):
        name, people = a_name(), [someone() for _ in range(3)]
        answers = at_once(*(partial(save, person, name, title=person.sub) for person in people))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        [winner] = [person for person, answer in zip(people, answers, strict=True) if answer.status_code == 200]
        assert winner.look(f"/profiles/{name}").json["title"] == winner.sub
        accounts = [person.ask("GET", "/users/me").status_code for person in people]
        assert sorted(accounts) == [200, 404, 404]


def test_r04_one_of_two_renames_to_a_name_gets_it(someone: Callable[[], Person]) -> None:
    for _ in range(ROUNDS):
        alice, bob = someone(), someone()
        first, second, wanted = a_name(), a_name(), a_name()
        save(alice, first)
        save(bob, second)
        answers = at_once(partial(save, alice, wanted), partial(save, bob, wanted))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for person, old, answer in ((alice, first, answers[0]), (bob, second, answers[1])):
            kept = wanted if answer.status_code == 200 else old
            assert person.ask("GET", "/users/me").json["username"] == kept
            assert [row["username"] for row in holders(person, first, second, wanted)] == [kept]


def test_r04_a_person_who_renames_twice_at_once_has_one_profile(someone: Callable[[], Person]) -> None:
    for _ in range(ROUNDS):
        alice = someone()
        names = [a_name() for _ in range(3)]
        save(alice, names[0], title="x")
        answers = at_once(partial(save, alice, names[1]), partial(save, alice, names[2]))
        assert [answer.status_code for answer in answers] == [200, 200]
        [profile] = holders(alice, *names)
        assert profile["username"] == alice.ask("GET", "/users/me").json["username"]
        assert (profile["username"] in names[1:], profile["title"]) == (True, "x")


def test_r04_a_change_that_meets_a_rename_makes_no_ghost(someone: Callable[[], Person]) -> None:
    for _ in range(ROUNDS):
        alice = someone()
        old, new = a_name(), a_name()
        save(alice, old, title="x", bio="kept")
        answers = at_once(partial(save, alice, new), partial(save, alice, old, title="y"))
        assert [answer.status_code for answer in answers] == [200, 200]
        [profile] = holders(alice, old, new)
        assert (profile["title"], profile["bio"]) == ("y", "kept")
        assert profile["username"] == alice.ask("GET", "/users/me").json["username"]


def test_r04_no_change_of_two_at_once_is_lost(someone: Callable[[], Person]) -> None:
    for number in range(ROUNDS):
        alice, name = someone(), a_name()
        if number % 2:
            save(alice, name, title="before")
        answers = at_once(partial(save, alice, name, title="x"), partial(save, alice, name, bio="y"))
        assert [answer.status_code for answer in answers] == [200, 200]
        [profile] = holders(alice, name)
        assert (profile["title"], profile["bio"]) == ("x", "y")


def test_r04_of_two_deletes_of_a_link_one_finds_it(someone: Callable[[], Person]) -> None:
    for _ in range(ROUNDS):
        alice = someone()
        link_id = alice.ask("POST", "/links", json={"title": "a", "url": "https://example.com"}).json["link"]["link_id"]
        delete = partial(alice.ask, "DELETE", f"/links/{link_id}")
        assert sorted(answer.status_code for answer in at_once(delete, delete)) == [200, 404]
