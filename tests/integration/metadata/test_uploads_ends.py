"""Every way of sending a file to each of its ends: left alone, late, twice, cancelled meanwhile; and the bytes go.

Each way is tried with the same ends: one PUT, a form, and parts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import requests

from tests.integration.metadata.multipart_client import SignRequest
from tests.integration.metadata.test_uploads_races import all_swept, at_once, until_done
from tests.integration.uploads_stack import Answer, Person, a_picture, send, sizes_of

SMALL = a_picture(size=(60, 40))
OTHER = a_picture("blue", size=(60, 40))
ROUNDS = 6


@dataclass
class Sent:
    """An upload of Alice's, whichever way its bytes come."""

    person: Person
    begun: dict[str, Any]
    parts: SignRequest | None = None
    urls: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.person.ask("GET", f"/uploads/{self.begun['upload_id']}").json["state"])

    def bytes_come(self, octets: bytes = SMALL) -> "Sent":
        if self.parts is None:
            assert send(self.begun, octets).ok
        else:
            self.urls.append(self.parts.signed("PUT", partNumber=1)["url"])
            tag = requests.put(self.urls[0], data=octets, timeout=10).headers["ETag"]
            assert self.parts.completes_at_s3([{"PartNumber": 1, "ETag": tag}]).ok
        return self

    def bytes_come_late(self) -> None:
        """By the URL that was answered first, which is still valid; S3 may refuse them."""
        if self.parts is None:
            send(self.begun, OTHER)
        else:
            requests.put(self.urls[0], data=OTHER, timeout=10)

    def completes(self) -> Answer:
        return self.person.complete(self.begun)

    def cancels(self) -> Answer:
        return self.person.ask("DELETE", f"/uploads/{self.begun['upload_id']}")

    def time_passes(self) -> None:
        """As if its URL had ended long ago."""
        long_ago = {"url_ends_at": 1_000_000, "due": 1_003_600}
        more = {"parts_end_at": 1_000_000, "due": 1_086_400} if self.parts is not None else {}
        self.person.stack.set_numbers(self.person.sub, f"UPLOAD#{self.begun['upload_id']}", **long_ago | more)


def by_put(person: Person) -> Sent:
    return Sent(person, person.begin("photo"))


def by_form(person: Person) -> Sent:
    return Sent(person, person.begin("photo", method="POST"))


def in_parts(person: Person) -> Sent:
    made = SignRequest(person).creates(name="cat.jpg")
    return Sent(person, {"upload_id": made.upload_id, "key": made.key}, made)


every_way = pytest.mark.parametrize("begins", [by_put, by_form, in_parts])
Way = Callable[[Person], Sent]


def parts_at_s3(person: Person) -> list[dict[str, Any]]:
    """Parts that S3 keeps. An upload of which none was signed has none: the bucket's lifecycle ends it."""
    bucket, s3 = person.stack.deployment.bucket, person.stack.deployment.client("s3")
    uploads = [
        each for each in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []) if person.sub in each["Key"]
    ]
    kept = [s3.list_parts(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"]) for each in uploads]
    return [part for listed in kept for part in listed.get("Parts", [])]


def nothing_is_left_but(person: Person, *ready: Sent) -> None:
    all_swept(person)
    assert person.keys == {key for each in ready for key in sizes_of(each.begun["key"])}
    assert parts_at_s3(person) == []
    assert not [name for name in person.rows if name.startswith("CLEANUP#")]
    assert person.rows["QUOTA"]["pending"] == {"N": "0"}


def left_alone(upload: Sent) -> None:
    upload.time_passes()


def sent_and_left_alone(upload: Sent) -> None:
    upload.bytes_come().time_passes()


def completed_too_late(upload: Sent) -> None:
    upload.bytes_come().time_passes()
    for _ in range(2):
        answer = upload.completes()
        assert (answer.status_code, answer.json["error"]) == (410, "upload_expired")


def completed(upload: Sent) -> None:
    done = upload.bytes_come().completes()
    assert done.status_code == 200, done.text
    upload.bytes_come_late()
    assert upload.completes().json["bytes"] == done.json["bytes"]


def rejected(upload: Sent) -> None:
    answer = upload.bytes_come(b"no picture").completes()
    assert (answer.status_code, answer.json["reason"]) == (422, "not_an_image")
    upload.bytes_come_late()
    assert upload.completes().status_code == 422


def cancelled(upload: Sent) -> None:
    assert upload.bytes_come().cancels().status_code == 200
    upload.bytes_come_late()
    answer = upload.completes()
    assert (answer.status_code, answer.json["error"]) == (410, "upload_cancelled")


ENDS: Mapping[Callable[[Sent], None], str] = {
    left_alone: "expired",
    sent_and_left_alone: "expired",
    completed_too_late: "expired",
    completed: "ready",
    rejected: "rejected",
    cancelled: "cancelled",
}


@every_way
def test_r13_every_life_ends_in_its_state_and_its_bytes_go(alice: Person, begins: Way) -> None:
    lives = {end: begins(alice) for end in ENDS}
    for end, upload in lives.items():
        end(upload)
    assert {end.__name__: upload.state for end, upload in lives.items()} == {
        end.__name__: state for end, state in ENDS.items()
    }
    nothing_is_left_but(alice, lives[completed])
    assert [upload.state for upload in lives.values()] == list(ENDS.values()), "the sweep changed what is told"


@every_way
def test_complete_twice_is_one_answer(alice: Person, begins: Way) -> None:
    for _ in range(ROUNDS):
        upload = begins(alice).bytes_come()
        answers = at_once(*[partial(until_done, alice, upload.begun)] * 2)
        answers.append(upload.completes())
        assert [answer.status_code for answer in answers] == [200] * 3
        assert len({answer.json["key"] for answer in answers}) == 1
        assert len({answer.json["bytes"] for answer in answers}) == 1
        assert upload.state == "ready"


@every_way
def test_complete_while_it_is_deleted_is_one_of_both(alice: Person, begins: Way) -> None:
    ready = []
    for _ in range(ROUNDS):
        upload = begins(alice).bytes_come()
        done, deleted = at_once(partial(until_done, alice, upload.begun), upload.cancels)
        outcome = (done.status_code, deleted.status_code, upload.state)
        assert outcome in {(200, 409, "ready"), (410, 200, "cancelled")}
        for refused in (answer for answer in (done, deleted) if answer.status_code != 200):
            assert refused.json["error"] == ("upload_ready" if refused is deleted else "upload_cancelled")
        ready += [upload] if upload.state == "ready" else []
    nothing_is_left_but(alice, *ready)
