"""Opening one object for reading: who may, by what proof, and for how long what we answer may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from . import clock, media_urls, ways_out
from .callers import Caller
from .errors import NotFound
from .object_keys import ObjectKey
from .store import objects
from .store.objects import StoredObject

SPARE: Final = 10
"""Seconds of a URL's life that no cache may use up: whoever is redirected must still get there."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A signed URL, and how many seconds a cache may keep it; a public one is the same for all within a window."""

    url: str
    is_public: bool
    max_age: int


def open_for(object_key: ObjectKey, size: str, caller: Caller | None) -> Opened:
    """A URL to one size of an object. Raises NotFound where there is none for this caller, or it is blocked."""
    stored = objects.get(object_key)
    if stored is not None and size in object_key.sizes:
        if stored.is_public:
            return _public(stored, size)
        proof = media_urls.proof(stored, caller)
        if caller is not None and proof is not None:
            return _private(stored, size, caller, proof)
    raise NotFound("there is nothing here, or you may not see it")


def _public(stored: StoredObject, size: str) -> Opened:
    """By its receipt, in the window that now falls in."""
    out, now = ways_out.current(), clock.now()
    life = out.kinds.reading_expiry(stored.kind, stored.object_key.category)
    window = life // 2
    ends_at = now - now % window + life
    item = media_urls.to_read(stored, [size], ends_at, receipt=stored.receipt, window=window)
    [answer] = out.signer.sign([item])
    return Opened(answer.urls[size], True, _max_age(ends_at - now))


def _private(stored: StoredObject, size: str, caller: Caller, proof: Mapping[str, str]) -> Opened:
    """By the caller's own token, as the owner or as somebody who is signed in."""
    out, now = ways_out.current(), clock.now()
    life = out.kinds.reading_expiry(stored.kind, stored.object_key.category)
    item = media_urls.to_read(stored, [size], now + life, **proof)
    [answer] = out.signer.sign([item], caller.asker)
    return Opened(answer.urls[size], False, _max_age(life))


def _max_age(seconds: int) -> int:
    return max(0, seconds - SPARE)
