"""Galleries: photos straight in the table, as many as a test wants, and what is there and said of it."""

import time
import uuid
from pathlib import Path
from typing import Any

from metadata_service import kinds
from tests.integration.uploads_stack import Person, Stack, make_app

PHOTO = {"file_type": "photo"}
AT_ONCE = 25
"""Rows of one BatchWriteItem."""


def write(stack: Stack, owner: str, moments: list[int]) -> list[str]:
    """A row for each of these milliseconds; the photos' ids, in the same order."""
    engine, table = stack.deployment.client("dynamodb"), stack.deployment.table_prefix + "photos"
    rows = [a_row(owner, moment) for moment in moments]
    for start in range(0, len(rows), AT_ONCE):
        puts = [{"PutRequest": {"Item": row}} for row in rows[start : start + AT_ONCE]]
        answer = engine.batch_write_item(RequestItems={table: puts})
        assert not answer["UnprocessedItems"]
    return [row["imageId"]["S"] for row in rows]


def a_row(owner: str, moment: int) -> dict[str, Any]:
    image_id = str(uuid.uuid4())
    return {
        "userId": {"S": owner},
        "uploadedAt": {"N": str(moment)},
        "imageId": {"S": image_id},
        "s3Key": {"S": f"users/{owner}/photos/{image_id}.jpg"},
        "mimeType": {"S": "image/jpeg"},
        "sizes": {"L": [{"S": "150"}, {"S": "400"}, {"S": "800"}]},
        "width": {"N": "800"},
        "height": {"N": "560"},
        "kind": {"S": "photo"},
        "visibility": {"S": "private"},
    }


def remove(stack: Stack, owner: str, moment: int) -> None:
    table = stack.deployment.table_prefix + "photos"
    stack.deployment.client("dynamodb").delete_item(
        TableName=table, Key={"userId": {"S": owner}, "uploadedAt": {"N": str(moment)}}
    )


def of(person: Person) -> list[dict[str, Any]]:
    """Every row of a person's, the oldest first, the values as DynamoDB writes them."""
    asked = person.stack.deployment.client("dynamodb").query(
        TableName=person.stack.deployment.table_prefix + "photos",
        KeyConditionExpression="userId = :owner",
        ExpressionAttributeValues={":owner": {"S": person.sub}},
        ConsistentRead=True,
    )
    found: list[dict[str, Any]] = asked["Items"]
    return found


def past(count: int) -> list[int]:
    """So many different milliseconds, all of them over."""
    now = time.time_ns() // 1_000_000
    return [now - 7 * number - 1 for number in range(count)]


def at(person: Person, folder: Path, *, photo: str = "", **changed: str) -> Person:
    """The same person at another metadata, where the kind `photo` says what `photo` says."""
    packaged = kinds.PACKAGED.read_text()
    before, table, after = packaged.partition("[photo]\n")
    names = [line.partition(" =")[0] for line in photo.splitlines()]
    own, gap, others = after.partition("\n[")
    kept = [line for line in own.splitlines() if line.partition(" =")[0] not in names]
    (folder / "kinds.toml").write_text(before + table + "\n".join([*kept, photo]) + "\n" + gap + others)
    environment = person.stack.metadata_environment | {"KINDS_FILE": str(folder / "kinds.toml")} | changed
    return Person(person.sub, person.stack, make_app(environment).test_client())


def audit_lines(stack: Stack) -> int:
    """How often the signer has signed or refused anything."""
    return sum(path.read_bytes().count(b"\n") for path in (stack.folder / "audit").rglob("*") if path.is_file())


def listed(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = person.ask("GET", f"/photos{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["photos"]
    return found
