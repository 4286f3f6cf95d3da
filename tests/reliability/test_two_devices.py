"""R04: two devices at once, round after round; the outcome is one of the serial ones, by the model beside it.

Both are released by a barrier. How many rounds truly overlapped is printed, and must be a tenth at least:
that is, each device had been heard outside metadata before the other had been for the last time. More rounds than fit
into a short test: `COUNTERSIGN_ROUNDS=500 make test TESTS=tests/reliability`.
"""

import os
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from metadata_service.connections import Answer as OutsideAnswer
from metadata_service.connections import Connections
from tests.integration.uploads_stack import Answer, Person, Stack, a_picture, send
from tests.reliability import acts, real_account
from tests.reliability import simple_account as model
from tests.reliability.acts import Act
from tests.reliability.real_account import Records
from tests.reliability.simple_account import World

ROUNDS = int(os.environ.get("COUNTERSIGN_ROUNDS", "6"))
RED, BLUE = a_picture("red", (300, 200)), a_picture("blue", (200, 300))


class Overlap:
    """How many of the rounds overlapped. What counts are the requests that metadata itself makes, thread by thread."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.rounds = self.overlapped = 0
        self._heard: dict[int, list[float]] = defaultdict(list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        ask = Connections.ask

        def asked(*arguments: Any, **named: Any) -> OutsideAnswer:
            self._heard[threading.get_ident()].append(time.monotonic())
            return ask(*arguments, **named)

        Connections.ask = asked  # type: ignore[method-assign] # to see when it is called
        try:
            yield
        finally:
            Connections.ask = ask  # type: ignore[method-assign]

    def at_once(self, one: Callable[[], Answer], other: Callable[[], Answer]) -> list[Answer]:
        """Both answers, and whether they came about at the same time."""
        self._heard.clear()
        answers = acts.at_once(one, other)
        spans = [(min(times), max(times)) for times in self._heard.values()]
        self.rounds += 1
        if len(spans) == 2:
            self.overlapped += max(first for first, _ in spans) < min(last for _, last in spans)
        return answers

    def is_enough(self, what: str) -> bool:
        with self._capsys.disabled():
            print(f"\n{what}: {self.overlapped} of {self.rounds} rounds overlapped")
        return self.overlapped * 10 >= self.rounds


@pytest.fixture
def overlap(capsys: pytest.CaptureFixture[str]) -> Iterator[Overlap]:
    found = Overlap(capsys)
    with found.watched():
        yield found


@dataclass
class Account:
    """One person with the model of what they have."""

    person: Person
    world: World = World()

    def has_sent(self, kind: str, octets: bytes) -> Act:
        """The completion of an upload whose bytes are there."""
        begun = self.person.begin(kind)
        assert send(begun, octets).ok
        [(_, then)] = model.begun(self.world, begun["upload_id"], kind)
        self.world = model.sent(then, begun["upload_id"], "red")
        return acts.complete(self.person, begun["upload_id"], begun["key"], "id")

    def does(self, act: Act) -> Answer:
        answer = act.ask(self.person)
        [self.world] = act.after(self.world, answer)
        return answer

    def does_both(self, overlap: Overlap, first: Act, second: Act) -> list[Answer]:
        """On two devices at once. Fails where what is answered and seen comes of neither order."""
        one, two = overlap.at_once(
            lambda: acts.until_said(first, self.device()), lambda: acts.until_said(second, self.device())
        )
        seen = real_account.look(self.person, Records.of(self.person), is_erased=False)
        after = acts.serial(self.world, first, one, second, two)
        serial = [world for world in after if real_account.looks(world, seen)]
        said = f"{first.said}: {acts.spoken(one)} || {second.said}: {acts.spoken(two)}"
        assert serial, f"{said}\nseen: {seen}\nbefore: {self.world}"
        self.world = serial[0]
        return [one, two]

    def device(self) -> Person:
        return Person(self.person.sub, self.person.stack, self.person.client.application.test_client())


@pytest.fixture
def account(someone: Callable[[], Person]) -> Account:
    return Account(someone())


def test_r04_complete_against_complete_of_one_upload(account: Account, overlap: Overlap) -> None:
    for _ in range(ROUNDS):
        completion = account.has_sent("profile_image", RED)
        one, two = account.does_both(overlap, completion, completion)
        assert one.json == two.json
    assert overlap.is_enough("complete against complete of one upload")


def test_r04_complete_against_complete_of_two_uploads(account: Account, overlap: Overlap, stack: Stack) -> None:
    for _ in range(ROUNDS):
        first, second = account.has_sent("profile_image", RED), account.has_sent("profile_image", BLUE)
        account.does_both(overlap, first, second)
    assert overlap.is_enough("complete against complete of two uploads")
    only_what_is_current_is_left(account, stack)


def test_r04_complete_against_delete(account: Account, overlap: Overlap, stack: Stack) -> None:
    for _ in range(ROUNDS):
        account.does(account.has_sent("profile_image", RED))
        account.does_both(overlap, account.has_sent("profile_image", BLUE), acts.delete_picture())
    assert overlap.is_enough("complete against delete")
    only_what_is_current_is_left(account, stack)


def test_r04_delete_against_delete(account: Account, overlap: Overlap, stack: Stack) -> None:
    for number in range(ROUNDS):
        completion = account.has_sent(("profile_image", "photo")[number % 2], RED)
        upload_id = account.does(completion).json["upload_id"]
        deletion = acts.delete_photo(upload_id) if number % 2 else acts.delete_picture()
        answers = account.does_both(overlap, deletion, deletion)
        assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert overlap.is_enough("delete against delete")
    only_what_is_current_is_left(account, stack)


def only_what_is_current_is_left(account: Account, stack: Stack) -> None:
    for _ in range(2):
        real_account.let_pass(account.person, 86_400)
        stack.sweep()
    records = Records.of(account.person)
    assert set(records.ids("")) == account.world.objects
    assert account.person.keys == records.files


def save(person: Person, name: str) -> Callable[[], Answer]:
    return lambda: person.ask("POST", "/profiles", json={"username": name})


def a_name() -> str:
    return f"two-{uuid.uuid4().hex[:12]}"


def test_r04_two_people_claim_one_username(someone: Callable[[], Person], overlap: Overlap) -> None:
    for _ in range(ROUNDS):
        name, alice, bob = a_name(), someone(), someone()
        answers = overlap.at_once(save(alice, name), save(bob, name))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        winner, loser = (alice, bob) if answers[0].status_code == 200 else (bob, alice)
        assert winner.ask("GET", "/users/me").json["username"] == name
        assert loser.ask("GET", "/users/me").status_code == 404
        assert winner.ask("GET", f"/profiles/{name}").json["user_id"] == winner.sub
    assert overlap.is_enough("two people claim one username")


def test_r04_two_people_rename_to_one_username(someone: Callable[[], Person], overlap: Overlap) -> None:
    alice, bob = someone(), someone()
    names = {alice.sub: a_name(), bob.sub: a_name()}
    for person in (alice, bob):
        assert save(person, names[person.sub])().status_code == 200
    for _ in range(ROUNDS):
        wanted = a_name()
        answers = overlap.at_once(save(alice, wanted), save(bob, wanted))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for person, answer in zip((alice, bob), answers, strict=True):
            before, names[person.sub] = names[person.sub], wanted if answer.status_code == 200 else names[person.sub]
            assert person.ask("GET", "/users/me").json["username"] == names[person.sub]
            assert is_free(person, before) is (answer.status_code == 200)
    assert overlap.is_enough("two people rename to one username")


def test_r04_one_person_renames_on_two_devices(account: Account, overlap: Overlap) -> None:
    before = a_name()
    assert save(account.person, before)().status_code == 200
    for _ in range(ROUNDS):
        names = [a_name(), a_name()]
        answers = overlap.at_once(*[save(account.device(), name) for name in names])
        assert [answer.status_code for answer in answers] == [200, 200]
        current = account.person.ask("GET", "/users/me").json["username"]
        assert current in names
        assert [is_free(account.person, name) for name in (before, *names)] == [True, *(n != current for n in names)]
        before = current
    assert overlap.is_enough("one person renames on two devices")


def is_free(person: Person, name: str) -> bool:
    answer = person.look(f"/username/check?username={name}")
    assert answer.status_code == 200, answer.text
    return bool(answer.json["available"])
