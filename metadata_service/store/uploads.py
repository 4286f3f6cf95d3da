"""Uploads' records: begun, leased, and brought to a final state, each by a write that says what it relies on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from .. import clock
from ..object_keys import ObjectKey
from ..upload_record import KEPT_FOR, MULTIPART, PENDING, State, Upload
from . import cleanups, media, tallies, users
from .attributes import Item
from .dynamodb import ConditionFailed, TransactionRefused, Write, current, delete_write, put_write, update_write
from .tallies import Room

PREFIX: Final = "UPLOAD#"
MOST_PAGES: Final = 5
"""Pages of 1 MB, each some 1,500 uploads, that are looked through for pending ones: those of a week are kept."""
MOST_TOGETHER: Final = 90
"""Uploads that one transaction begins: it takes a hundred writes, some of them beside the uploads."""

# Words that DynamoDB reserves, by the names that expressions use for them.
_STATE: Final = {"#state": "state"}
_PENDING_VALUES: Final = {":requested": PENDING[0], ":processing": PENDING[1]}
_IS_PENDING: Final = "#state IN (:requested, :processing)"
_IS_FREE: Final = "(attribute_not_exists(lease) OR lease_ends_at <= :now)"
_OPTIONAL: Final = (
    "declared_length",
    "declared_checksum",
    "lease",
    "digests",
    "reason",
    "explanation",
    "width",
    "height",
    "stored_bytes",
    "multipart_id",
)


class AlreadyBegun(Exception):
    """Somebody else recorded one of these uploads, or what was to be written with them, meanwhile."""


def _row(upload: Upload) -> dict[str, Any]:
    return media.row(upload.owner, PREFIX + upload.id)


def get(owner: str, upload_id: str) -> Upload | None:
    """The owner's upload of this id, or None."""
    item = current().get(media.TABLE, media.row(owner, PREFIX + upload_id))
    return None if item is None else read(item)


def get_many(owner: str, upload_ids: Sequence[str]) -> dict[str, Upload]:
    """Those of the owner's uploads of these ids that there are, by their ids."""
    item_keys = [media.row(owner, PREFIX + upload_id) for upload_id in dict.fromkeys(upload_ids)]
    found = current().batch_get(media.TABLE, item_keys, consistent=True) if item_keys else []
    return {upload.id: upload for upload in map(read, found)}


def read(item: Mapping[str, Any]) -> Upload:
    """An upload from its row."""
    upload_id = item[media.ENTITY].removeprefix(PREFIX)
    return Upload(
        object_key=ObjectKey(item[media.OWNER], item["category"], upload_id, item["ext"]),
        kind=item["kind"],
        state=item["state"],
        method=item["upload_method"],
        content_type=item["content_type"],
        created_at=item["created_at"],
        url_ends_at=item["url_ends_at"],
        lease_ends_at=item.get("lease_ends_at", 0),
        leases=item.get("leases", 0),
        writes_end_at=item.get("writes_end_at", 0),
        parts_end_at=item.get("parts_end_at", 0),
        **{name: item.get(name) for name in _OPTIONAL},
    )


def pending(owner: str) -> list[Upload]:
    """A person's pending uploads, the oldest first; not all of them where finished ones fill more than MOST_PAGES."""
    expected = tallies.pending(owner)
    found: list[Upload] = []
    after = None
    for _ in range(MOST_PAGES):
        if len(found) >= expected:
            break
        items, after = current().query(
            media.TABLE,
            f"{media.OWNER} = :owner AND begins_with({media.ENTITY}, :uploads)",
            values={":owner": owner, ":uploads": PREFIX, **_PENDING_VALUES},
            names=_STATE,
            filter=_IS_PENDING,
            after=after,
            consistent=True,
        )
        found += map(read, items)
        if after is None:
            break
    return sorted(found, key=lambda upload: (upload.created_at, upload.id))


def page(owner: str, limit: int, after: Item | None = None) -> tuple[list[Upload], Item | None]:
    """Some of a person's uploads, in any state, and where to go on, None at the end."""
    items, following = media.page(owner, PREFIX, limit, after)
    return [read(item) for item in items], following


def forget_write(upload: Upload) -> Write:
    """Delete the record of an upload that has ended."""
    # Were it pending, what it may have left would be forgotten with it.
    condition = f"attribute_not_exists({media.OWNER}) OR NOT {_IS_PENDING}"
    return delete_write(media.TABLE, _row(upload), condition=condition, values=_PENDING_VALUES, names=_STATE)


def begin(upload: Upload, limit: int, room: Room) -> None:
    """Record a new upload, if the owner has less than `limit` pending ones (0: no limit) and room for it.

    Raises tallies.PendingLimitReached or QuotaReached, or AccountErased.
    """
    begin_together(upload.owner, [upload], [room], limit)


