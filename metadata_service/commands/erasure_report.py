"""What an erasure found, did and left, for the operator who answers for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from .. import clock
from ..object_keys import INCOMING, USERS, ObjectKey
from ..store import cleanups, holdings, objects, profiles, uploads, users
from ..store.attributes import Item

PAGE: Final = 100
MOST_NAMED: Final = 20
FILES: Final = "files_to_be_deleted"
OLD_VERSIONS: Final = "old versions of files: up to 30 days, by the bucket's lifecycle"
BACKUPS: Final = "backups of the records: 35 days where they are point-in-time recovery's, else by their own schedule"

T = TypeVar("T")
Rows = Mapping[str, Mapping[str, int]]
"""How many rows of what, by table."""


@dataclass(frozen=True, slots=True)
class Files:
    """Files that are to be deleted, each size one, by area: `now`, and `later`, when the last URL has ended.

    `until`: when the last of those go, in seconds since the epoch, or 0. `refused`: area and key of what the signer
    put off.
    """

    now: Counter[str] = field(default_factory=Counter)
    later: Counter[str] = field(default_factory=Counter)
    until: int = 0
    refused: tuple[tuple[str, ObjectKey], ...] = ()

    @property
    def missed(self) -> Counter[str]:
        """Those that could have been deleted by now, and were not."""
        missed = Counter(self.now)
        for area, object_key in self.refused:
            missed[area] += _sizes(area, object_key)
        return missed


def rows_of(owner: str) -> Rows:
    """The rows that there are of a person, files to be deleted aside."""
    found: dict[str, dict[str, int]] = {
        users.TABLE: {"account": int(holdings.account(owner) is not None)},
        profiles.TABLE: {"profile": int(holdings.profile(owner) is not None)},
    }
    for section, where in holdings.SECTIONS.items():
        if section != FILES:
            found.setdefault(where.table, {})[section] = sum(len(rows) for rows in holdings.pages(section, owner))
    return found


def files_of(owner: str, now: int, *, is_begun: bool) -> Files:
    """What there is for the sweeper to do. Once an erasure has begun, nothing waits for its first time of itself."""
    due, later, until, refused = Counter[str](), Counter[str](), 0, list[tuple[str, ObjectKey]]()
    for cleanup in _all(cleanups.page, owner):
        number = _sizes(cleanup.area, cleanup.object_key)
        if cleanup.due <= now:
            due[cleanup.area] += number
        elif is_begun and cleanup.again_at != cleanup.due:
            refused.append((cleanup.area, cleanup.object_key))
        else:
            later[cleanup.area] += number
            until = max(until, cleanup.due)
    return Files(due, later, until, tuple(refused))


def held_by(owner: str) -> Counter[str]:
    """The files that there may be of a person, by area: each size one, whether it is served, uploaded or queued."""
    held = Counter[str]()
    for stored in _all(objects.page, owner):
        held[USERS] += _sizes(USERS, stored.object_key)
    for upload in _all(uploads.page, owner):
        if upload.is_pending:
            held[INCOMING] += 1
            held[USERS] += _sizes(USERS, upload.object_key) if upload.digests else 0
    for cleanup in _all(cleanups.page, owner):
        if not cleanup.is_unused:  # that one is an object, still
            held[cleanup.area] += _sizes(cleanup.area, cleanup.object_key)
    return held


def _all(page: Callable[[str, int, Item | None], tuple[list[T], Item | None]], owner: str) -> Iterator[T]:
    found, after = page(owner, PAGE, None)
    yield from found
    while after is not None:
        found, after = page(owner, PAGE, after)
        yield from found


def _sizes(area: str, object_key: ObjectKey) -> int:
    return len(object_key.sizes) if area == USERS else 1


@dataclass(frozen=True, slots=True)
class Report:
    """`found`: rows before; `left`: rows after; `deleted`: files that went meanwhile, by area."""

    owner: str
    found: Rows
    files: Files
    deleted: Counter[str] = field(default_factory=Counter)
    left: Rows = field(default_factory=dict)
    is_dry: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left but what goes by itself."""
        is_left = any(count for counts in self.left.values() for count in counts.values())
        return not (self.is_dry or is_left or self.files.now or self.files.refused)

    def spoken(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "user_id": self.owner,
            "dry_run": self.is_dry,
            "complete": self.is_complete,
            "rows_found": self.found,
            "rows_left": self.left,
            "files": {
                "deleted": self.deleted,
                "to_be_deleted": self.files.now,
                "to_be_deleted_when_no_url_is_left": self.files.later,
                "put_off_by_the_signer": [object_key.text() for _, object_key in self.files.refused],
            },
            "remains": self._remains(),
        }

    def text(self) -> str:
        """The report for people."""
        verb = "would be erased" if self.is_dry else "erased" if self.is_complete else "NOT WHOLLY ERASED"
        lines = [f"{self.owner}: {verb}", *_listed("found", self.found), *_listed("LEFT, run it again", self.left)]
        if not lines[1:]:
            lines.append("  nothing was held")
        lines += [f"  files deleted: {count} in {area}/" for area, count in self.deleted.items()]
        if self.files.now and not self.is_dry:
            lines.append(f"  LEFT: {self.files.now.total()} files that the sweeper has not deleted: is it running?")
        for _, object_key in self.files.refused[:MOST_NAMED]:
            lines.append(f"  LEFT: {object_key.text()}: the signer does not sign its delete: is it frozen?")
        return "\n".join([*lines, *(f"  remains: {each}" for each in self._remains())])

    def _remains(self) -> list[str]:
        if self.is_dry:
            return []
        ends_at = users.tombstone_ends_at(self.owner)
        said = [] if ends_at is None else [f"a tombstone without personal fields: until {clock.iso(ends_at)}"]
        if self.files.later:
            count, until = self.files.later.total(), clock.iso(self.files.until)
            said.append(f"{count} files that a URL could write again, to be deleted once more: until {until}")
        return [*said, OLD_VERSIONS, BACKUPS]


def _listed(verb: str, rows: Rows) -> list[str]:
    counted = [(table, what, count) for table, counts in rows.items() for what, count in counts.items() if count]
    return [f"  {verb}: {count} {what} ({table} table)" for table, what, count in counted]
