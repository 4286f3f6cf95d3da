"""Uploads begun together, once for each Idempotency-Key, however often the request that wants them is repeated.

The ids of all are recorded in the transaction that begins the first ninety. Whoever is killed before the rest is begun
leaves that to the next repeat, which knows their ids; and so two repeats at once begin the same uploads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from .. import clock, ways_out
from ..callers import Caller
from ..errors import ApiError, Unavailable
from ..kinds import Kind
from ..store import idempotency, tallies, uploads
from ..store.idempotency import Remembered
from ..store.uploads import MOST_TOGETHER
from ..upload_errors import IdempotencyConflict
from ..upload_record import Upload
from . import quotas
from .beginning import Wanted, drafted, no_room, permitted

ATTEMPTS: Final = 8
MOST_PENDING: Final = 1_000
"""Uploads that a service may have pending: ten whole batches."""

Refused = dict[str, Any]
"""The body of a refusal."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be begun, by the item's number; `digest`: of the whole body, which a repeat must have again."""

    idempotency_key: str
    digest: str
    wanted: Mapping[int, Wanted | Refused]


def begin_once(caller: Caller, request: Request) -> dict[int, Upload | Refused]:
    """Each upload as it is now, or why there is none, by the item's number.

    Raises IdempotencyConflict or Unavailable.
    """
    for _ in range(ATTEMPTS):
        remembered = idempotency.get(caller.owner, request.idempotency_key, clock.now())
        try:
            if remembered is None:
                return _begun_first(caller, request)
            return _begun_again(caller, request, remembered)
        except uploads.AlreadyBegun:
            continue  # by the same request, sent twice at once: look at what that one did
    raise Unavailable("the same request is being answered elsewhere; ask again")


def with_time_left(upload: Upload, kind: Kind, now: int) -> Upload:
    """The upload as it is then: its URL, where bytes may still come, ends no sooner than after half of its life."""
    if upload.state != "requested" or upload.url_ends_at - now >= kind.upload_expiry // 2:
        return upload
    return uploads.prolong(upload, now + kind.upload_expiry)


def _begun_first(caller: Caller, request: Request) -> dict[int, Upload | Refused]:
    drafts, refused = _drafts(caller, request.wanted, {})
    told = {number: {"upload_id": upload.id} for number, upload in drafts.items()}
    remembered = Remembered(caller.owner, request.idempotency_key, request.digest, told | refused)
    return _recorded(caller.owner, drafts, remembered) | refused


def _begun_again(caller: Caller, request: Request, remembered: Remembered) -> dict[int, Upload | Refused]:
    if remembered.digest != request.digest:
        raise IdempotencyConflict
    upload_ids = remembered.upload_ids
    found = uploads.get_many(caller.owner, list(upload_ids.values()))
    there = {number: found[upload_id] for number, upload_id in upload_ids.items() if upload_id in found}
    missing = {number: request.wanted[number] for number in upload_ids if number not in there}
    drafts, refused = _drafts(caller, missing, upload_ids)
    before = {number: dict(told) for number, told in remembered.outcomes.items() if number not in upload_ids}
    return before | refused | there | _recorded(caller.owner, drafts)


def _drafts(
    caller: Caller, wanted: Mapping[int, Wanted | Refused], upload_ids: Mapping[int, str]
) -> tuple[dict[int, Upload], dict[int, Refused]]:
    """What may be begun, under the ids that are given already or new ones, and what may not."""
    drafts: dict[int, Upload] = {}
    refused: dict[int, Refused] = {}
    for number, each in wanted.items():
        if not isinstance(each, Wanted):
            refused[number] = each
            continue
        try:
            kind = permitted(each, ways_out.current().kinds)
            drafts[number] = drafted(caller.owner, each, kind, upload_ids.get(number) or clock.new_id())
        except ApiError as refusal:
            refused[number] = refusal.answer()
    return drafts, refused


def _recorded(owner: str, drafts: Mapping[int, Upload], first: Remembered | None = None) -> dict[int, Upload | Refused]:
    """Record uploads, by ninety, `first` with the first of them. Raises AlreadyBegun where somebody else does.

    What there is no room for is remembered as what is yet to be begun: a repeat tries it again.
    """
    out = ways_out.current()
    limit = MOST_PENDING if out.pending_limit else 0
    beside = [] if first is None else [idempotency.remember_write(first, clock.now())]
    outcomes: dict[int, Upload | Refused] = dict(drafts)
    left = dict(drafts)
    while left or beside:
        chunk = dict(islice(left.items(), MOST_TOGETHER))
        begun = list(chunk.values())
        try:
            uploads.begin_together(owner, begun, quotas.rooms_for(begun, out.kinds), limit, beside)
        except (tallies.PendingLimitReached, tallies.QuotaReached) as reached:
            going = {number for number, draft in left.items() if _is_about(reached, draft)}
            outcomes |= {number: no_room(reached, out.kinds[left[number].kind], limit).answer() for number in going}
        else:
            going, beside = set(chunk), []
        left = {number: draft for number, draft in left.items() if number not in going}
    return outcomes


def _is_about(reached: tallies.PendingLimitReached | tallies.QuotaReached, draft: Upload) -> bool:
    return not isinstance(reached, tallies.QuotaReached) or draft.kind == reached.kind
