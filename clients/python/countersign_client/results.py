"""Answers as types, checked where they come in. A signed URL opens what it is for: no repr, hence no log, shows one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import CountersignError


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """A URL that whoever has it may read until it expires."""

    url: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where an upload's bytes go: a PUT to `upload_url` with exactly these headers. `url` is where it will be read."""

    upload_id: str
    object_key: str
    upload_url: str = field(repr=False)
    headers: Mapping[str, str]
    url: str = field(repr=False)
    max_bytes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that was begun before with the same Idempotency-Key, and whose bytes are there: complete it."""

    upload_id: str
    object_key: str
    state: str


@dataclass(frozen=True, slots=True)
class ReadyUpload:
    """An upload that was checked and is served. `urls` by size, `width` and `height` only of pictures.

    Of one that was blocked since, `url` is None and `urls` are none.
    """

    upload_id: str
    object_key: str
    url: str | None = field(repr=False)
    urls: Mapping[str, str] = field(repr=False)
    bytes: int
    content_type: str
    width: int | None
    height: int | None


Answer = SignedUrl | Place | Begun | CountersignError


def of_item(number: int, said: Any) -> Answer:
    """One item's answer; a refusal is one too, and is not raised. Raises CountersignError where it is no answer."""
    try:
        if "error" in said:
            return CountersignError(str(said["error"]), str(said.get("message", "")), item=number, said=said)
        if "upload_url" in said:
            return _place(said)
        if "upload_id" in said:
            return Begun(said["upload_id"], said["key"], said["state"])
        return SignedUrl(said["url"], _moment(said["expires_at"]))
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise unexpected(fault) from fault


def ready(said: Mapping[str, Any]) -> ReadyUpload:
    """The answer of complete. Raises CountersignError where it is none."""
    try:
        return ReadyUpload(
            upload_id=said["upload_id"],
            object_key=said["key"],
            url=said["url"],
            urls=dict(said.get("urls") or {}),
            bytes=said["bytes"],
            content_type=said["content_type"],
            width=said.get("width"),
            height=said.get("height"),
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise unexpected(fault) from fault


def unexpected(fault: Exception) -> CountersignError:
    """An answer that is not in the interface's form."""
    return CountersignError("unexpected_answer", f"the answer is not as documented: {type(fault).__name__} {fault}")


def _place(said: Mapping[str, Any]) -> Place:
    return Place(
        upload_id=said["upload_id"],
        object_key=said["key"],
        upload_url=said["upload_url"],
        headers=dict(said["headers"]),
        url=said["url"],
        max_bytes=said["max_bytes"],
        expires_at=_moment(said["expires_at"]),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
