"""Signed URLs by the hundred, for internal services: an answer an item, in order.

What is wrong with one item is its own answer, and harms no other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from . import clock, media_urls, signing_each, strict_json, ways_out
from .callers import Caller
from .errors import ApiError, NotFound, ValidationFailed
from .grants import Item
from .object_keys import ObjectKey
from .schemas.internal import GET, PUT
from .services import Service
from .signer import Signed
from .signing_each import Body, ToSign
from .store import objects
from .store.objects import StoredObject
from .upload_errors import IdempotencyKeyRequired, UnsupportedFileType
from .upload_record import Upload
from .uploads import answers, beginning, finding, together
from .uploads.beginning import Wanted

SCOPES: Final = {"get": "media:read", "put": "media:write"}
"""What an item's operation needs."""


@dataclass(frozen=True, slots=True)
class Opening:
    """An object to be read in one size; `expires_in`: seconds that the URL lives."""

    object_key: ObjectKey
    size: str
    expires_in: int = 300
    download_as: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A request: what each item asks to be done, and the item as it was read, or what is wrong with it.

    `digest`: of the whole, so that a repeat can be told from another request with its key.
    """

    operations: Sequence[str]
    items: Sequence[Opening | Wanted | Body]
    digest: str
    idempotency_key: str | None

    @property
    def scopes(self) -> list[str]:
        """What the service's token must allow for all of it."""
        return sorted({SCOPES[operation] for operation in self.operations if operation in SCOPES})

    @property
    def puts(self) -> list[int]:
        """The numbers of the items that upload."""
        return [number for number, operation in enumerate(self.operations) if operation == "put"]


def read(asked: Sequence[Any], idempotency_key: str | None) -> Batch:
    """The request with these items, none of which is refused yet."""
    # The same for the same JSON, however its members are ordered and spaced.
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("ascii")).hexdigest()
    return Batch([_operation(item) for item in asked], [_read(item) for item in asked], digest, idempotency_key)


def _operation(item: Any) -> str:
    return str(item.get("op")) if isinstance(item, dict) else ""


def _read(item: Any) -> Opening | Wanted | Body:
    operation = _operation(item)
    try:
        if operation == "get":
            return Opening(**strict_json.loaded(GET, item))
        if operation == "put":
            return Wanted(**{"method": None} | strict_json.loaded(PUT, item))
        is_object = isinstance(item, dict)
        raise ValidationFailed({"op": ["must be get or put"]} if is_object else {"_schema": ["must be an object"]})
    except ValidationFailed as refusal:
        return refusal.answer()


def answered(service: Service, batch: Batch) -> list[Body]:
    """An answer for each item: URLs, or a refusal's code and message.

    Raises IdempotencyKeyRequired, IdempotencyConflict, InsufficientScope, Unauthorized or Unavailable.
    """
    plans: dict[int, ToSign | Body] = {
        number: each for number, each in enumerate(batch.items) if isinstance(each, dict)
    }
    plans |= _opened({number: each for number, each in enumerate(batch.items) if isinstance(each, Opening)})
    plans |= _begun(service.caller, batch) if batch.puts else {}
    return signing_each.answers([plans[number] for number in range(len(batch.items))], service.caller)


def _opened(openings: Mapping[int, Opening]) -> dict[int, ToSign | Body]:
    stored = objects.get_many(opening.object_key for opening in openings.values())
    return {number: _opening(opening, stored.get(opening.object_key)) for number, opening in openings.items()}


def _opening(opening: Opening, stored: StoredObject | None) -> ToSign | Body:
    if stored is None or stored.is_blocked:
        return NotFound("there is nothing here").answer()
    size, named = opening.size, {"download_as": opening.download_as}

    def grant_items(now: int) -> list[Item]:
        return [media_urls.to_read(stored, [size], now + opening.expires_in, **named)]

    def answer(signed: Sequence[Signed]) -> Body:
        return {"url": signed[0].urls[size], "expires_at": clock.iso(signed[0].expires_at)}

    return ToSign(grant_items, answer)


def _begun(caller: Caller, batch: Batch) -> dict[int, ToSign | Body]:
    if batch.idempotency_key is None:
        raise IdempotencyKeyRequired
    wanted = {number: each for number in batch.puts if not isinstance(each := batch.items[number], Opening)}
    request = together.Request(batch.idempotency_key, batch.digest, wanted)
    now, begun = clock.now(), together.begin_once(caller, request)
    return {number: _beginning(each, now) if isinstance(each, Upload) else each for number, each in begun.items()}


def _beginning(upload: Upload, now: int) -> ToSign | Body:
    """Where the bytes go, while they may still come; else what became of the upload, or why nothing will."""
    kind = ways_out.current().kinds.get(upload.kind)
    try:
        if kind is None:
            raise UnsupportedFileType(f"{upload.kind} is no longer taken")
        finding.refuse_if_over(upload, now)
        upload = together.with_time_left(upload, kind, now)
        finding.refuse_if_over(upload, now)
    except ApiError as refusal:
        return {**refusal.answer(), "upload_id": upload.id, "key": upload.object_key.text()}
    if upload.state != "requested":
        return answers.status(upload, now)
    return ToSign(
        lambda at: beginning.grant_items(upload, kind, at),
        lambda signed: beginning.answer(beginning.begun(upload, kind, signed, now)),
    )
