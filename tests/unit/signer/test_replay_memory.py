"""Single use: in one worker, in many, after a restart, and when the memory is taken away."""

import json
import multiprocessing
import sqlite3
import time
from pathlib import Path

import pytest

from signer_service.errors import GrantAlreadyUsed, NotPermitted, ReplayMemoryUnavailable
from signer_service.grants import Grant
from signer_service.replay import ReplayMemory
from tests.unit.signer.a_signer import a_client, a_grant, ask, sweep

JTI = "3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a01"


def grant(jti: str = JTI, issuer: str = "sweeper") -> Grant:
    now = int(time.time())
    return Grant(issuer, jti, now, now + 30, None, None, [])


def a_memory(path: Path, deletes_per_minute: int = 600) -> ReplayMemory:
    """A memory that began two minutes ago."""
    memory = ReplayMemory(path, deletes_per_minute)
    memory.began(time.time() - 120)
    return memory


def spend_once(path: str, start: "multiprocessing.synchronize.Barrier") -> bool:
    memory = a_memory(Path(path))
    start.wait(10)
    try:
        memory.spend(grant(), 0, time.time())
    except GrantAlreadyUsed:
        return False
    return True


def _worker(path: str, start: "multiprocessing.synchronize.Barrier", won: "multiprocessing.Queue[bool]") -> None:
    won.put(spend_once(path, start))


def test_s07_of_eight_workers_at_once_one_spends_a_grant(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, won = context.Barrier(8), context.Queue()
    workers = [context.Process(target=_worker, args=(str(tmp_path / "replay"), start, won)) for _ in range(8)]
    for worker in workers:
        worker.start()
    outcomes = [won.get(timeout=30) for _ in workers]
    for worker in workers:
        worker.join(10)
    assert sorted(outcomes) == [False] * 7 + [True]


def test_s07_a_grant_works_once(tmp_path: Path) -> None:
    client, signed = a_client(tmp_path), a_grant()
    assert ask(client, signed)[0] == 200
    status, answer = ask(client, signed)
    assert (status, answer["error"]) == (409, "grant_already_used")


def test_s07_a_grant_from_before_the_memory_began_is_refused(tmp_path: Path) -> None:
    client = a_client(tmp_path, clock=time.time)
    status, answer = ask(client, a_grant())
    assert (status, answer["error"]) == (401, "invalid_grant")
    assert client.get("/readyz").get_json()["checks"]["replay_memory"] == "replay_memory_unavailable"


def test_s07_a_memory_that_was_taken_away_begins_anew(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    assert ask(client, a_grant())[0] == 200
    for file in tmp_path.glob("replay.sqlite*"):
        file.unlink()
    status, answer = ask(client, a_grant())
    assert (status, answer["error"]) == (401, "invalid_grant")


def test_s07_a_memory_taken_away_while_a_grant_is_looked_at_spends_nothing(tmp_path: Path) -> None:
    memory = a_memory(tmp_path / "replay")
    for file in tmp_path.glob("replay*"):
        file.unlink()
    with pytest.raises(ReplayMemoryUnavailable):
        memory.spend(grant(), 0, time.time())


def test_an_unusable_memory_stops_signing_and_says_so(tmp_path: Path) -> None:
    client = a_client(tmp_path, REPLAY_FILE=str(tmp_path / "nowhere" / "replay"), clock=time.time)
    status, answer = ask(client, a_grant())
    assert (status, answer["error"]) == (503, "replay_memory_unavailable")


def test_a_file_that_is_no_database_stops_signing(tmp_path: Path) -> None:
    (tmp_path / "replay").write_bytes(b"not a database" * 100)
    with pytest.raises(ReplayMemoryUnavailable):
        ReplayMemory(tmp_path / "replay", 600).spend(grant(), 0, time.time())


def test_what_is_long_past_is_forgotten(tmp_path: Path) -> None:
    memory = a_memory(tmp_path / "replay")
    memory.spend(grant(), 0, time.time())
    memory.spend(grant("3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a02"), 0, time.time() + 60)
    kept = sqlite3.connect(tmp_path / "replay").execute("SELECT jti FROM used").fetchall()
    assert kept == [("3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a02",)]


def test_s25_the_sweepers_deletes_are_capped_a_minute_and_others_go_on(tmp_path: Path) -> None:
    minute = int(time.time()) // 60 * 60
    memory = a_memory(tmp_path / "replay", 4)
    memory.spend(grant(), 4, minute)
    with pytest.raises(NotPermitted):
        memory.spend(grant("3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a02"), 1, minute + 1)
    memory.spend(grant("3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a03", "metadata"), 1, minute + 1)
    memory.spend(grant("3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a02"), 1, minute + 60)


def test_s25_a_refused_delete_is_told_and_audited(tmp_path: Path) -> None:
    client = a_client(tmp_path, DELETES_PER_MINUTE="3")
    status, answer = sweep(client, 4)
    assert (status, answer["error"]) == (403, "operation_not_permitted")
    lines = [json.loads(line) for file in (tmp_path / "audit").iterdir() for line in file.read_text().splitlines()]
    assert lines[-1]["event"] == "refused"
