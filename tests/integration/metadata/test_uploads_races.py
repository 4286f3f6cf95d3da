"""Two devices at once: whoever is first, the outcome is one of the serial ones."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.integration.uploads_stack import Answer, Person, Stack, a_picture, sizes_of

ROUNDS = 8


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    """Each call in a thread of its own, all released together."""
    barrier = threading.Barrier(len(calls))

    def released(call: Callable[[], Answer]) -> Answer:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(released, calls))


def until_done(person: Person, begun: dict[str, str]) -> Answer:
    """What a client does with 409 upload_in_progress and 503: it asks again."""
    for _ in range(200):
        answer = person.complete(begun)
        if answer.status_code == 503 or answer.json.get("error") == "upload_in_progress":
            continue
        return answer
    raise AssertionError("never done")


def test_two_devices_complete_the_same_upload(alice: Person) -> None:
    for _ in range(ROUNDS):
        begun = alice.upload(a_picture())
        answers = at_once(lambda: alice.complete(begun), lambda: alice.complete(begun))  # noqa: B023 - within the round
        assert 200 in {answer.status_code for answer in answers}
        for answer in answers:
            assert answer.status_code == 200 or answer.json["error"] == "upload_in_progress"
        done = until_done(alice, begun)
        assert all(answer.json == done.json for answer in answers if answer.status_code == 200)
        assert alice.ask("GET", "/users/me/picture").json["key"] == begun["key"]


def test_two_devices_complete_two_uploads_and_one_picture_is_left(alice: Person, stack: Stack) -> None:
    for _ in range(ROUNDS):
        one, two = alice.upload(a_picture("red")), alice.upload(a_picture("blue"))
        answers = at_once(lambda: until_done(alice, one), lambda: until_done(alice, two))  # noqa: B023 - as above
        assert [answer.status_code for answer in answers] == [200, 200]
    current = alice.ask("GET", "/users/me/picture").json["key"]
    assert current in (one["key"], two["key"])
    all_swept(alice)
    assert alice.keys == sizes_of(current)
    assert len([name for name in alice.rows if name.startswith("OBJECT#")]) == 1


def test_complete_against_delete_leaves_the_new_picture_or_none(alice: Person, stack: Stack) -> None:
    for _ in range(ROUNDS):
        alice.has(a_picture("red"))
        begun = alice.upload(a_picture("blue"))
        at_once(lambda: until_done(alice, begun), lambda: alice.ask("DELETE", "/users/me/picture"))  # noqa: B023 - as above
        assert alice.ask("GET", "/users/me/picture").json["key"] in (begun["key"], None)
    current = alice.ask("GET", "/users/me/picture").json["key"]
    all_swept(alice)
    assert alice.keys == (sizes_of(current) if current else set())


def test_two_sweepers_at_once_do_no_harm(alice: Person, stack: Stack) -> None:
    for colour in ("red", "green", "blue"):
        alice.has(a_picture(colour))
    stack.let_everything_be_due(alice.sub)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: stack.sweep(), range(2)))
    all_swept(alice)
    current = alice.ask("GET", "/users/me/picture").json["key"]
    assert alice.keys == sizes_of(current)


def all_swept(person: Person) -> None:
    for _ in range(2):
        person.stack.let_everything_be_due(person.sub)
        person.stack.sweep()
