"""The client: what an internal service may ask of Countersign."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, TypeVar
from urllib.parse import quote

from .errors import CountersignError
from .items import MOST_ITEMS, Get, Put
from .results import Answer, Begun, Place, ReadyUpload, SignedUrl, of_item, ready, unexpected
from .sending import Body, Patience, Sender
from .tokens import PrivateKey, ServiceTokens

Kind = TypeVar("Kind", SignedUrl, Place, Begun)


class Client:
    """Countersign's internal listener at `base_url`, asked as one registered service; may be shared by threads.

    It makes its own tokens with `private_key`, for these scopes. Each method raises CountersignError where it is
    refused, and Unreachable where no answer came in as many tries as `patience` has.
    """

    def __init__(
        self,
        base_url: str,
        service_name: str,
        private_key: PrivateKey,
        scopes: Iterable[str] = ("media:read", "media:write"),
        *,
        patience: Patience | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._tokens = ServiceTokens(service_name, private_key, scopes)
        self._sender = Sender(patience or Patience())

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._sender.close()

    def signed_urls(self, items: Sequence[Get | Put], *, idempotency_key: str | None = None) -> list[Answer]:
        """An answer for each of 1 to 100 items, in order; a refusal of one is an answer too, and is not raised.

        Asked again with the same items and the same `idempotency_key`, its uploads are the same uploads.
        """
        if not 1 <= len(items) <= MOST_ITEMS:
            raise ValueError(f"items must be 1 to {MOST_ITEMS}, and are {len(items)}")
        said = self._post("signed-urls", {"items": [item.spoken() for item in items]}, idempotency_key)
        answers = said.get("items")
        if not isinstance(answers, list) or len(answers) != len(items):
            raise unexpected(ValueError("not an answer for each item"))
        return [of_item(number, answer) for number, answer in enumerate(answers)]

    def get_url(
        self, object_key: str, size: int | None = None, *, expires_in: int = 300, download_as: str | None = None
    ) -> SignedUrl:
        """A URL to read an object; `expires_in` in seconds, at most 900. Raises where there is no such object."""
        [answer] = self.signed_urls([Get(object_key, size, expires_in, download_as)])
        return _expected(answer, SignedUrl)

    def get_urls(
        self, object_keys: Iterable[str], size: int | None = None, *, expires_in: int = 300
    ) -> list[SignedUrl | CountersignError]:
        """A URL or a refusal for each object, in order; as many requests as a hundred at a time take."""
        wanted = [Get(object_key, size, expires_in) for object_key in object_keys]
        answers = [answer for batch in _batches(wanted) for answer in self.signed_urls(batch)]
        for number, answer in enumerate(answers):
            if isinstance(answer, CountersignError):
                answer.item = number  # among all, and not only in its batch
        return [each if isinstance(each, CountersignError) else _expected(each, SignedUrl) for each in answers]

    def upload(
        self,
        file_type: str,
        content_type: str,
        content: bytes | IO[bytes],
        *,
        file_extension: str | None = None,
        idempotency_key: str | None = None,
    ) -> ReadyUpload:
        """Upload bytes, or a file that can be sought, into the service's own space, and complete it.

        The upload is bound to the length and the SHA-256 of what is there to be read. Where it fails half-way, asking
        again with the same `idempotency_key` (1 to 64 visible characters) goes on with the same upload.
        """
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        start = file.tell()
        length, checksum = _measured(file)
        wanted = Put(file_type, content_type, length, checksum, file_extension)
        [answer] = self.signed_urls([wanted], idempotency_key=idempotency_key or str(uuid.uuid4()))
        if isinstance(answer, Begun):  # the bytes came when it was asked before
            return self.complete(answer.upload_id)
        place = _expected(answer, Place)
        self._put(place, file, start, length)
        return self.complete(place.upload_id)

    def complete(self, upload_id: str) -> ReadyUpload:
        """Have an upload's bytes checked, and made visible; asked again, the same answer."""
        return ready(self._post(f"uploads/{quote(upload_id, safe='')}/complete", {}))

    def block(self, object_key: str, reason: str) -> None:
        """Let nobody have a new URL to an object from now on; needs the scope media:moderate."""
        self._post("objects/block", {"key": object_key, "reason": reason})

    def unblock(self, object_key: str, reason: str | None = None) -> None:
        """Let those read it again who might before."""
        self._post("objects/unblock", {"key": object_key} | ({"reason": reason} if reason else {}))

    def _post(self, path: str, content: Mapping[str, Any], idempotency_key: str | None = None) -> Mapping[str, Any]:
        repeated_by = idempotency_key or str(uuid.uuid4())
        octets = json.dumps(content).encode()

        def headers() -> dict[str, str]:
            return {
                "Authorization": f"Bearer {self._tokens.current()}",
                "Content-Type": "application/json",
                "Idempotency-Key": repeated_by,
            }

        answer = self._sender.send("POST", f"{self._base_url}/internal/v1/{path}", headers, lambda: octets)
        try:
            said: Mapping[str, Any] = {**answer.json()}
        except (ValueError, TypeError) as fault:
            raise unexpected(fault) from fault
        return said

    def _put(self, place: Place, file: IO[bytes], start: int, length: int) -> None:
        def body() -> Body:
            file.seek(start)
            # Of nothing, requests would make a chunked body, which S3 does not take.
            return file if length else b""

        self._sender.send("PUT", place.upload_url, lambda: place.headers, body)


def _measured(file: IO[bytes]) -> tuple[int, str]:
    """Bytes from here to the end, and their SHA-256 in base64."""
    digest, length = hashlib.sha256(), 0
    while piece := file.read(1024 * 1024):
        digest.update(piece)
        length += len(piece)
    return length, b64encode(digest.digest()).decode("ascii")


def _batches(items: Sequence[Get]) -> Iterator[Sequence[Get]]:
    for at in range(0, len(items), MOST_ITEMS):
        yield items[at : at + MOST_ITEMS]


def _expected(answer: Answer, kind: type[Kind]) -> Kind:
    """The answer, of this kind. Raises the refusal that it is, or CountersignError where it is of another kind."""
    if isinstance(answer, CountersignError):
        raise answer
    if not isinstance(answer, kind):
        raise unexpected(TypeError(f"{type(answer).__name__} where {kind.__name__} was due"))
    return answer
