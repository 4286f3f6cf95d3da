"""Writes of one transaction: additions to one row become one, and what they may come to holds for their sum."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_service.store.attributes import from_wire
from metadata_service.store.writes import Addition, add_write, merged, put_write

ROW = {"UserId": "alice", "EntityType": "QUOTA"}


def an_addition(numbers: dict[str, int], row: dict[str, Any] = ROW, **limits: Any) -> Addition:
    return add_write("media", row, numbers, **limits)


def spoken(write: Addition) -> dict[str, Any]:
    """The write's expressions with names and values in their places."""
    content = write.content
    values = from_wire(content["ExpressionAttributeValues"])
    found = {}
    for part in ("UpdateExpression", "ConditionExpression"):
        text = content.get(part, "")
        for mark, name in content["ExpressionAttributeNames"].items():
            text = text.replace(mark, name)
        for mark in sorted(values, key=len, reverse=True):
            text = text.replace(mark, str(values[mark]))
        found[part] = text
    return found


def test_additions_to_one_row_are_one_and_everything_else_stays_where_it_is() -> None:
    first, second = put_write("media", {"a": "1"}), put_write("media", {"a": "2"})
    other = an_addition({"pending": 1}, row=ROW | {"UserId": "bob"})
    joined, places = merged([first, an_addition({"pending": -1}), second, an_addition({"objects:x": 1}), other])
    assert (joined[0], joined[2], joined[3]) == (first, second, other)
    assert isinstance(joined[1], Addition)
    assert joined[1].numbers == {"pending": -1, "objects:x": 1}
    assert places == [0, 1, 2, 1, 3]


def test_equal_writes_are_not_one() -> None:
    write = put_write("media", {"a": "1"})
    assert merged([write, write])[0] == [write, write]


def test_what_goes_makes_room_for_what_comes() -> None:
    comes = an_addition({"bytes:x": 100}, at_most={"bytes:x": 150})
    [alone], _ = merged([comes])
    [both], _ = merged([an_addition({"bytes:x": -80}), comes])
    assert isinstance(alone, Addition)
    assert isinstance(both, Addition)
    assert (alone.exceeded({"bytes:x": 51}), alone.exceeded({"bytes:x": 50})) == (("bytes:x",), ())
    assert (both.exceeded({"bytes:x": 131}), both.exceeded({"bytes:x": 130})) == (("bytes:x",), ())


@pytest.mark.parametrize("going", [-100, -101])
def test_what_does_not_grow_is_never_refused(going: int) -> None:
    [write], _ = merged([an_addition({"n": going}), an_addition({"n": 100}, at_most={"n": 1})])
    assert isinstance(write, Addition)
    assert write.exceeded({"n": 10_000}) == ()
    assert "ConditionExpression" not in write.content


def test_more_than_the_limit_is_refused_also_of_a_row_that_is_not_there() -> None:
    write = an_addition({"n": 2}, at_most={"n": 1})
    assert write.exceeded(None) == ("n",)
    assert spoken(write)["ConditionExpression"] == "n <= -1"


def test_room_is_asked_for_and_not_taken() -> None:
    write = an_addition({"pending": 1}, at_most={"objects:x": 3}, room={"objects:x": 1})
    assert write.exceeded({"objects:x": 3}) == ("objects:x",)
    assert spoken(write) == {
        "UpdateExpression": "ADD pending 1",
        "ConditionExpression": "(attribute_not_exists(objects:x) OR objects:x <= 2)",
    }


NUMBERS = st.dictionaries(st.sampled_from("abc"), st.integers(-9, 9), min_size=1)


@given(st.lists(NUMBERS, min_size=1), st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)))
def test_however_they_come_the_sum_is_what_counts(parts: list[dict[str, int]], at_most: dict[str, int]) -> None:
    [write], places = merged([an_addition(numbers, at_most=at_most) for numbers in parts])
    assert isinstance(write, Addition)
    sums = {name: sum(numbers.get(name, 0) for numbers in parts) for name in "abc"}
    assert {name: write.numbers.get(name, 0) for name in "abc"} == sums
    assert places == [0] * len(parts)
    standing = {"a": 3, "b": 0}
    too_much = {name for name, most in at_most.items() if sums[name] > 0 and standing.get(name, 0) + sums[name] > most}
    assert set(write.exceeded(standing)) == too_much
