"""Uploads as Uppy's S3 plugins ask for them: what each request means, and the form of its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import ways_out
from ..callers import Caller
from ..kinds import EXTENSIONS_OF_TYPE
from ..multipart_xml import ETAG, Part
from ..signer import Signed
from ..upload_record import MULTIPART, Upload
from . import answers, beginning, multipart
from .beginning import Begun, Wanted
from .completing import Completed

UNKNOWN_TYPES: Final = (None, "", "application/octet-stream")
"""What Uppy says of a file whose type the browser does not know."""
_TYPES_BY_EXTENSION: Final = {
    extension: content_type
    for content_type, extensions in reversed(EXTENSIONS_OF_TYPE.items())
    for extension in extensions
}


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What Uppy 6 hands to `signRequest`, and what the page adds to it: the file's size in bytes, and its name.

    `content_type` and `part_size` (bytes of one part) bind what is uploaded, where they are given.
    """

    method: str
    object_key: str
    content_type: str | None = None
    multipart_id: str | None = None
    part_number: int | None = None
    part_size: int | None = None
    size: int | None = None
    name: str | None = None


def content_type_of(said: str | None, *names: str | None) -> str:
    """The type as Uppy said it or, for it says none where it begins in parts, by the first name's extension."""
    if said not in UNKNOWN_TYPES:
        return str(said)
    extensions = [name.rpartition(".")[2].lower() for name in names if name]
    return next((_TYPES_BY_EXTENSION[each] for each in extensions if each in _TYPES_BY_EXTENSION), "")


def begin(caller: Caller, file_type: str, asked: SignRequest) -> Begun:
    """Begin what Uppy 6 is about to send: whole by PUT, or in parts by POST."""
    content_type = content_type_of(asked.content_type, asked.name, asked.object_key)
    method = MULTIPART if asked.method == "POST" else asked.method
    return beginning.begin(caller, Wanted(file_type, content_type, method=method, content_length=asked.size))


def begin_form(
    caller: Caller, file_type: str, *, name: str, content_type: str | None = None, size: int | None = None
) -> Begun:
    """Begin what Uppy 4 or 5 is about to send by a form."""
    said = content_type_of(content_type, name)
    return beginning.begin(caller, Wanted(file_type, said, method="POST", content_length=size))


def create(
    caller: Caller, file_type: str, *, name: str, content_type: str | None = None, **_ignored: Any
) -> tuple[Begun, str]:
    """Begin what Uppy 4 or 5 is about to send in parts; S3's id of it, too."""
    return multipart.create(caller, Wanted(file_type, content_type_of(content_type, name), method=MULTIPART))


def sign(caller: Caller, file_type: str, asked: SignRequest) -> Signed:
    """A URL for what Uppy 6 does to an upload in parts: a part, the list, the completion or the abort of them."""
    multipart_id = str(asked.multipart_id)
    upload = multipart.find(caller, file_type, asked.object_key, multipart_id)
    if asked.part_number is not None:
        number = asked.part_number
        return multipart.sign_parts(caller, upload, multipart_id, [number], asked.part_size)[number]
    way = {"GET": multipart.sign_list, "POST": multipart.sign_completion, "DELETE": multipart.abort}[asked.method]
    return way(caller, upload, multipart_id)


def signed(made: Signed) -> dict[str, Any]:
    """A URL as `signRequest` returns it."""
    return {"url": made.url, "headers": dict(made.headers)}


def signed_first(begun: Begun) -> dict[str, Any]:
    """The same where an upload begins: with the key, which Uppy uses from then on."""
    return signed(begun.destination) | {"key": begun.upload.object_key.text()}


def form(begun: Begun) -> dict[str, Any]:
    """A form as Companion's `GET s3/params` answers it."""
    fields = dict(begun.destination.fields)
    return {"method": "POST", "url": begun.destination.url, "fields": fields, "expires": begun.kind.upload_expiry}


def created(begun: Begun, multipart_id: str) -> dict[str, str]:
    """An upload in parts as `POST s3/multipart` answers it."""
    bucket = ways_out.current().bucket_name
    return {"key": begun.upload.object_key.text(), "uploadId": multipart_id, "bucket": bucket}


def signed_part(made: Signed, upload: Upload) -> dict[str, Any]:
    """A part's URL as `GET s3/multipart/{uploadId}/{n}` answers it; `expires` in seconds."""
    return {"url": made.url, "expires": ways_out.current().kinds[upload.kind].upload_expiry}


def signed_parts(made: Mapping[int, Signed]) -> dict[str, dict[str, str]]:
    """Parts' URLs as the batch answers them, by number."""
    return {"presignedUrls": {str(number): each.url for number, each in made.items()}}


def sent_parts(said: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The parts that Uppy says it sent, their ETags without quotes."""
    return [Part(each["number"], ETAG.sub(r"\1", each["etag"])) for each in said]


def listed(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Parts as `GET s3/multipart/{uploadId}` answers them, in S3's own words."""
    return [{"PartNumber": part.number, "Size": part.size, "ETag": f'"{part.etag}"'} for part in parts]


def completed(caller: Caller, done: Completed) -> dict[str, str | None]:
    """A complete upload as `POST s3/multipart/{uploadId}/complete` answers it: `location` is where it is read."""
    said = answers.completed(caller, done)
    return {"location": said["url"], "key": said["key"], "bucket": ways_out.current().bucket_name}
