"""What a person, or a moderator, may do: how it is asked of the real service, and what the model says of it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.integration.metadata.multipart_client import Companion
from tests.integration.uploads_stack import Answer, InternalService, Person
from tests.reliability import simple_account as model
from tests.reliability.simple_account import Outcomes, World

SHARED_FOR: Final = 3_600
MODERATOR: Final = "moderator"
PATIENCE: Final = 20.0
CONTENT_TYPES: Final = {"resume": "application/pdf"}
FIELDS: Final = {"profile_image": "avatar_key", "resume": "resume_key", "project_image": "image_key"}
"""The profile's field for each kind that has one."""


@dataclass(frozen=True)
class Act:
    """One request. `outcomes`: by the model, of what is so before, and of the answer where that names something new.

    `partly`: what it may have come to where it was killed before its end.
    """

    said: str
    ask: Callable[[Person], Answer]
    outcomes: Callable[[World, Answer | None], Outcomes]
    partly: Callable[[World], Iterator[World]] = field(default=lambda world: iter([world]))

    def after(self, world: World, answer: Answer) -> Iterator[World]:
        """What may stand after this answer."""
        return (then for told, then in self.outcomes(world, answer) if told == spoken(answer))

    def after_death(self, world: World) -> Iterator[World]:
        """What may stand where nobody heard the answer."""
        yield from self.partly(world)
        for _, then in self.outcomes(world, None):
            yield then


def spoken(answer: Answer) -> str:
    """An answer as the model says it."""
    if answer.status_code == 422:
        return f"422 {answer.json.get('reason')}"
    return f"{answer.status_code} {answer.json.get('error', '')}".strip()


def begin(kind: str, method: str) -> Act:
    """Ask for an upload. Of one that was killed the machine finds the record, if there is one."""
    content_type = CONTENT_TYPES.get(kind, "image/jpeg")

    def ask(person: Person) -> Answer:
        if method == "MULTIPART":
            return person.ask("POST", f"/uppy/{kind}/s3/multipart", json={"filename": "cat.jpg", "type": content_type})
        asked = {"file_type": kind, "content_type": content_type, "method": method}
        return person.ask("POST", "/upload-url", json=asked)

    def outcomes(world: World, answer: Answer | None) -> Outcomes:
        if answer is not None:
            upload_id = answer.headers.get("X-Upload-Id", "")
            yield from model.begun(world, upload_id, kind, in_parts=method == "MULTIPART")

    return Act(f"begin {kind} by {method}", ask, outcomes)


def complete(person: Person, upload_id: str, object_key: str, way: str) -> Act:
    """Complete an upload by its id or by its key."""

    def ask(device: Person) -> Answer:
        if way == "key":
            return device.ask("POST", "/upload-complete", json={"key": object_key})
        return device.ask("POST", f"/uploads/{upload_id}/complete", json={})

    return Act(
        f"complete {upload_id[:4]} by {way}",
        ask,
        lambda world, _: model.completed(world, upload_id),
        lambda world: model.died_completing(world, upload_id),
    )


def join(companion: Companion, etags: Sequence[dict[str, Any]]) -> Act:
    """Complete an upload in parts, as Uppy does."""
    upload_id = companion.upload_id

    def ask(device: Person) -> Answer:
        return replace(companion, person=device).completes(list(etags))

    return Act(
        f"join {upload_id[:4]}",
        ask,
        lambda world, _: model.joined(world, upload_id),
        lambda world: model.died_completing(world, upload_id),
    )


def save(name: str, field_name: str, upload_id: str, object_key: str) -> Act:
    """Post a profile in which a key is named, or null in its place."""
    fields: dict[str, Any] = {field_name: object_key or None}
    if field_name == "image_key":
        fields = {"projects": [{"title": "Glass", "image_key": object_key}] if object_key else []}

    def partly(world: World) -> Iterator[World]:
        yield world
        if world.is_erased:
            return
        if not upload_id:
            yield replace(world, has_profile=True)  # a picture goes after the profile is written
            return
        yield from model.died_completing(world, upload_id)
        if upload_id not in world.objects:
            for _, then in model.completed(world, upload_id):
                yield then

    def ask(device: Person) -> Answer:
        return device.ask("POST", "/profiles", json={"username": name, **fields})

    said = f"save {field_name} {upload_id[:4] or 'null'}"
    return Act(said, ask, lambda world, _: model.saved(world, field_name, upload_id), partly)


