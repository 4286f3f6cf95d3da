"""What can go wrong, as one type with the answer's own words in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CountersignError(Exception):
    """A refusal, or an answer that is none.

    `code` says what was wrong, in snake_case; `reason` why an upload was rejected; `fields` what is wrong with each
    field; `item` is the number of the item that it is about, of those in one request. By `request_id` the server's log
    finds it; `retry_after` is in seconds, 0 where nothing was said.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        item: int | None = None,
        request_id: str | None = None,
        retry_after: float = 0.0,
        said: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.item = item
        self.request_id = request_id
        self.retry_after = retry_after
        self.reason: str | None = (said or {}).get("reason")
        self.fields: Mapping[str, Any] | None = (said or {}).get("fields")


class Unreachable(CountersignError):
    """No whole answer came. Whether what was asked for was done is unknown: ask again with the same Idempotency-Key."""

    def __init__(self, message: str) -> None:
        super().__init__("unreachable", message)
