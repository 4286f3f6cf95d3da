"""More to delete than a minute allows: what is overdue expires all the same, and everyone has their turn."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from metadata_service.commands import sweep
from metadata_service.config import SweeperConfig
from metadata_service.connections import Answer
from metadata_service.store import media
from metadata_service.store.dynamodb import Dynamodb
from tests.integration.uploads_stack import Person, Stack, a_picture, sizes_of

LONG_AGO = 2 * 3_600
SMALL = a_picture(size=(40, 40))


def has_replaced(person: Person, count: int, overdue: int) -> str:
    """Pictures that were replaced, due for so many seconds; the key of the one that is current."""
    keys = [person.has(SMALL)["key"] for _ in range(count + 1)]
    for sort_key in person.rows:
        if sort_key.startswith("CLEANUP#"):
            person.stack.set_numbers(person.sub, sort_key, due=int(time.time()) - overdue)
    return str(keys[-1])


def has_overdue_uploads(person: Person, count: int) -> None:
    """So many that it would be a wonder if they were not in every shard."""
    now = int(time.time())
    for _ in range(count):
        begun = person.begin()
        long_ago = {"url_ends_at": now - LONG_AGO, "due": now - LONG_AGO + 3_600}
        person.stack.set_numbers(person.sub, f"UPLOAD#{begun['upload_id']}", **long_ago)


def states_of(person: Person) -> set[str]:
    return {row["state"]["S"] for sort_key, row in person.rows.items() if sort_key.startswith("UPLOAD#")}


def test_a_round_keeps_to_its_budget_and_gives_everyone_their_turn(alice: Person, bob: Person, stack: Stack) -> None:
    stack.sweep()
    current_of_alice = has_replaced(alice, 8, overdue=1_000)
    current_of_bob = has_replaced(bob, 1, overdue=1)
    before = len(alice.keys | bob.keys)

    [swept] = [line for line in stack.sweep(DELETES_PER_MINUTE="20") if line["event"] == "swept"]

    assert swept["is_cut_short"]
    assert bob.keys == sizes_of(current_of_bob)
    assert before - 20 <= len(alice.keys | bob.keys) < before - 14
    for _ in range(2):
        stack.sweep(DELETES_PER_MINUTE="20")
    assert alice.keys == sizes_of(current_of_alice)


def test_where_the_signers_cap_is_reached_the_rest_waits_and_all_that_is_overdue_expires(
    alice: Person, bob: Person, stack: Stack, tmp_path: Path
) -> None:
    stack.sweep()
    current = has_replaced(alice, 8, overdue=1_000)
    has_overdue_uploads(bob, 16)
    before = alice.keys
    socket_path = stack.folder / "capped.sock"
    changed = {"BIND": f"unix:{socket_path}", "REPLAY_FILE": str(tmp_path / "replay"), "AUDIT_DIR": str(tmp_path)}
    stack.start_signer("capped", **changed, DELETES_PER_MINUTE="10")
    try:
        logged = stack.sweep(SIGNERS=f"a=unix:{socket_path}")
    finally:
        stack.stop("capped")

    assert states_of(bob) == {"expired"}
    assert alice.keys == before
    assert [line["level"] for line in logged if line["event"] != "expired"] == ["INFO"]
    assert audited(tmp_path).count("refused") == 1
    stack.sweep()
    assert alice.keys == sizes_of(current)


def audited(folder: Path) -> list[str]:
    lines = [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]
    return [json.loads(line)["event"] for line in lines]


def test_a_round_finds_what_is_due_in_few_requests_however_much_one_person_has(
    alice: Person, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb, asked = stack.deployment.client("dynamodb"), Counter[str]()
    for number in range(120):
        row = {"UserId": alice.sub, "EntityType": f"CLEANUP#incoming#{number:08x}-0000-4000-8000-000000000000"}
        row |= {"category": "profile", "ext": "jpg", "shard": "0"}
        item = {name: {"S": text} for name, text in row.items()} | {"due": {"N": "1"}}
        dynamodb.put_item(TableName=f"{stack.deployment.table_prefix}media", Item=item)
    exchange = Dynamodb._exchange

    def counting(transport: Dynamodb, operation: str, body: bytes) -> Answer:
        asked[operation] += 1
        return exchange(transport, operation, body)

    monkeypatch.setattr(Dynamodb, "_exchange", counting)
    swept = sweep.swept(sweep.made(SweeperConfig.from_environment(stack.sweeper_environment), is_dry=False))
    assert swept is not None
    assert swept.deleted >= 120
    assert asked["Query"] == len(media.SHARDS)
    assert not [name for name in alice.rows if name.startswith("CLEANUP#")]