def cancel(upload_id: str) -> Act:
    """Cancel an upload."""
    path = f"/uploads/{upload_id}"
    outcomes = lambda world, _: model.cancelled(world, upload_id)  # noqa: E731
    return Act(f"cancel {upload_id[:4]}", lambda device: device.ask("DELETE", path), outcomes)


def delete_picture() -> Act:
    """Delete the current picture."""
    return Act(
        "delete the picture",
        lambda device: device.ask("DELETE", "/users/me/picture"),
        lambda world, _: model.picture_deleted(world),
    )


def delete_photo(upload_id: str) -> Act:
    """Delete a photo, or what is none."""
    return Act(
        f"delete photo {upload_id[:4]}",
        lambda device: device.ask("DELETE", f"/photos/{upload_id}"),
        lambda world, _: model.photo_deleted(world, upload_id),
    )


def share(upload_id: str, object_key: str) -> Act:
    """Make a share link."""

    def outcomes(world: World, answer: Answer | None) -> Outcomes:
        if answer is not None:  # of a link that nobody heard of there is nothing to be seen
            yield from model.shared(world, answer.json.get("id", ""), upload_id, SHARED_FOR)

    asked = {"key": object_key, "expires_in": SHARED_FOR}
    return Act(f"share {upload_id[:4]}", lambda device: device.ask("POST", "/share-links", json=asked), outcomes)


def end_share(link_id: str) -> Act:
    """End a share link."""
    return Act(
        f"end share {link_id[:6]}",
        lambda device: device.ask("DELETE", f"/share-links/{link_id}"),
        lambda world, _: model.share_ended(world, link_id),
    )


def block(upload_id: str, object_key: str, *, is_blocked: bool) -> Act:
    """A moderator blocks an object, or lifts that."""
    path = "/objects/block" if is_blocked else "/objects/unblock"
    asked = {"key": object_key, "reason": "seen"}

    def ask(device: Person) -> Answer:
        moderator = InternalService(MODERATOR, device.stack, device.client, "media:moderate")
        return moderator.ask(path, asked, Idempotency_Key=str(uuid.uuid4()))

    outcomes = lambda world, _: model.blocked(world, upload_id, is_blocked=is_blocked)  # noqa: E731
    return Act(f"{path[9:]} {upload_id[:4]}", ask, outcomes)


def erase() -> Act:
    """Erase the account."""
    return Act("erase", lambda device: device.ask("DELETE", "/users/me"), lambda world, _: model.erased(world))


def until_said(act: Act, device: Person) -> Answer:
    """The answer, asked again while it is 503 or that somebody else is completing the upload."""
    until = time.monotonic() + PATIENCE
    while True:
        answer = act.ask(device)
        if not is_to_be_repeated(answer) or time.monotonic() > until:
            return answer
        time.sleep(0.02)


def is_to_be_repeated(answer: Answer) -> bool:
    """Whether somebody else stood in the way, and nothing was done."""
    return answer.status_code == 503 or answer.json.get("error") == "upload_in_progress"


def serial(world: World, first: Act, one: Answer, second: Act, two: Answer) -> Iterator[World]:
    """What may stand after two acts: of one after the other, or of one alone that stood in the other's way."""
    if is_to_be_repeated(one) and not is_to_be_repeated(two):
        yield from second.after(world, two)
    if is_to_be_repeated(two) and not is_to_be_repeated(one):
        yield from first.after(world, one)
    for act, answer, next_act, next_answer in ((first, one, second, two), (second, two, first, one)):
        for then in act.after(world, answer):
            yield from next_act.after(then, next_answer)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What comes of calls that are released together, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def released(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(released, calls))
