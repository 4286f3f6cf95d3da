"""Forms read strictly: the one file of a multipart/form-data body (RFC 7578), into memory, and no further than a limit.

Nothing that a form says of its file is believed but the type, which is checked against the file later; its name is not
even looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Final, NoReturn

from flask import request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser

from .errors import ValidationFailed

AROUND: Final = 64 * 1024
"""Bytes that a form may have beside its file: the gateway adds as many to the longest file."""
MOST_PARTS: Final = 20
LONGEST_FIELD: Final = 500_000
"""Bytes of a part's headers, and of a part that is no file; less than twice what is read at once stops files, too."""
MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as a form brings it: the type that was said, in lower case and without parameters, and the bytes."""

    content_type: str
    octets: bytes


def file(field: str, longest: int) -> SentFile:
    """The file in this field of the request's form, which may have `longest` bytes and what stands around them.

    Raises ValidationFailed naming the field, or RequestEntityTooLarge.
    """
    request.max_content_length = longest + AROUND
    given = _files(field).getlist(field)
    if not given:
        _refuse(field, f"must be a file, with a file name, in a form of the type {MULTIPART}")
    if len(given) > 1:
        _refuse(field, "given more than once")
    sent = SentFile(given[0].mimetype, given[0].read())
    if not given[0].filename and not sent.octets:  # as browsers send a form in which nobody chose a file
        _refuse(field, "choose a file: none was sent")
    return sent


def _files(field: str) -> MultiDict[str, FileStorage]:
    if request.mimetype != MULTIPART:
        _refuse(field, f"must come in a form of the type {MULTIPART}")
    # Not request.files: that would write large files to a disk which a container may not have.
    parser = FormDataParser(
        stream_factory=_in_memory, max_form_memory_size=LONGEST_FIELD, max_form_parts=MOST_PARTS, silent=False
    )
    try:
        return parser.parse(request.stream, MULTIPART, request.content_length, request.mimetype_params)[2]
    except ValueError:
        _refuse(field, "the form is cut off or not well formed")


def _in_memory(*_: object, **__: object) -> BytesIO:
    return BytesIO()


def _refuse(field: str, sentence: str) -> NoReturn:
    raise ValidationFailed({field: [sentence]}) from None
