"""One person's account and the model of it, side by side: what is done to one is said of the other, and compared."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine

from metadata_service.sweeping import Sweep
from tests.integration.metadata.multipart_client import Companion
from tests.integration.uploads_stack import Answer, Person, Stack, send
from tests.reliability import acts, contents, mortal, real_account
from tests.reliability import simple_account as model
from tests.reliability.acts import Act
from tests.reliability.real_account import Records, Seen
from tests.reliability.simple_account import Upload, World

THE_DEAD_HOLD: Final = 350
"""Seconds; more than a life lasts on a slow machine."""

Chosen = tuple[str, Any, Any]
"""An act by its name, and what chooses what it is about."""


class BesideTheModel(RuleBasedStateMachine):
    """The person, what is known of them as a client knows it, and the worlds of the model that may be so.

    `keys`: of each upload, the oldest first; `begun`: the answers that began them; `companions`: of those in parts,
    with the parts that were sent; `late`: requests of the dead that are still under way.
    """

    stack: Stack
    app: Flask
    environment: dict[str, str]
    sweepers: list[Sweep]
    """Two that live; `new_sweeper` makes those that are to die, `new_app` what dies with a request."""
    new_app: Callable[[], Flask]
    new_sweeper: Callable[[], Sweep]
    lives = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).lives += 1
        self.person = Person(str(uuid.uuid4()), self.stack, self.app.test_client())
        self.name = f"life-{self.person.sub[:13]}"
        self.worlds = {World()}
        self.keys: dict[str, str] = {}
        self.begun: dict[str, dict[str, Any]] = {}
        self.companions: dict[str, tuple[Companion, list[dict[str, Any]]]] = {}
        self.late: list[tuple[Callable[[], object], Act | None]] = []
        self.well_read: set[str] = set()
        self.history: list[str] = []
        self.is_killed = self.is_broken = False

    @property
    def world(self) -> World:
        """Any of those that may be so: of what they agree on."""
        return next(iter(self.worlds))

    def latest(self) -> list[str]:
        """The ids of all uploads, the newest first."""
        return list(reversed(self.keys))

    def pending_ids(self) -> list[str]:
        states = {each: world.upload(each) for world in self.worlds for each in self.latest()}
        return [each for each in self.latest() if (upload := states[each]) and upload.state == "pending"]

    def device(self) -> Person:
        """The same person on another device."""
        return Person(self.person.sub, self.stack, self.app.test_client())

    def made(self, act: Chosen) -> Act | None:
        """An act with what it is about, or None where there is nothing of the sort yet."""
        name, one, two = act
        if name == "begin":
            return acts.begin(one, "PUT" if two == "MULTIPART" and one not in ("photo", "resume") else two)
        if name == "delete_picture":
            return acts.delete_picture()
        if name == "clear":
            return acts.save(self.name, one, "", "")
        if name == "end_share":
            links = [link_id for link_id, _, _ in self.world.shares]
            return acts.end_share(links[one % len(links)]) if links else None
        return self.made_of_an_upload(name, one, two)

    def made_of_an_upload(self, name: str, pick: int, more: Any) -> Act | None:
        known = self.latest()
        if name in ("delete_photo", "share", "block"):
            there = [each for each in known if each in self.world.objects]
            known = there if there and pick % 4 else known
        if name == "delete_photo":
            known = [each for each in known if "/photos/" in self.keys[each]]
        if not known:
            return None
        upload_id = known[pick % len(known)]
        object_key = self.keys[upload_id]
        if name == "complete":
            return self.made_completion(upload_id, object_key, more)
        if name == "cancel":
            return acts.cancel(upload_id)
        if name == "delete_photo":
            return acts.delete_photo(upload_id)
        if name == "share":
            return acts.share(upload_id, object_key)
        return acts.block(upload_id, object_key, is_blocked=more)

    def made_completion(self, upload_id: str, object_key: str, way: str) -> Act:
        companion, etags = self.companions.get(upload_id, (None, []))
        if companion is not None and etags and way != "key":
            return acts.join(companion, etags)
        field_name = acts.FIELDS.get(self.kind_of(upload_id))
        if way == "profile" and field_name:
            return acts.save(self.name, field_name, upload_id, object_key)
        return acts.complete(self.person, upload_id, object_key, "key" if way == "key" else "id")

    def kind_of(self, upload_id: str) -> str:
        category = self.keys[upload_id].split("/")[-2]
        return {"profile": "profile_image", "photos": "photo", "projects": "project_image"}.get(category, "resume")

    def note(self, act: Act, answer: Answer) -> None:
        """Keep what the answer to a beginning said."""
        if not act.said.startswith("begin") or answer.status_code != 200:
            return
        upload_id, object_key = answer.headers["X-Upload-Id"], answer.json["key"]
        self.keys[upload_id] = object_key
        kind = self.kind_of(upload_id)
        self.begun[upload_id] = answer.json | {"kind": kind, "ends_at": self.world.now + model.URL_LIVES}
        if "uploadId" in answer.json:
            self.companions[upload_id] = (
                Companion(self.person, object_key, answer.json["uploadId"], upload_id, kind),
                [],
            )

    def sends(self, upload_id: str, name: str) -> None:
        """The client's PUT, form or part; what has become of the upload meanwhile does not matter to S3."""
        octets, in_parts = contents.octets_of(name), upload_id in self.companions
        if in_parts:
            if not octets or not all(takes_parts(world.upload(upload_id)) for world in self.worlds):
                return
            companion, _ = self.companions[upload_id]
            self.companions[upload_id] = companion, [companion.sends(1, octets)]
        else:
            answer = send(self.begun[upload_id], octets)
            assert answer.ok, answer.text
        said = f"send {name} to {upload_id[:4]}"
        self.settle(said, lambda world: [model.sent(world, upload_id, name, in_parts=in_parts)])

    def died(self, life: mortal.Life, act: Act | None) -> None:
        if life.late is not None:
            self.late.append((life.late, act))
        real_account.let_the_dead_hold(self.person, THE_DEAD_HOLD)

    def settle(self, said: str, after: Callable[[World], Iterable[World]]) -> None:
        """The worlds that may be so after what happened, and of those the ones that are as it looks."""
        self.history.append(said)
        try:
            possible = {then for world in self.worlds for then in after(world)}
            records = Records.of(self.person)
            for upload_id in set(records.uploads) - set(self.keys):
                possible = set(self.with_lost(possible, upload_id, records.uploads[upload_id]))
            assert possible, f"answered as by the model it cannot be, in {self.worlds}"
            is_erased = any(world.is_erased for world in possible) and self.is_erased()
            seen = real_account.look(self.person, records, is_erased=is_erased)
            self.worlds = {
                world for world in possible if world.is_erased == is_erased and real_account.looks(world, seen)
            }
            assert self.worlds, f"seen: {seen}\nby the model one of: {possible}"
            self.read_what_is_new(seen)
        except BaseException as fault:
            self.is_broken = True
            fault.add_note("\n".join([f"What was done, in life {self.lives}:", *self.history]))
            raise

    def with_lost(self, possible: Iterable[World], upload_id: str, row: dict[str, Any]) -> Iterator[World]:
        """An upload was begun by a request that nobody heard the answer of."""
        self.keys[upload_id] = f"users/{self.person.sub}/{row['category']['S']}/{upload_id}.{row['ext']['S']}"
        in_parts = row["upload_method"]["S"] == "MULTIPART"
        for world in possible:
            for _, then in model.begun(world, upload_id, row["kind"]["S"], in_parts=in_parts):
                if then.upload(upload_id) is not None:
                    yield then

    def is_erased(self) -> bool:
        answer = self.person.ask("GET", "/users/me/picture")
        return answer.status_code == 410

    def read_what_is_new(self, seen: Seen) -> None:
        """Every picture that was not read yet: in all sizes it is what was sent, and a JPEG."""
        for upload_id in set(seen.urls) - self.well_read - seen.shut:
            upload, urls = self.world.upload(upload_id), seen.urls[upload_id]
            assert upload is not None
            assert urls is not None
            assert set(urls) == {"150", "400", "800"}
            for size, url in urls.items():
                octets = real_account.read(self.person, url)
                assert real_account.is_the_picture(octets, size, *contents.PICTURES[upload.shown])
            self.well_read.add(upload_id)


def takes_parts(upload: Upload | None) -> bool:
    """Whether S3 still has its parts open, and metadata signs more of them."""
    return upload is not None and upload.state == "pending" and not upload.is_held and not upload.sent
