"""What the parent believes of its children: little, in one order; and what it says when one has died."""

import os
import signal
import socket

import pytest

from image_service import decoders, link
from image_service.children import READING_SECONDS_WHEN_FULL, Child, Stage, verdict
from image_service.decoders import Turn


def a_child(lane: str = "", stage: Stage = Stage.READING, **more: object) -> Child:
    child = Child(1, socket.socket(), -1, os.open(os.devnull, os.O_WRONLY), begun=0.0, since=0.0)
    child.lane, child.stage = lane, stage
    child.had_decoder = stage in (Stage.DECODING, Stage.ANSWERING)
    for name, value in more.items():
        setattr(child, name, value)
    return child


# --- what a child says


def test_a_child_comes_through_its_stages() -> None:
    child = a_child()
    child.hear(b"read images r-1\nask ali", 1.0)
    assert (child.route, child.request_id, child.stage) == ("images", "r-1", Stage.READING)
    child.hear(b"ce\n", 2.0)
    assert (child.lane, child.stage, child.since) == ("alice", Stage.WAITING, 2.0)
    child.decode(3.0)
    child.hear(b"answer 200 ok\n", 4.0)
    assert (child.status, child.outcome, child.stage, child.since) == (200, "ok", Stage.ANSWERING, 4.0)


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"ask\n",
        b"ask a b\n",
        b"ask " + b"a" * 65 + b"\n",
        b"answer 200 ok\nanswer 200 ok\n",
        b"answer 999 ok\n",
        b'answer 200 ","level":"forged\n',
        b"read images a\\u000a\n",
        b"read elsewhere *\n",
        b"ask a\nask b\n",
        b"answer 200 ok\nask a\n",
        b"x" * (link.MOST_BYTES + 1),
        b"\xff\n",
    ],
)
def test_s03_a_child_that_says_anything_else_is_not_believed(said: bytes) -> None:
    with pytest.raises(link.LinkBroken):
        a_child().hear(said, 1.0)


def test_s03_a_child_cannot_begin_its_time_anew() -> None:
    child = a_child()
    child.hear(b"ask a\n", 1.0)
    child.decode(2.0)
    for said in (b"ask a\n", b"ask b\n"):
        with pytest.raises(link.LinkBroken):
            child.hear(said, 3.0)
    assert child.deadline(is_full=False) == 2.0 + Stage.DECODING.value


def test_a_slow_reader_gets_less_time_where_no_other_child_fits() -> None:
    child = a_child()
    assert child.deadline(is_full=True) == READING_SECONDS_WHEN_FULL < child.deadline(is_full=False)
    decoding = a_child(stage=Stage.DECODING)
    assert decoding.deadline(is_full=True) == decoding.deadline(is_full=False)


# --- whose turn it is


@pytest.mark.parametrize(
    ("asking", "others", "wanted"),
    [
        ("a", [], Turn.NOW),
        ("a", [("b", Stage.DECODING)], Turn.NOW),
        ("a", [("a", Stage.READING), ("a", Stage.WAITING)], Turn.NOW),
        ("a", [("a", Stage.DECODING)], Turn.NO),
        ("a", [("b", Stage.DECODING), ("c", Stage.DECODING)], Turn.NO),
        ("a", [("a", Stage.ANSWERING)], Turn.SOON),
        ("a", [("b", Stage.DECODING), ("c", Stage.ANSWERING)], Turn.SOON),
        ("a", [("a", Stage.DECODING), ("a", Stage.ANSWERING)], Turn.NO),
        ("", [("", Stage.DECODING)], Turn.NOW),
        ("", [("", Stage.DECODING), ("b", Stage.DECODING)], Turn.NO),
    ],
)
def test_s13_two_at_once_and_one_a_lane(asking: str, others: list[tuple[str, Stage]], wanted: Turn) -> None:
    children = [a_child(lane, stage) for lane, stage in others]
    assert decoders.turn(a_child(asking, Stage.WAITING), children, 2) is wanted


def test_s13_a_child_that_was_sent_away_holds_nothing() -> None:
    refused = a_child("a", Stage.ANSWERING, had_decoder=False)
    assert decoders.turn(a_child("a", Stage.WAITING), [refused], 1) is Turn.NOW


# --- what is said for one that died


@pytest.mark.parametrize(
    ("stage", "code", "cpu", "overdue", "status"),
    [
        (Stage.ANSWERING, -signal.SIGKILL, 0.1, False, None),
        (Stage.READING, 0, 0.1, False, None),
        (Stage.READING, -signal.SIGKILL, 0.1, True, 408),
        (Stage.READING, -signal.SIGSEGV, 0.1, False, 503),
        (Stage.WAITING, -signal.SIGKILL, 0.1, True, 503),
        (Stage.DECODING, 1, 0.1, False, 422),
        (Stage.DECODING, -signal.SIGSEGV, 0.1, False, 422),
        (Stage.DECODING, -signal.SIGSYS, 0.1, False, 422),
        (Stage.DECODING, -signal.SIGKILL, 4.98, False, 422),
        (Stage.DECODING, -signal.SIGKILL, 3.0, False, 503),
        (Stage.DECODING, -signal.SIGTERM, 3.0, False, 503),
        (Stage.DECODING, -signal.SIGKILL, 3.0, True, 503),
    ],
)
def test_r08_whose_fault_a_death_was(stage: Stage, code: int, cpu: float, overdue: bool, status: int | None) -> None:
    wait_status = -code if code < 0 else code << 8
    refusal = verdict(a_child(stage=stage, is_overdue=overdue), wait_status, cpu)
    assert (refusal.status if refusal else None) == status
