"""Erasing an account: first a tombstone, then everything else, in small steps that anybody may go on with.

    begin → uploads, objects, links, other rows, bytes that wait → finish

`begin` is one transaction: the account becomes a tombstone, its username is free, and a row says that the rest is to be
removed. From then on nothing new begins for this person, for whatever would begin checks the tombstone in its own
transaction; what began before is in the records by then, and is removed in the order in which one thing can bring
forth another: ended uploads bring forth no objects. Bytes go by the sweep, which every step queues for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from . import clock
from .errors import Unavailable
from .store import cleanups, erasures, links, objects, profiles, uploads, users
from .store.erasures import Erasure, transacted
from .store.profiles import Profile
from .store.users import Account

ATTEMPTS: Final = 12
HANDS_OFF: Final = 30
"""Seconds for which the sweep leaves an erasure to whoever is at it: how long it rests after a crash, no more."""
SECONDS_OF_A_REQUEST: Final = 2.0
PAGE: Final = 25
"""Objects in a step: each takes up to four writes of the hundred that a transaction may have."""

Removed = Counter[str]
"""How many records went, by what they were; `waits`: how many files need not wait any more."""


def erase(owner: str) -> None:
    """Erase an account, also where there is none yet: at once as far as one request may go, the rest by the sweep.

    Raises AccountErased, or Unavailable where nothing was done.
    """
    begun, _ = begin(owner)
    with suppress(Unavailable):  # it has begun, and so it will end
        advance(begun, SECONDS_OF_A_REQUEST)


def begin(owner: str) -> tuple[Erasure, Removed]:
    """The tombstone, and the record that the rest is to be removed. Raises AccountErased."""
    for _ in range(ATTEMPTS):
        account, seen, now = users.get(owner), links.of(owner), clock.now()
        own = _profiles(owner, account)
        erasure = Erasure(owner, now + HANDS_OFF, seen.row_ids)
        writes = [
            users.bury_write(owner, account, now),
            *map(profiles.erase_write, own),
            links.all_seen_write(owner, seen),
            erasures.begin_write(erasure),
        ]
        # A rename, a new link or another erasure came in between: read it all again.
        if transacted(writes):
            return erasure, Removed(accounts=int(account is not None), profiles=len(own))
    raise Unavailable("the account is being changed elsewhere; ask again")


def _profiles(owner: str, account: Account | None) -> list[Profile]:
    """The person's profile, and what else others may have recorded as theirs."""
    named = None if account is None or account.username is None else profiles.by_username(account.username)
    found = {profile.username: profile for profile in profiles.of_user(owner)}
    if named is not None and named.user_id == owner:
        found[named.username] = named
    return list(found.values())


def advance(erasure: Erasure, seconds: float) -> bool:
    """Go on with it for about so long, for one step at least; whether it is finished."""
    until = time.monotonic() + seconds
    return all(time.monotonic() < until for _ in steps(erasure))


def steps(erasure: Erasure) -> Iterator[Removed]:
    """What each step removed; at the end nothing is left but bytes that wait.

    Read and begun anew after any step, it goes on where it was.
    """
    yield from _uploads(erasure.owner)
    yield from _objects(erasure.owner)
    if erasure.link_ids:
        erasures.remove_links(erasure)
        yield Removed(links=len(erasure.link_ids))
    while count := erasures.remove_other_rows(erasure.owner):
        yield Removed(others=count)
    yield from _hurried(erasure.owner)
    erasures.finish(erasure.owner)


def _uploads(owner: str) -> Iterator[Removed]:
    """End what is pending, so that whoever completes it loses, then forget all of them."""
    while found := uploads.page(owner, PAGE)[0]:
        pending = [upload for upload in found if upload.is_pending]
        for upload in pending:
            uploads.cancel(upload, clock.now())  # or somebody else ended it: the next reading tells
        ended = [upload for upload in found if not upload.is_pending]
        is_done = bool(ended) and transacted([uploads.forget_write(upload) for upload in ended])
        yield Removed(uploads=len(ended) if is_done else 0)


def _objects(owner: str) -> Iterator[Removed]:
    """Let the objects go, with their rows in the gallery; their bytes are queued."""
    while found := objects.page(owner, PAGE)[0]:
        is_done = transacted([write for stored in found for write in objects.retired_writes(stored)])
        yield Removed(objects=len(found) if is_done else 0)


def _hurried(owner: str) -> Iterator[Removed]:
    """Bytes that a URL could still write, or that were never put to use, go now, and again when no URL is left."""
    after = None
    while True:
        found, after = cleanups.waiting(owner, clock.now(), after)
        for cleanup in found:
            cleanups.hurry(cleanup, clock.now())
        if found:
            yield Removed(waits=len(found))
        if after is None:
            return