def begin_together(
    owner: str, begun: Sequence[Upload], rooms: Sequence[Room], limit: int, beside: Sequence[Write] = ()
) -> None:
    """Record new uploads of one owner, at most MOST_TOGETHER, all or none, and what is written `beside` them.

    Raises tallies.PendingLimitReached or QuotaReached, AccountErased, or AlreadyBegun where one of them is there, or
    what is beside them does not hold.
    """
    # Races with a repeat of the same request, which begins the same ids.
    is_new = f"attribute_not_exists({media.OWNER})"
    puts = [put_write(media.TABLE, _begun_row(upload), condition=is_new) for upload in begun]
    counts = [tallies.begun_write(upload.owner, limit, room) for upload, room in zip(begun, rooms, strict=True)]
    # Races with the account's erasure, which ends what is pending once: nothing may begin after it, nor be remembered.
    writes = [*beside, *puts, *counts, users.alive_write(owner)]
    try:
        current().transact(writes, token=clock.new_id())
    except TransactionRefused as refused:
        users.raise_if_erased(refused)
        tallies.raise_if_full(refused)
        raise AlreadyBegun from refused


def _begun_row(upload: Upload) -> dict[str, Any]:
    item: dict[str, Any] = {
        **_row(upload),
        "category": upload.object_key.category,
        "ext": upload.object_key.ext,
        "kind": upload.kind,
        "state": upload.state,
        "upload_method": upload.method,
        "content_type": upload.content_type,
        "created_at": upload.created_at,
        "url_ends_at": upload.url_ends_at,
        "due": upload.completable_until,
        "shard": media.shard(upload.id),
    }
    return item | {
        name: value for name in ("declared_length", "declared_checksum") if (value := getattr(upload, name)) is not None
    }


def take_lease(upload: Upload, lease: str, now: int, ends_at: int) -> Upload | None:
    """The upload as the lease's holder has it, or None where it is held by another, or no longer pending."""
    try:
        # Races with another completion, with a cancel and with the sweep's expiry.
        item = current().update(
            media.TABLE,
            _row(upload),
            "SET #state = :processing, lease = :lease, lease_ends_at = :ends_at ADD leases :one",
            condition=f"{_IS_PENDING} AND url_ends_at >= :oldest AND {_IS_FREE}",
            values={
                **_PENDING_VALUES,
                ":lease": lease,
                ":ends_at": ends_at,
                ":one": 1,
                ":now": now,
                ":oldest": now - upload.completable_for,
            },
            names=_STATE,
        )
    except ConditionFailed as refused:
        # After a lost answer the lease that stands in the way is our own.
        is_ours = refused.item is not None and refused.item.get("lease") == lease
        return read(refused.item) if is_ours and refused.item else None
    return read(item)


def open_parts(upload: Upload, multipart_id: str, now: int, ends_at: int) -> Upload | None:
    """Record S3's id of an upload in parts, and until when URLs for its parts live, before any of them is signed.

    None where it has another id, is being completed, or is over. From then on whoever cleans up after it knows what
    there may be, and for how long it may still come.
    """
    try:
        # Races with a completion, with a cancel, with the sweep's expiry, and with a first part under another id. A
        # lapsed lease goes, so that a completion as slow as that cannot end what has been opened again.
        item = current().update(
            media.TABLE,
            _row(upload),
            "SET #state = :requested, multipart_id = :id, parts_end_at = :ends_at REMOVE lease, lease_ends_at",
            condition=f"{_IS_PENDING} AND {_IS_FREE} AND upload_method = :multipart AND url_ends_at >= :oldest"
            " AND (attribute_not_exists(multipart_id) OR multipart_id = :id)"
            " AND (attribute_not_exists(parts_end_at) OR parts_end_at <= :ends_at)",
            values={
                **_PENDING_VALUES,
                ":id": multipart_id,
                ":ends_at": ends_at,
                ":multipart": MULTIPART,
                ":now": now,
                ":oldest": now - upload.completable_for,
            },
            names=_STATE,
        )
    except ConditionFailed as refused:
        found = read(refused.item) if refused.item else None
        # Somebody else's URLs live longer than ours will: then there is nothing to record.
        is_open = found is not None and found.state == PENDING[0] and found.multipart_id == multipart_id
        return found if is_open and found is not None and found.parts_end_at >= ends_at else None
    return read(item)


