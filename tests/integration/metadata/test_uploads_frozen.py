"""What an operator has frozen stays; everyone else's old bytes go all the same."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from metadata_service.commands import sweep
from metadata_service.config import SweeperConfig
from metadata_service.connections import Answer
from metadata_service.s3 import S3, DeleteRefused
from tests.integration.uploads_stack import Person, Stack, a_picture, sizes_of, wait_until


@contextmanager
def frozen(stack: Stack, person: Person, object_key: str, **listed: Sequence[str]) -> Iterator[None]:
    """With a freeze list that has `object_key` in it, from when the signer goes by it until it no longer does."""
    path = f"/media/{object_key}"
    written, freeze_list = stack.folder / "freeze.json.new", stack.folder / "freeze.json"
    written.write_text(json.dumps(listed))
    written.rename(freeze_list)
    try:
        wait_until(lambda: person.look(path).status_code == 503, 10, "the freeze")
        yield
    finally:
        freeze_list.unlink()
        wait_until(lambda: person.look(path).status_code == 302, 10, "the thaw")


def has_old_ones(person: Person, count: int) -> str:
    """Pictures that were replaced, due already, and the key of the one that is current."""
    small = a_picture(size=(40, 40))
    keys = [person.has(small)["key"] for _ in range(count + 1)]
    person.stack.let_everything_be_due(person.sub)
    return str(keys[-1])


def test_a_frozen_persons_bytes_stay_and_stop_nobody_elses(alice: Person, bob: Person, stack: Stack) -> None:
    current = has_old_ones(alice, 5)
    others = has_old_ones(bob, 2)
    before = alice.keys
    with frozen(stack, alice, current, owners=[alice.sub]):
        logged = stack.sweep()
        assert (alice.keys, bob.keys) == (before, sizes_of(others))
        refused = [line for line in logged if line["event"] == "delete_refused"]
        # After a few the rest of a person's is not even asked for: each refusal is a line in the signer's alarm.
        assert [line["error"] for line in refused] == ["operation_frozen"] * 5
    stack.let_everything_be_due(alice.sub)
    stack.sweep()
    assert alice.keys == sizes_of(current)


def test_a_frozen_object_stays_and_the_rest_of_its_owners_go(alice: Person, stack: Stack) -> None:
    held = alice.has(a_picture())
    current = has_old_ones(alice, 3)
    # The current one shows that the signer has read the list.
    listed = [held["upload_id"], current.rpartition("/")[2].partition(".")[0]]
    with frozen(stack, alice, current, objects=listed):
        stack.sweep()
        frozen_keys = {f"incoming/{key}" for key in (held["key"], current)}
        assert alice.keys == sizes_of(held["key"]) | sizes_of(current) | frozen_keys
        assert [line["event"] for line in stack.sweep() if line["event"] == "delete_refused"] == []


def test_where_everything_is_frozen_the_round_stops(someone: Callable[[], Person], alice: Person, stack: Stack) -> None:
    crowd = [someone() for _ in range(21)]
    for person in crowd:
        has_old_ones(person, 1)
    current = alice.has(a_picture())["key"]
    with frozen(stack, alice, current, operations=["delete", "get"]):
        with pytest.raises(AssertionError, match="stopped_early") as stopped:
            stack.sweep()
        assert str(stopped.value).count('"delete_refused"') == 25
    for person in crowd:
        stack.let_everything_be_due(person.sub)
    stack.sweep()
    assert [len(person.keys) for person in crowd] == [3] * 21


def test_what_s3_refuses_to_delete_stops_nobody_elses(
    someone: Callable[[], Person], stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.sweep()
    crowd = [someone() for _ in range(4)]
    current = {person.sub: has_old_ones(person, 1) for person in crowd}
    held, delete = crowd[1], S3.delete

    def refusing(s3: S3, url: str) -> None:
        if f"/{held.sub}/" in url:
            raise DeleteRefused(Answer(403, {}, b"<Code>AccessDenied</Code>"))
        delete(s3, url)

    monkeypatch.setattr(S3, "delete", refusing)
    before = held.keys
    swept = sweep.swept(sweep.made(SweeperConfig.from_environment(stack.sweeper_environment), is_dry=False))

    assert swept is not None
    assert (swept.refused, held.keys) == (len(waiting(held)), before)
    assert all(person.keys == sizes_of(current[person.sub]) for person in crowd if person is not held)
    assert not [name for person in crowd if person is not held for name in waiting(person)]


def waiting(person: Person) -> list[str]:
    return [name for name in person.rows if name.startswith("CLEANUP#")]
