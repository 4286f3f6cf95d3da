"""DynamoDB by a lean transport: kept connections, own signing, and botocore's behaviour where it counts.

That is: retries with full jitter, time limits, checksums of answers, credentials that renew themselves. It knows no
table of ours; the modules beside it do.
"""

from __future__ import annotations

import random
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from flask import current_app, has_app_context

from ..connections import Address, Answer, Connections, Unreachable
from . import credentials
from .attributes import Item, from_wire, to_wire
from .refusals import ConditionFailed, RequestRefused, TransactionRefused, Unavailable, error_code, raise_unless_retried
from .sigv4 import HeaderSigner
from .writes import Addition, Write, add_write, check_write, delete_write, merged, put_write, update_write

__all__ = [
    "ConditionFailed",
    "Dynamodb",
    "Item",
    "RequestRefused",
    "TransactionRefused",
    "Unavailable",
    "Write",
    "add_write",
    "check_write",
    "current",
    "delete_write",
    "put_write",
    "update_write",
    "use",
]

PATIENCE: Final = 3.0
"""Seconds without a byte before an attempt is given up."""
ATTEMPTS: Final = 6
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
LONGEST_ANSWER: Final = 17 * 1024 * 1024
LARGEST_BATCH: Final = 100


class Dynamodb:
    """The tables whose names begin with `prefix`. Threads may share it; each has a connection of its own."""

    def __init__(
        self, region: str, endpoint: str = "", prefix: str = "countersign-", source: credentials.Source | None = None
    ) -> None:
        url = endpoint or f"https://dynamodb.{region}.amazonaws.com"
        self._address, self._host = Address.parse(url), urlsplit(url).netloc
        self._prefix = prefix
        self._source = source or credentials.source()
        self._signer = HeaderSigner("dynamodb", region)
        self._connections = Connections(patience=PATIENCE, deadline=2 * PATIENCE)

    def get(self, table: str, partition_key: Item, *, consistent: bool = True) -> Item | None:
        """One row by its whole primary key, or None."""
        asked = {**self._of(table), "Key": to_wire(partition_key), "ConsistentRead": consistent}
        return _optional(self._ask("GetItem", asked).get("Item"))

    def batch_get(self, table: str, item_keys: Sequence[Item], *, consistent: bool = False) -> list[Item]:
        """Those rows that exist, in no order; the keys must differ from each other."""
        name = self._prefix + table
        found: list[Item] = []
        for start in range(0, len(item_keys), LARGEST_BATCH):
            wanted = [to_wire(item_key) for item_key in item_keys[start : start + LARGEST_BATCH]]
            pauses = _pauses()
            while wanted:
                asked = {"RequestItems": {name: {"Keys": wanted, "ConsistentRead": consistent}}}
                answer = self._ask("BatchGetItem", asked)
                found += map(from_wire, answer["Responses"].get(name, ()))
                # What did not fit, or was throttled, is asked for again.
                wanted = answer.get("UnprocessedKeys", {}).get(name, {}).get("Keys", [])
                if wanted:
                    _wait(pauses)
        return found

    def put(
        self,
        table: str,
        item: Item,
        *,
        condition: str | None = None,
        values: Item | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Write a whole row. Raises ConditionFailed."""
        self._write(put_write(table, item, condition=condition, values=values, names=names))

    def update(
        self,
        table: str,
        item_key: Item,
        expression: str,
        *,
        condition: str | None = None,
        values: Item | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """Change a row, and return it as it is then. Raises ConditionFailed.

        It may be repeated after a lost answer: an expression that adds needs a condition that fails then.
        """
        write = update_write(table, item_key, expression, condition=condition, values=values, names=names)
        return from_wire(self._write(write, ReturnValues="ALL_NEW")["Attributes"])

    def delete(
        self,
        table: str,
        item_key: Item,
        *,
        condition: str | None = None,
        values: Item | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a row; without a condition, that there is none is fine. Raises ConditionFailed."""
        self._write(delete_write(table, item_key, condition=condition, values=values, names=names))

    def query(
        self,
        table: str,
        condition: str,
        *,
        values: Item,
        names: Mapping[str, str] | None = None,
        index: str | None = None,
        filter: str | None = None,
        forward: bool = True,
        limit: int | None = None,
        after: Item | None = None,
        consistent: bool = False,
    ) -> tuple[list[Item], Item | None]:
        """One page of a partition's rows, in order, and the key to go on after, None at the end."""
        asked = {
            **self._of(table),
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_wire(values),
            "ExpressionAttributeNames": names,
            "IndexName": index,
            "FilterExpression": filter,
            "ScanIndexForward": forward,
            "Limit": limit,
            "ExclusiveStartKey": to_wire(after) if after else None,
            "ConsistentRead": consistent,
        }
        answer = self._ask("Query", {name: value for name, value in asked.items() if value is not None})
        return [from_wire(item) for item in answer["Items"]], _optional(answer.get("LastEvaluatedKey"))

    def transact(self, writes: Sequence[Write], *, token: str) -> None:
        """All of the writes or none; additions to one row are joined first. Raises TransactionRefused.

        The same `token` (at most 36 characters) with the same writes is one transaction, for ten minutes: so a
        repeat after a lost answer succeeds (DynamoDB API: TransactWriteItems, ClientRequestToken).
        """
        joined, places = merged(writes)
        items = [{write.operation: self._content(write)} for write in joined]
        try:
            self._ask("TransactWriteItems", {"TransactItems": items, "ClientRequestToken": token})
        except TransactionRefused as refused:
            raise _told_of(refused, joined, places) from None

    def _write(self, write: Write, **more: Any) -> dict[str, Any]:
        return self._ask(f"{write.operation}Item", {**self._content(write), **more})

    def _content(self, write: Write) -> dict[str, Any]:
        return {**self._of(write.table), **write.content}

    def _of(self, table: str) -> dict[str, str]:
        return {"TableName": self._prefix + table}

    def _ask(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one operation, asked until there is one. Raises what it refuses with, or Unavailable."""
        body = orjson.dumps(asked)
        pauses = _pauses()
        is_repeat = False
        cause: Exception | None
        while True:
            try:
                answer = self._exchange(operation, body)
                content = _content_of(answer)
            except (Unreachable, ValueError) as fault:
                is_repeat, reason, cause = True, str(fault), fault
            else:
                if answer.status == 200:
                    return content
                reason, cause = error_code(content) or f"status {answer.status}", None
                # After 5xx, too, the write may have been done.
                is_repeat = is_repeat or answer.status >= 500
                raise_unless_retried(answer.status, reason, content, is_repeat=is_repeat)
            _wait(pauses, f"{operation}: {reason}", cause)

    def _exchange(self, operation: str, body: bytes) -> Answer:
        named = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
        headers = self._signer.headers(self._source(), self._host, named, body, time.time())
        return self._connections.ask(
            self._address, "POST", "/", headers={"host": self._host, **headers}, body=body, limit=LONGEST_ANSWER
        )


_used_outside_flask: list[Dynamodb] = []


def use(dynamodb: Dynamodb) -> None:
    """Make it the one that `current` returns where there is no Flask app: in commands."""
    _used_outside_flask[:] = [dynamodb]


def current() -> Dynamodb:
    """The app's, or the command's."""
    if has_app_context():
        found: Dynamodb = current_app.extensions["dynamodb"]
        return found
    return _used_outside_flask[0]


def _optional(item: Mapping[str, Any] | None) -> Item | None:
    return from_wire(item) if item else None


def _told_of(refused: TransactionRefused, joined: Sequence[Write], places: Sequence[int]) -> TransactionRefused:
    """The refusal by the writes as they were given, with the limits that it is about, if it is about nothing else."""
    full: list[str] = []
    is_about_limits = True
    for write, reason, item in zip(joined, refused.reasons, refused.items, strict=True):
        if isinstance(write, Addition):
            full += write.exceeded(item) if reason else ()
        elif reason is not None:
            is_about_limits = False
    reasons, items = [refused.reasons[place] for place in places], [refused.items[place] for place in places]
    return TransactionRefused(reasons, items, tuple(full) if is_about_limits else ())


def _content_of(answer: Answer) -> dict[str, Any]:
    """The body as an object. Raises ValueError where it is not what was sent."""
    promised = answer.headers.get("x-amz-crc32")
    if promised is not None and promised != str(zlib.crc32(answer.body)):
        raise ValueError("an answer with a wrong checksum")
    if answer.status >= 500 and not answer.body.startswith(b"{"):
        return {}
    content: dict[str, Any] = orjson.loads(answer.body)
    return content


def _pauses() -> Iterator[float]:
    """Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"), one pause for each further attempt."""
    for attempt in range(ATTEMPTS - 1):
        yield random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))  # noqa: S311 - a pause, not a secret


def _wait(pauses: Iterator[float], reason: str = "throttled", cause: Exception | None = None) -> None:
    pause = next(pauses, None)
    if pause is None:
        raise Unavailable("the records cannot be reached; ask again") from cause or RequestRefused(reason)
    time.sleep(pause)
