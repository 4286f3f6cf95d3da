"""What is really there of a person: in the records, the bucket and the answers; and what must be so at any time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import requests
from PIL import Image

from tests.integration.metadata import galleries, tallying
from tests.integration.uploads_stack import Person
from tests.reliability.simple_account import World

TIMES: Final = (
    "due",
    "again_at",
    "url_ends_at",
    "lease_ends_at",
    "writes_end_at",
    "parts_end_at",
    "strays_until",
    "ends_at",
)
"""The attributes of media's rows that say a time in seconds, but for those of the past and for `ttl`."""
ORIGIN: Final = "http://pictures.example"
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """What a look finds: the ids of the current picture, of the photos in order, of all objects; uploads' states.

    `shut`: those of them, the picture and the photos, that are answered without an address of their own.
    `urls`: what is answered of the picture's and the photos' sizes.
    """

    picture: str
    photos: tuple[str, ...]
    objects: frozenset[str]
    states: frozenset[tuple[str, str]]
    shut: frozenset[str]
    urls: dict[str, dict[str, str] | None]


@dataclass(frozen=True)
class Records:
    """Somebody's rows of the media table, as they were read."""

    owner: str
    rows: Rows

    @classmethod
    def of(cls, person: Person) -> Records:
        return cls(person.sub, person.rows)

    def ids(self, category: str) -> list[str]:
        """The ids of the recorded objects, of one category or ("") of all."""
        found = [name.split("#") for name in self.rows if name.startswith("OBJECT#")]
        return [object_id for _, of, object_id in found if category in ("", of)]

    @property
    def uploads(self) -> Rows:
        """The uploads' rows, by their ids."""
        return {name[7:]: row for name, row in self.rows.items() if name.startswith("UPLOAD#")}

    @property
    def files(self) -> set[str]:
        """The keys of all recorded objects in all their sizes."""
        found = [(name.split("#"), row["ext"]["S"]) for name, row in self.rows.items() if name.startswith("OBJECT#")]
        return {
            each
            for (_, category, object_id), ext in found
            for each in sizes(f"users/{self.owner}/{category}/{object_id}.{ext}")
        }


def look(person: Person, records: Records, *, is_erased: bool) -> Seen:
    """The picture and the photos as they are answered, the rest as it is recorded; and that it holds together."""
    holds_together(person, records)
    states = frozenset((upload_id, state_of(row)) for upload_id, row in records.uploads.items())
    everything = frozenset(records.ids(""))
    if is_erased:
        return Seen("", (), everything, states, frozenset(), {})
    picture = person.ask("GET", "/users/me/picture").json
    current = id_of(picture["key"] or "")
    pointed = records.rows.get("PROFILE_PICTURE", {}).get("object_id", {}).get("S", "")
    assert current == pointed, "the picture that is told is not the one that is recorded"
    photos = {photo["imageId"]: photo["urls"] for photo in galleries.listed(person)}
    assert set(photos) == set(records.ids("photos")), "the photos that are listed are not those that are recorded"
    urls = photos | ({current: picture["urls"]} if current else {})
    shut = frozenset(each for each, sizes in urls.items() if sizes is None or "/static/" in sizes["800"])
    return Seen(current, tuple(photos), everything, states, shut, urls)


def looks(world: World, seen: Seen) -> bool:
    """Whether this is what the model has; of an erased account it has nothing to say."""
    if world.is_erased:
        return True
    as_told = (world.picture, world.photos, world.objects) == (seen.picture, seen.photos, seen.objects)
    as_told = as_told and world.blocked & seen.urls.keys() == seen.shut
    return as_told and {(upload.id, upload.state) for upload in world.uploads} == seen.states


