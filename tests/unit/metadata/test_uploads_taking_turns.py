"""The sweeper's budget for deletes, whose turn it is, and its environment."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_service.config import InvalidConfig, SweeperConfig
from metadata_service.delete_budget import DeleteBudget
from metadata_service.taking_turns import TakingTurns
from tests.unit.metadata.test_people_config import Recording

EXAMPLE = Path(__file__).parents[3] / "deploy" / "env" / "sweeper.env.example"
GOOD = {
    "AWS_REGION": "eu-central-1",
    "GRANT_KEY_FILE": "/run/key.json",
    "SIGNERS": "a=unix:/run/signer.sock",
    "S3_BUCKET": "countersign-media",
}


@given(asked=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=60))
def test_no_minute_has_more_deletes_than_the_budget(asked: list[tuple[int, int]]) -> None:
    budget, now, spent = DeleteBudget(10), 1_000, []
    for pause, deletes in asked:
        now += pause
        if budget.allows(deletes, now):
            budget.spend(deletes, now)
            spent.append((now, deletes))
    for start, _ in spent:
        assert sum(deletes for at, deletes in spent if start <= at <= start + 60) <= 10


def test_what_was_spent_comes_back_after_a_minute() -> None:
    budget = DeleteBudget(10)
    budget.spend(10, 100)
    assert not budget.allows(1, 160)
    assert budget.allows(10, 161)
    assert not budget.allows(11, 161)


def test_where_the_signer_says_no_nothing_is_asked_for_until_its_next_minute() -> None:
    budget = DeleteBudget(10)
    budget.bar(130)
    assert not budget.allows(1, 179)
    assert budget.allows(1, 180)


def test_everyone_has_a_turn_before_anyone_has_a_second() -> None:
    turns = TakingTurns(3)
    turns.add(("alice", number) for number in "12345")
    turns.add([("bob", "1"), ("carol", "1"), ("bob", "2")])
    in_turn = [[("alice", "1"), ("bob", "1"), ("carol", "1"), ("alice", "2")], [("bob", "2"), ("alice", "3")]]
    assert list(turns.batches(4)) == in_turn


def test_without_a_limit_all_of_them_come() -> None:
    turns = TakingTurns(None)
    turns.add(("alice", str(number)) for number in range(60))
    assert [len(batch) for batch in turns.batches(25)] == [25, 25, 10]


def test_what_is_documented_for_the_sweeper_is_what_it_reads() -> None:
    documented = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))
    environment = Recording(GOOD)
    config = SweeperConfig.from_environment(environment)
    assert set(documented) == environment.asked
    assert str(config.deletes_per_minute) == documented["DELETES_PER_MINUTE"]


@pytest.mark.parametrize("value", ["0", "3", "-1", "many", "1000000"])
def test_a_budget_that_no_picture_would_fit_is_a_fault(value: str) -> None:
    with pytest.raises(InvalidConfig) as invalid:
        SweeperConfig.from_environment(GOOD | {"DELETES_PER_MINUTE": value})
    assert [fault.split()[0] for fault in invalid.value.faults] == ["DELETES_PER_MINUTE"]
