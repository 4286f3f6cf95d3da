"""An upload as it is recorded, and the states it may be in. It knows no store and no request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from .object_keys import ObjectKey

State = Literal["requested", "processing", "ready", "rejected", "expired", "cancelled"]
PENDING: Final = ("requested", "processing")
"""The states that an upload may still leave."""

MULTIPART: Final = "MULTIPART"
"""The method of an upload that comes in parts."""
COMPLETABLE_FOR: Final = 3_600
"""Seconds after its URL's end in which an upload can still be completed."""
RESUMABLE_FOR: Final = 86_400
"""The same of an upload in parts: as long may it be resumed, with new URLs for its parts."""
KEPT_FOR: Final = 7 * 86_400
"""Seconds that an upload's record is kept once its state is final."""
LEFTOVERS_AFTER: Final = 120
"""Seconds after its last URL's end when leftovers go: a PUT begun in time may still be under way."""
UNUSED_AFTER: Final = 7 * 86_400
"""Seconds after which an object that was never put to use goes."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. Times are seconds since the epoch, lengths bytes; `digests` are SHA-256 in base64, by size.

    `leases`: how often its completion was begun. `writes_end_at`: when the last URL of our own for writing it ends.
    Of an upload in parts, `multipart_id` is S3's id of it, and `parts_end_at` when the last URL for a part ends.
    """

    object_key: ObjectKey
    kind: str
    state: State
    method: str
    content_type: str
    created_at: int
    url_ends_at: int
    declared_length: int | None = None
    declared_checksum: str | None = None
    lease: str | None = None
    lease_ends_at: int = 0
    leases: int = 0
    digests: Mapping[str, str] | None = None
    writes_end_at: int = 0
    reason: str | None = None
    explanation: str | None = None
    width: int | None = None
    height: int | None = None
    stored_bytes: int | None = None
    multipart_id: str | None = None
    parts_end_at: int = 0

    @property
    def id(self) -> str:
        """Its own id, which is also its object's."""
        return self.object_key.id

    @property
    def owner(self) -> str:
        """Whose it is, in the form that keys hold."""
        return self.object_key.owner

    @property
    def completable_until(self) -> int:
        """When it expires, if it is not complete by then."""
        return self.url_ends_at + self.completable_for

    @property
    def completable_for(self) -> int:
        """Seconds after its first URL's end in which it can still be completed."""
        return RESUMABLE_FOR if self.method == MULTIPART else COMPLETABLE_FOR

    @property
    def incoming_ends_at(self) -> int:
        """When the last URL ends that could write its incoming bytes."""
        return max(self.url_ends_at, self.parts_end_at)

    @property
    def last_url_ends_at(self) -> int:
        """When the last URL that could write any byte of it ends, of the client's and of our own."""
        return max(self.incoming_ends_at, self.writes_end_at)

    @property
    def is_pending(self) -> bool:
        """Whether it is recorded as one that may still become ready."""
        return self.state in PENDING

    def state_at(self, now: int) -> State:
        """Its state as clients see it: overdue is expired, also before the sweep has written that down."""
        return "expired" if self.is_pending and now > self.completable_until else self.state
