"""S3 by presigned URL, the only way there is from here: looking at what came, writing what is served, deleting."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from . import multipart_xml
from .connections import Address, Answer, Connections, Unreachable
from .errors import Unavailable
from .multipart_xml import Part
from .upload_errors import InvalidParts

PATIENCE: Final = 10.0
DEADLINE: Final = 25.0
ATTEMPTS: Final = 3
LONGEST_ANSWER: Final = 4 * 1024
LONGEST_LIST: Final = 1024 * 1024
_CODE = re.compile(rb"<Code>(\w{1,64})</Code>")
_OF_PARTS: Final = ("EntityTooSmall", "InvalidPart", "InvalidPartOrder", "MalformedXML")
_ENDED: Final = b"Request has expired"


class NothingThere(Exception):
    """There is no object under this key; to an identity that may not list, S3 says so by 403 AccessDenied."""


class DeleteRefused(Unavailable):
    """S3 can be reached, and will not delete this one: `error` is its own code."""

    def __init__(self, answer: Answer) -> None:
        self.error = f"{answer.status} {_code(answer)}".rstrip()
        super().__init__(f"S3 answered {self.error}; ask again")


class S3:
    """The bucket by presigned URLs; `dial` names a host and port to connect to while the URL's Host stays."""

    def __init__(self, dial: tuple[str, int] | None = None) -> None:
        self._dial = dial
        self._connections = Connections(patience=PATIENCE, deadline=DEADLINE)

    def fetch(self, url: str, limit: int) -> bytes:
        """The object's first `limit` bytes. Raises NothingThere or Unavailable."""
        answer, _ = self._tried("GET", url, limit=limit)
        if answer.status == 200:
            return answer.body
        if answer.status == 404 or (answer.status == 403 and _is_missing(answer)):
            raise NothingThere
        raise _failed(answer)

    def put(self, url: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Write an object unless it is there already (S3 API: PutObject, If-None-Match). Raises Unavailable.

        False: some attempt's answer was lost, so that a PUT nobody waits for may still arrive.
        """
        answer, lost = self._tried("PUT", url, headers=headers, body=body)
        # 412: the same bytes are there, since only bytes whose digest is recorded are ever PUT under this key.
        if answer.status not in (200, 412):
            raise _failed(answer)
        return lost == 0

    def delete(self, url: str) -> None:
        """Delete an object; that there is none is success too. Raises DeleteRefused or Unavailable."""
        answer, _ = self._tried("DELETE", url)
        if answer.status in (200, 204, 404):
            return
        raise DeleteRefused(answer) if 400 <= answer.status < 500 else _failed(answer)

    def create_multipart(self, url: str, headers: Mapping[str, str]) -> str:
        """Begin an upload in parts; S3's id of it. Raises Unavailable.

        Where an answer was lost there is another one now, which has no part and is the bucket's lifecycle's to end.
        """
        answer, _ = self._tried("POST", url, headers=headers)
        if answer.status != 200:
            raise _failed(answer)
        try:
            return multipart_xml.upload_id(answer.body)
        except ValueError as fault:
            raise Unavailable("S3 answered what cannot be read; ask again") from fault

    def list_parts(self, url: str) -> list[Part]:
        """The parts that came. Raises NothingThere where there is no such upload, or Unavailable."""
        answer, _ = self._tried("GET", url, limit=LONGEST_LIST)
        if answer.status == 404:
            raise NothingThere
        if answer.status != 200:
            raise _failed(answer)
        try:
            return multipart_xml.parts(answer.body)
        except ValueError as fault:
            raise Unavailable("S3 answered what cannot be read; ask again") from fault

    def complete_multipart(self, url: str, parts: Sequence[Part]) -> None:
        """Make parts one object. Raises NothingThere where there is no such upload, InvalidParts or Unavailable."""
        headers = {"Content-Type": "application/xml"}
        answer, _ = self._tried("POST", url, headers=headers, body=multipart_xml.completion(parts))
        code = _code(answer)
        # S3 may find out after it has said 200 (S3 API: CompleteMultipartUpload); then the body is the error's.
        if answer.status == 200 and not code:
            return
        if code == "NoSuchUpload":
            raise NothingThere
        raise InvalidParts(code) if code in _OF_PARTS else _failed(answer)

    def _tried(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        limit: int = LONGEST_ANSWER,
    ) -> tuple[Answer, int]:
        """The answer, and how many were lost before it; conflicts and errors of S3's own are asked again, too.

        Each of our requests may be repeated.
        """
        address, target = self._place(url)
        answer: Answer | None = None
        lost: list[Unreachable] = []
        for _ in range(ATTEMPTS):
            try:
                answer = self._connections.ask(address, method, target, headers=headers or {}, body=body, limit=limit)
            except Unreachable as fault:
                lost.append(fault)
                continue
            if answer.status != 409 and answer.status < 500:
                break
        if answer is None:
            raise Unavailable("S3 cannot be reached; ask again") from lost[-1]
        return answer, len(lost)

    def _place(self, url: str) -> tuple[Address, str]:
        parts = urlsplit(url)
        return Address.parse(f"{parts.scheme}://{parts.netloc}", self._dial), f"{parts.path}?{parts.query}"


def _code(answer: Answer) -> str:
    found = _CODE.search(answer.body)
    return found[1].decode("ascii") if found else ""


def _is_missing(answer: Answer) -> bool:
    # A URL used past its end is AccessDenied too, and then the object may well be there.
    return _code(answer) in ("AccessDenied", "NoSuchKey") and _ENDED not in answer.body


def _failed(answer: Answer) -> Unavailable:
    return Unavailable(f"S3 answered {answer.status} {_code(answer)}".rstrip() + "; ask again")
