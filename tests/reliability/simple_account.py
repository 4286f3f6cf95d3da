"""What a person's account holds, said a second time and much more simply: the model that the real one is held to.

It knows no lease, no queue and no transaction. Each rule says what may be answered and what stands then; where more
than one thing may be so, it says all of them, and what is seen decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

PENDING_LIMIT: Final = 6
MOST_PHOTOS: Final = 3
URL_LIVES: Final = 300
COMPLETABLE_FOR: Final = 3_600
RESUMABLE_FOR: Final = 86_400
UNUSED_AFTER: Final = 7 * 86_400
FAULTS: Final = {"empty": "empty", "text": "not_an_image", "cut": "damaged", "script": "active_content"}
"""What is wrong with the contents that have something wrong with them."""
ERASED: Final = "410 account_erased"
PROFILE_KINDS: Final = ("profile_image",)


@dataclass(frozen=True)
class Upload:
    """One upload. `sent`: what S3 has of it, by name; `parts`: the same as parts that are not one object yet.

    `written`: what a completion that died had begun to write; `is_held`: it holds the upload still. `shown`: what is
    served of it.
    """

    id: str
    kind: str
    url_ends_at: int
    ends_at: int
    state: str = "pending"
    reason: str = ""
    sent: str = ""
    parts: str = ""
    written: str = ""
    shown: str = ""
    is_held: bool = False


@dataclass(frozen=True)
class World:
    """Everything that may be seen of one person. `now`: seconds that passed since the beginning, in large steps."""

    now: int = 0
    uploads: tuple[Upload, ...] = ()
    picture: str = ""
    photos: tuple[str, ...] = ()
    idle: tuple[tuple[str, int], ...] = ()
    resume: str = ""
    image: str = ""
    shares: tuple[tuple[str, str, int], ...] = ()
    blocked: frozenset[str] = frozenset()
    has_profile: bool = False
    is_erased: bool = False

    @property
    def objects(self) -> frozenset[str]:
        """The ids of all that is complete and not gone."""
        single = {each for each in (self.picture, self.resume, self.image) if each}
        return frozenset(single | {*self.photos} | {upload_id for upload_id, _ in self.idle})

    @property
    def pending(self) -> int:
        """How many uploads count as pending."""
        return sum(upload.state == "pending" for upload in self.uploads)

    def upload(self, upload_id: str) -> Upload | None:
        """One upload, or None."""
        return next((upload for upload in self.uploads if upload.id == upload_id), None)

    def having(self, changed: Upload) -> World:
        """The same with one upload otherwise."""
        uploads = tuple(changed if upload.id == changed.id else upload for upload in self.uploads)
        return replace(self, uploads=uploads)

    def without(self, gone: str) -> World:
        """The same where an object is no more."""
        return replace(
            self,
            picture=self.picture if self.picture != gone else "",
            photos=tuple(each for each in self.photos if each != gone),
            idle=tuple(each for each in self.idle if each[0] != gone),
            resume=self.resume if self.resume != gone else "",
            image=self.image if self.image != gone else "",
            blocked=self.blocked - {gone},
        )


Outcomes = Iterator[tuple[str, World]]
"""What may be answered, and what is so then."""


def begun(world: World, upload_id: str, kind: str, *, in_parts: bool = False) -> Outcomes:
    """An upload is asked for; `upload_id` is that of the answer."""
    if world.is_erased:
        yield ERASED, world
    elif world.pending >= PENDING_LIMIT:
        yield "429 too_many_pending", world
    elif kind == "photo" and len(world.photos) >= MOST_PHOTOS:
        yield "409 quota_exceeded", world
    else:
        url_ends_at = world.now + URL_LIVES
        upload = Upload(upload_id, kind, url_ends_at, url_ends_at + (RESUMABLE_FOR if in_parts else COMPLETABLE_FOR))
        yield "200", replace(world, uploads=(*world.uploads, upload))


def sent(world: World, upload_id: str, content: str, *, in_parts: bool = False) -> World:
    """The client sends bytes, in place of any before."""
    upload = world.upload(upload_id)
    if upload is None:  # forgotten with its owner; the URL lives on
        return world
    return world.having(replace(upload, parts=content) if in_parts else replace(upload, sent=content))


def joined(world: World, upload_id: str) -> Outcomes:
    """The parts become one object, and then the upload is completed."""
    upload = world.upload(upload_id)
    is_open = upload is not None and not world.is_erased and upload.state == "pending" and world.now <= upload.ends_at
    if upload is not None and is_open and upload.parts and not upload.is_held:
        world = world.having(replace(upload, sent=upload.parts, parts=""))
    yield from completed(world, upload_id)


def completed(world: World, upload_id: str) -> Outcomes:
    """Somebody asks that it be complete."""
    upload = world.upload(upload_id)
    if world.is_erased:
        yield ERASED, world
    elif upload is None:
        yield "404 upload_not_found", world
    elif upload.state == "ready":
        yield "200", world
    elif upload.state != "pending" or world.now > upload.ends_at:
        yield _why_over(upload), world
    elif upload.is_held:
        yield "409 upload_in_progress", world
    elif not upload.sent:
        yield "409 upload_not_received", world
    else:
        reason = FAULTS.get(upload.sent) or _why_not(world, upload)
        if reason:
            yield f"422 {reason}", world.having(replace(upload, state="rejected", reason=reason, written=""))
        else:
            yield (
                "200",
                _put_to_use(world.having(replace(upload, state="ready", shown=upload.sent, written="")), upload),
            )


def _why_over(upload: Upload) -> str:
    if upload.state == "rejected":
        return f"422 {upload.reason}"
    return "410 upload_cancelled" if upload.state == "cancelled" else "410 upload_expired"


def _why_not(world: World, upload: Upload) -> str:
    if upload.written not in ("", upload.sent):
        return "changed"
    return "quota_exceeded" if upload.kind == "photo" and len(world.photos) >= MOST_PHOTOS else ""


def _put_to_use(world: World, upload: Upload) -> World:
    if upload.kind in PROFILE_KINDS:
        return replace(world.without(world.picture), picture=upload.id)
    if upload.kind == "photo":
        return replace(world, photos=(upload.id, *world.photos))
    return replace(world, idle=(*world.idle, (upload.id, world.now)))


def cancelled(world: World, upload_id: str) -> Outcomes:
    """Its owner does not want an upload any more."""
    upload = world.upload(upload_id)
    if world.is_erased:
        yield ERASED, world
    elif upload is None:
        yield "404 upload_not_found", world
    elif upload.state == "ready":
        yield "409 upload_ready", world
    elif upload.state != "pending":
        yield "200", world
    else:
        yield "200", world.having(replace(upload, state="cancelled", is_held=False))


def picture_deleted(world: World) -> Outcomes:
    """The current picture goes."""
    if world.is_erased:
        yield ERASED, world
    else:
        yield "200" if world.picture else "404 not_found", world.without(world.picture)


def photo_deleted(world: World, upload_id: str) -> Outcomes:
    """A photo goes."""
    if world.is_erased:
        yield ERASED, world
    else:
        yield "200" if upload_id in world.photos else "404 not_found", world.without(upload_id)


def saved(world: World, field: str, upload_id: str) -> Outcomes:
    """A profile is posted with one key in it, none for "": `avatar_key`, `resume_key` or `image_key`."""
    if world.is_erased:
        yield ERASED, world
    elif not upload_id:
        name = {"avatar_key": "picture", "resume_key": "resume", "image_key": "image"}[field]
        yield "200", replace(world.without(getattr(world, name)), has_profile=True)
    else:
        yield from _saved_with(world, field, upload_id)


def _saved_with(world: World, field: str, upload_id: str) -> Outcomes:
    settled: Outcomes = iter([("200", world)])
    if upload_id not in world.objects:
        upload = world.upload(upload_id)
        if upload is None or upload.state == "ready":
            yield "400 unknown_key", world
            return
        settled = completed(world, upload_id)
    for answer, then in settled:
        yield answer, _named(then, field, upload_id) if answer == "200" else then


def _named(world: World, field: str, upload_id: str) -> World:
    named = replace(world, has_profile=True)
    if field == "avatar_key":
        return named
    before = world.resume if field == "resume_key" else world.image
    if before == upload_id:
        return named
    named = named.without(before)
    # Not `without`: an object that is put to use stays, and stays blocked.
    named = replace(named, idle=tuple(each for each in named.idle if each[0] != upload_id))
    return replace(named, resume=upload_id) if field == "resume_key" else replace(named, image=upload_id)


def shared(world: World, link_id: str, upload_id: str, seconds: int) -> Outcomes:
    """A share link is made; `link_id` is that of the answer."""
    if world.is_erased:
        yield ERASED, world
    elif upload_id not in world.objects:
        yield "400 unknown_key", world
    else:
        yield "200", replace(world, shares=(*world.shares, (link_id, upload_id, world.now + seconds)))


def share_ended(world: World, link_id: str) -> Outcomes:
    """A share link is ended by its owner."""
    if world.is_erased:
        yield ERASED, world
        return
    found = [share for share in world.shares if share[0] == link_id and share[2] > world.now]
    left = tuple(share for share in world.shares if share[0] != link_id)
    yield "200" if found else "404 not_found", replace(world, shares=left)


def opens(world: World, link_id: str) -> bool:
    """Whether a share link leads to its object."""
    return any(
        each == link_id and upload_id in world.objects - world.blocked and world.now < ends_at
        for each, upload_id, ends_at in world.shares
    )


def blocked(world: World, upload_id: str, *, is_blocked: bool) -> Outcomes:
    """A moderator blocks an object, or lifts that."""
    if upload_id not in world.objects:
        yield "404 not_found", world
        if world.is_erased:  # by steps, and this object's turn may be yet to come
            yield "200", world
    else:
        yield "200", replace(world, blocked=world.blocked | {upload_id} if is_blocked else world.blocked - {upload_id})


def erased(world: World) -> Outcomes:
    """The account goes, and everything with it."""
    if world.is_erased:
        yield ERASED, world
    else:
        yield "202", World(now=world.now, is_erased=True)


def passed(world: World, seconds: int) -> World:
    """Time passes: whoever held an upload and is gone holds it no more."""
    uploads = tuple(replace(upload, is_held=False) for upload in world.uploads)
    return replace(world, now=world.now + seconds, uploads=uploads)


def swept(world: World) -> World:
    """What is overdue expires, and what was never put to use goes."""
    *_, last = sweeping(world)
    return last


def sweeping(world: World) -> Iterator[World]:
    """All that a sweep may have come to, somewhere on its way; the last is its end."""
    overdue = [upload for upload in world.uploads if upload.state == "pending" and world.now > upload.ends_at]
    unused = [upload_id for upload_id, since in world.idle if world.now >= since + UNUSED_AFTER]
    for choice in product((False, True), repeat=len(overdue) + len(unused)):
        then = world
        for upload, is_done in zip(overdue, choice, strict=False):
            then = then.having(replace(upload, state="expired")) if is_done else then
        for upload_id, is_done in zip(unused, choice[len(overdue) :], strict=True):
            then = then.without(upload_id) if is_done else then
        yield then


def died_completing(world: World, upload_id: str) -> Iterator[World]:
    """All that a completion may leave which did not come to its end, but for that end."""
    yield world
    upload = world.upload(upload_id)
    if upload is None or world.is_erased or upload.state != "pending" or world.now > upload.ends_at:
        return
    if upload.parts:
        yield from died_completing(world.having(replace(upload, sent=upload.parts, parts="")), upload_id)
    if not upload.is_held:
        yield world.having(replace(upload, is_held=True))
        if upload.sent and upload.sent not in FAULTS and upload.written in ("", upload.sent):
            yield world.having(replace(upload, is_held=True, written=upload.sent))