def prolong(upload: Upload, url_ends_at: int) -> Upload:
    """Record that a URL for writing it ends later; the upload as it is then, which may be as somebody else left it.

    Before the URL is signed: whoever cleans up goes by what is recorded.
    """
    later = replace(upload, url_ends_at=url_ends_at)
    try:
        # Races with a completion and a cancel, which both queue what the last recorded URL may still write.
        item = current().update(
            media.TABLE,
            _row(upload),
            "SET url_ends_at = :later, due = :due",
            condition="#state = :requested AND url_ends_at = :seen",
            values={
                ":requested": PENDING[0],
                ":seen": upload.url_ends_at,
                ":later": url_ends_at,
                ":due": later.completable_until,
            },
            names=_STATE,
        )
    except ConditionFailed as refused:
        return upload if refused.item is None else read(refused.item)
    return read(item)


def release_lease(upload: Upload) -> None:
    """Let the next one try at once; harmless where the lease is another's by now."""
    try:
        current().update(
            media.TABLE,
            _row(upload),
            "SET #state = :requested REMOVE lease, lease_ends_at",
            condition="#state = :processing AND lease = :lease",
            values={**_PENDING_VALUES, ":lease": upload.lease},
            names=_STATE,
        )
    except ConditionFailed:
        return


def record_digests(upload: Upload, digests: Mapping[str, str], writes_end_at: int) -> Upload | None:
    """Record what will be PUT, and until when, before the first PUT; None where the lease is no longer ours.

    From then on whoever cleans up after this upload knows what there may be, and for how long it may still come.
    """
    try:
        item = current().update(
            media.TABLE,
            _row(upload),
            "SET digests = :digests, writes_end_at = :writes_end_at",
            condition="#state = :processing AND lease = :lease",
            values={
                ":processing": PENDING[1],
                ":lease": upload.lease,
                ":digests": dict(digests),
                ":writes_end_at": writes_end_at,
            },
            names=_STATE,
        )
    except ConditionFailed:
        return None
    return read(item)


def ready_writes(upload: Upload, now: int) -> list[Write]:
    """The upload is ready, if the lease is still ours; to join the transaction that makes its object visible."""
    outcome = {name: getattr(upload, name) for name in ("width", "height", "stored_bytes")}
    return [
        _end_write(upload, "ready", now, outcome, "#state = :processing AND lease = :lease", _held_by(upload)),
        tallies.ended_write(upload.owner),
        *cleanups.incoming_writes(upload),
    ]


def reject(upload: Upload, reason: str, explanation: str, now: int) -> bool:
    """The upload is rejected, if the lease is still ours."""
    outcome = {"reason": reason, "explanation": explanation}
    condition = "#state = :processing AND lease = :lease"
    return _end(upload, _end_write(upload, "rejected", now, outcome, condition, _held_by(upload)))


def cancel(upload: Upload, now: int) -> bool:
    """The upload is cancelled, if it is still as it was read; whoever holds a lease on it finds that out."""
    condition, values = _as_read(upload)
    return _end(upload, _end_write(upload, "cancelled", now, {}, condition, values))


def expire(upload: Upload, now: int) -> bool:
    """The upload is expired, if it is still as it was read, and nobody is completing it."""
    condition, values = _as_read(upload)
    condition += f" AND {_IS_FREE}"
    return _end(upload, _end_write(upload, "expired", now, {}, condition, values | {":now": now}))


def _as_read(upload: Upload) -> tuple[str, dict[str, Any]]:
    # What is queued follows from these: were one recorded in between, bytes would be left behind for good.
    condition, values = f"{_IS_PENDING} AND url_ends_at = :url_ends_at", dict[str, Any](_PENDING_VALUES)
    values[":url_ends_at"] = upload.url_ends_at
    for name in ("writes_end_at", "parts_end_at"):
        if seen := getattr(upload, name):
            condition, values[f":{name}"] = f"{condition} AND {name} = :{name}", seen
        else:
            condition += f" AND attribute_not_exists({name})"
    return condition, values


def _held_by(upload: Upload) -> dict[str, Any]:
    return {":processing": PENDING[1], ":lease": upload.lease}


def _end(upload: Upload, ended: Write) -> bool:
    writes = [ended, tallies.ended_write(upload.owner), *cleanups.leftover_writes(upload)]
    try:
        current().transact(writes, token=clock.new_id())
    except TransactionRefused:
        return False
    return True


def _end_write(
    upload: Upload, state: State, now: int, outcome: Mapping[str, Any], condition: str, values: Mapping[str, Any]
) -> Write:
    """A final state, out of the due-index, and gone by TTL after a while."""
    said = {name: value for name, value in outcome.items() if value is not None}
    changes = "".join(f", {name} = :{name}" for name in said)
    return update_write(
        media.TABLE,
        _row(upload),
        f"SET #state = :final, #ttl = :ttl{changes} REMOVE lease, lease_ends_at, due, #shard",
        condition=condition,
        values={
            **values,
            **{f":{name}": value for name, value in said.items()},
            ":final": state,
            ":ttl": now + KEPT_FOR,
        },
        names={**_STATE, "#ttl": "ttl", "#shard": "shard"},
    )
