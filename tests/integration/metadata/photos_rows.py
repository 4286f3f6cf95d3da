"""Photos straight in the table, as many as a test wants, and what is there."""

import time
import uuid
from typing import Any

from tests.integration.uploads_stack import Person, Stack

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
