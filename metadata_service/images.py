"""image_service's client: sends a file, and checks what comes back without decoding it.

What comes back is not trusted: that service reads hostile files, and may be broken into by one.
"""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from . import logs
from .connections import Address, Answer, Connections, Unreachable
from .errors import Unavailable
from .jpeg import NotJpeg, dimensions
from .kinds import PICTURE_FORMATS, Kind
from .object_keys import LARGE
from .upload_errors import REASONS, UploadRejected

DEADLINE: Final = 20.0
LONGEST_ANSWER: Final = 16 * 1024 * 1024
LARGE_FITS: Final = 800
SQUARES: Final = (400, 150)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One size as it will be served. `width` and `height` are 0 where there are none, as of a PDF."""

    size: str
    octets: bytes
    width: int = 0
    height: int = 0


class ImageService:
    """image_service on its unix socket."""

    def __init__(self, socket_path: str) -> None:
        self._address = Address("unix", "localhost", socket_path=socket_path)
        self._connections = Connections(patience=DEADLINE, deadline=DEADLINE)

    def render(self, owner: str, kind: Kind, content_type: str, octets: bytes) -> list[Rendered]:
        """A picture anew, in every size, the large one first. Raises UploadRejected or Unavailable."""
        headers = {"X-Lane": _lane(owner), "X-Rules": rules(kind, content_type)}
        answer = self._ask("/images", headers, octets)
        try:
            return rendered(answer.headers["x-parts"], answer.body)
        except (NotJpeg, ValueError, KeyError, TypeError) as fault:
            raise Unavailable("image_service answered what cannot be right") from fault

    def inspect_pdf(self, owner: str, octets: bytes) -> None:
        """Pass a PDF, or raise UploadRejected or Unavailable."""
        self._ask("/pdfs", {"X-Lane": _lane(owner)}, octets)

    def _ask(self, target: str, headers: Mapping[str, str], octets: bytes) -> Answer:
        try:
            answer = self._connections.ask(
                self._address,
                "POST",
                target,
                headers={**headers, **logs.traced(), "Connection": "close"},
                body=octets,
                limit=LONGEST_ANSWER,
            )
        except Unreachable as fault:
            raise Unavailable("image_service cannot be reached; ask again") from fault
        if answer.status == http.client.OK:
            return answer
        raise _refusal(answer)


def rules(kind: Kind, content_type: str) -> str:
    """What image_service is to make of a picture, on one line."""
    sizes: list[dict[str, Any]] = [{"name": LARGE, "fit": LARGE_FITS}]
    sizes += [{"name": str(side), "square": side} for side in SQUARES]
    spoken = {
        "format": PICTURE_FORMATS[content_type],
        "accepted": list(kind.formats),
        "max_pixels": kind.max_pixels,
        "max_side": kind.max_side,
        "quality": kind.quality,
        "sizes": sizes,
    }
    return orjson.dumps(spoken).decode("ascii")


def rendered(parts_header: str, body: bytes) -> list[Rendered]:
    """The pictures in an answer: three, of these lengths, each a JPEG of the size it says, none larger than asked.

    Raises ValueError, KeyError, TypeError or NotJpeg.
    """
    parts: Sequence[Mapping[str, Any]] = orjson.loads(parts_header)
    if [part["name"] for part in parts] != [LARGE, *map(str, SQUARES)]:
        raise ValueError("not the sizes that were asked for")
    if any(type(part["bytes"]) is not int or part["bytes"] < 1 for part in parts):
        raise ValueError("lengths that are none")
    if sum(part["bytes"] for part in parts) != len(body):
        raise ValueError("lengths that do not add up")
    pictures, at = [], 0
    for part in parts:
        pictures.append(_picture(part, body[at : at + part["bytes"]]))
        at += part["bytes"]
    return pictures


def _picture(part: Mapping[str, Any], octets: bytes) -> Rendered:
    width, height = dimensions(octets)
    if (width, height) != (part["width"], part["height"]):
        raise ValueError("dimensions other than the file's own")
    if not 1 <= min(width, height) <= max(width, height) <= int(part["name"]):
        raise ValueError("larger than asked")
    if part["name"] != LARGE and width != height:
        raise ValueError("no square")
    return Rendered(part["name"], octets, width, height)


def _lane(owner: str) -> str:
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def _refusal(answer: Answer) -> Exception:
    if answer.status == http.client.UNPROCESSABLE_ENTITY:
        try:
            spoken = orjson.loads(answer.body)
            if spoken["reason"] in REASONS:
                return UploadRejected(spoken["reason"], str(spoken.get("message", ""))[:300] or None)
        except (ValueError, KeyError, TypeError):
            pass
    retry_after = answer.headers.get("retry-after", "1")
    return Unavailable("the decoder is busy; ask again", headers={"Retry-After": retry_after})