def holds_together(person: Person, records: Records) -> None:
    """What is so at any instant, whoever was killed and whoever races."""
    rows, object_keys = records.rows, person.keys
    pointer = rows.get("PROFILE_PICTURE")
    current = [] if pointer is None else [pointer["object_id"]["S"]]
    assert records.ids("profile") == current, "a picture that is not current, or one that is not there"
    missing = records.files - object_keys
    assert not missing, f"recorded, and not in the bucket: {missing}"
    gallery = {row["imageId"]["S"] for row in galleries.of(person)}
    assert gallery == set(records.ids("photos")), "photos in one table only"
    assert tallying.is_exact(records)
    pending = sum(state_of(row) == "pending" for row in records.uploads.values())
    assert int(rows.get("QUOTA", {}).get("pending", {"N": "0"})["N"]) == pending, "pending uploads are miscounted"
    for object_key in object_keys:
        assert is_known(object_key, rows), f"{object_key} is in the bucket, and no record says so"


def is_known(object_key: str, rows: Rows) -> bool:
    """Whether some row says of a file what is to become of it."""
    incoming = object_key.startswith("incoming/")
    category = object_key.split("/")[-2]
    upload_id = id_of(object_key)
    if f"CLEANUP#{'incoming' if incoming else 'users'}#{upload_id}" in rows:
        return True
    upload = rows.get(f"UPLOAD#{upload_id}", {})
    is_pending = bool(upload) and state_of(upload) == "pending"
    if incoming:
        return is_pending
    return f"OBJECT#{category}#{upload_id}" in rows or (is_pending and "digests" in upload)


def sizes(object_key: str) -> set[str]:
    stem, _, ext = object_key.rpartition(".")
    return {object_key} if ext == "pdf" else {object_key, f"{stem}-400.{ext}", f"{stem}-150.{ext}"}


def id_of(object_key: str) -> str:
    return object_key.rpartition("/")[2].partition(".")[0][:36]


def state_of(row: dict[str, Any]) -> str:
    state: str = row["state"]["S"]
    return "pending" if state in ("requested", "processing") else state


def read(person: Person, url: str) -> bytes:
    """What a URL of ours leads to."""
    if url.startswith(ORIGIN):
        answer = person.ask("GET", url.removeprefix(ORIGIN))
        assert answer.status_code == 302, (url, answer.status_code, answer.text)
        url = answer.headers["Location"]
    got = requests.get(url, timeout=10)
    assert got.status_code == 200, (url, got.text)
    return got.content


def is_the_picture(octets: bytes, size: str, colour: tuple[int, int, int], source: tuple[int, int]) -> bool:
    """Whether this is the JPEG that such a source makes in that size."""
    with Image.open(BytesIO(octets)) as picture:
        picture.load()
        assert picture.format == "JPEG"
        scale = min(1.0, 800 / max(source))
        square = min(int(size), *source)
        wanted = (round(source[0] * scale), round(source[1] * scale)) if size == "800" else (square, square)
        assert picture.size == wanted, (picture.size, wanted, size)
        pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    assert all(abs(is_now - was) < 12 for is_now, was in zip(pixel, colour, strict=True)), (pixel, colour)
    return True


def let_pass(person: Person, seconds: int) -> None:
    """Time passes for one person: every time in their rows comes nearer, or lies further back; leases end."""
    for sort_key, row in person.rows.items():
        moved = {name: int(row[name]["N"]) - seconds for name in TIMES if int(row.get(name, {"N": "0"})["N"]) > 0}
        if "lease_ends_at" in moved:
            moved["lease_ends_at"] = int(time.time()) - 1
        if moved:
            person.stack.set_numbers(person.sub, sort_key, **moved)


def let_the_dead_hold(person: Person, seconds: int) -> None:
    """Whoever died holding an upload holds it until time passes, however slow this machine is."""
    now = int(time.time())
    for upload_id, row in Records.of(person).uploads.items():
        if row["state"]["S"] == "processing" and int(row["lease_ends_at"]["N"]) > now:
            person.stack.set_numbers(person.sub, f"UPLOAD#{upload_id}", lease_ends_at=now + seconds)


def open_parts(person: Person) -> Iterable[str]:
    """Keys of uploads in parts that S3 has open of a person."""
    deployment = person.stack.deployment
    listed = deployment.client("s3").list_multipart_uploads(Bucket=deployment.bucket).get("Uploads", [])
    return [each["Key"] for each in listed if f"/{person.sub}/" in each["Key"]]
