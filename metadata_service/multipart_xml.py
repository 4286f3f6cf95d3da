"""S3's XML about uploads in parts, as far as we need it: three elements read, one document written.

Patterns and not a parser: what S3 answers is flat, and so there are no entities to expand, no namespaces and no
nesting to bound. Text in another form than S3's own is a fault, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LONGEST_ID: Final = 1_024
MULTIPART_ID: Final = re.compile(rf"[A-Za-z0-9._~+/=-]{{1,{LONGEST_ID}}}")
"""S3 says only that its id is opaque; these are the characters that have been seen."""
ETAG: Final = re.compile(r'"?([A-Za-z0-9-]{1,128})"?')
MOST_PARTS: Final = 10_000
"""The highest number of a part (S3 User Guide: Amazon S3 multipart upload limits)."""

_UPLOAD_ID = re.compile(rb"<UploadId>([^<>&]{1,1024})</UploadId>")
_PART = re.compile(rb"<Part>(.*?)</Part>", re.DOTALL)
_NUMBER = re.compile(rb"<PartNumber>([0-9]{1,5})</PartNumber>")
_SIZE = re.compile(rb"<Size>([0-9]{1,13})</Size>")
_ETAG = re.compile(rb"<ETag>(?:\"|&quot;|&#34;)?([A-Za-z0-9-]{1,128})(?:\"|&quot;|&#34;)?</ETag>")


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its number, its ETag without quotes, and its bytes where S3 told."""

    number: int
    etag: str
    size: int = 0


def upload_id(body: bytes) -> str:
    """The id that S3 gave an upload in parts (S3 API: CreateMultipartUpload). Raises ValueError."""
    found = _UPLOAD_ID.search(body)
    text = found[1].decode("ascii") if found else ""
    if MULTIPART_ID.fullmatch(text) is None:
        raise ValueError("no UploadId")
    return text


def parts(body: bytes) -> list[Part]:
    """The parts that S3 has (S3 API: ListParts), at most its page of a thousand. Raises ValueError."""
    if b"<ListPartsResult" not in body or b"</ListPartsResult>" not in body:
        raise ValueError("no ListPartsResult")
    return [_part(each) for each in _PART.findall(body)]


def _part(text: bytes) -> Part:
    number, etag, size = _NUMBER.search(text), _ETAG.search(text), _SIZE.search(text)
    if number is None or etag is None or size is None:
        raise ValueError("a Part without PartNumber, ETag and Size")
    return Part(int(number[1]), etag[1].decode("ascii"), int(size[1]))


def completion(listed: Sequence[Part]) -> bytes:
    """What makes parts one object (S3 API: CompleteMultipartUpload). Nothing in a part needs escaping."""
    each = (f'<Part><PartNumber>{part.number}</PartNumber><ETag>"{part.etag}"</ETag></Part>' for part in listed)
    return f"<CompleteMultipartUpload>{''.join(each)}</CompleteMultipartUpload>".encode("ascii")
