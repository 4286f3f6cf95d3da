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

from . import clock, grants, signing_each
from .callers import Caller
from .object_keys import ObjectKey
from .signing_each import ToSign
from .store import holdings

log = logging.getLogger("metadata")
URLS_LIVE: Final = 3_600
"""Seconds; docs/contracts/grant-v1.md allows no more."""

Row = dict[str, Any]
NO_URLS: Final[Row] = {"urls": None, "urls_end_at": None}


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
    """Objects with a URL for every size, but for those that are blocked, or that the signer has frozen.

    One of these must not keep the person from all the rest. Raises Unavailable where there are too many of them.
    """
    plans = [NO_URLS if "blocked" in row else _reading(ObjectKey.parse(row["key"])) for row in rows]
    answers = signing_each.answers(plans, caller)
    return [row | {name: said.get(name) for name in NO_URLS} for row, said in zip(rows, answers, strict=True)]


def _reading(object_key: ObjectKey) -> ToSign:
    return ToSign(
        lambda now: [grants.get_served(object_key, object_key.sizes, now + URLS_LIVE)],
        lambda signed: {"urls": signed[0].urls, "urls_end_at": clock.iso(signed[0].expires_at)},
    )


def _log_signatures() -> None:
    """The audit lines of what was signed since: the request's own line is out before the rest of its answer."""
    lines = g.pop("audit_lines", [])
    if lines:
        log.info("exported", extra={"audit": lines})
