"""A copy of all that is held about a person, as JSON that is written while it is read: fifty thousand files, too.

URLs are signed page by page, as late as they are written, and live as long as the signer lets a URL of one's own live.
What cannot be ended properly is cut off, so that nobody takes half of it for the whole.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson
from flask import g

from . import clock, grants, ways_out
from .callers import Caller
from .object_keys import ObjectKey
from .store import holdings

log = logging.getLogger("metadata")
URLS_LIVE: Final = 3_600
"""Seconds; docs/contracts/grant-v1.md allows no more."""

Row = dict[str, Any]


def pieces(caller: Caller) -> Iterator[bytes]:
    """The document, piece by piece; the first one comes when the first URLs are signed. Raises Unavailable."""
    written = _opening(caller)
    for section in holdings.SECTIONS:
        written += b',"%s":[' % section.encode("ascii")
        separator = b""
        for rows in holdings.pages(section, caller.owner):
            if rows:
                shown = _signed(caller, rows) if section == holdings.OBJECTS else rows
                written += separator + orjson.dumps(shown)[1:-1]
                separator = b","
            yield written
            written = b""
            _log_signatures()
        written = b"]"
    yield b"]}\n"


def _opening(caller: Caller) -> bytes:
    spoken = {
        "exported_at": clock.iso(clock.now()),
        "user_id": caller.owner,
        "account": holdings.account(caller.owner),
        "profile": holdings.profile(caller.owner),
    }
    return orjson.dumps(spoken)[:-1]


def _signed(caller: Caller, rows: Sequence[Row]) -> list[Row]:
    """Objects with a URL for every size, but for those that are blocked; one grant for all."""
    now = clock.now()
    open_ones = [ObjectKey.parse(row["key"]) for row in rows if "blocked" not in row]
    items = [grants.get_served(object_key, object_key.sizes, now + URLS_LIVE) for object_key in open_ones]
    answers = ways_out.current().signer.sign(items, caller.asker) if items else []
    urls = {object_key.text(): answer.urls for object_key, answer in zip(open_ones, answers, strict=True)}
    ends_at = clock.iso(now + URLS_LIVE)
    return [row | {"urls": urls.get(row["key"]), "urls_end_at": ends_at} for row in rows]


def _log_signatures() -> None:
    """The audit lines of what was signed since: the request's own line is out before the rest of its answer."""
    lines = g.pop("audit_lines", [])
    if lines:
        log.info("exported", extra={"audit": lines})
