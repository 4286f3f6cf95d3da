"""The signer's client: has a grant's items signed by one of the replicas, and believes no URL it did not ask for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import orjson

from . import logs
from .bucket import Bucket
from .connections import Address, Answer, Connections, Unreachable
from .errors import NotFound, Unauthorized, Unavailable
from .grants import Asker, GrantKey, Item
from .object_keys import INCOMING, LARGE, ObjectKey

PATIENCE: Final = 5.0
LONGEST_ANSWER: Final = 4 * 1024 * 1024
SPARE_ATTEMPTS: Final = 2
# Fields of an item that a URL must name again, and their names in its query.
QUERY_NAMES: Final = {"upload_id": "uploadId", "part_number": "partNumber"}


@dataclass(frozen=True, slots=True)
class Signed:
    """What came of one item: a URL, or a URL for each size, or a form's URL and fields, or a receipt.

    `expires_at`: when the URLs end, in seconds since the epoch; 0 of a receipt.
    """

    url: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    receipt: str = ""
    expires_at: int = 0


class NotPublished(NotFound):
    """The signer does not take the object's receipt, so others may not read it; `item` as in Refused."""

    def __init__(self, item: int | None = None) -> None:
        super().__init__("there is nothing here, or you may not see it")
        self.item = item


class Refused(Unavailable):
    """The signer will not sign this: `error` is its own code, `item` the number of the item that it names, or None."""

    def __init__(self, error: str, item: int | None, headers: Mapping[str, str]) -> None:
        super().__init__(f"the signer refused: {error}", headers=headers)
        self.error, self.item = error, item


@dataclass(frozen=True, slots=True)
class Replica:
    """One signer: the name that grants are made out to, and where it listens."""

    name: str
    address: Address


class Signer:
    """All replicas of the signer. `note` is told the audit line of every answer: chain, seq and hash."""

    def __init__(
        self,
        replicas: Sequence[Replica],
        grant_key: GrantKey,
        bucket: Bucket,
        note: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._replicas = tuple(replicas)
        self._grant_key, self._bucket, self._note = grant_key, bucket, note
        self._connections = Connections(patience=PATIENCE, deadline=PATIENCE)
        self._turn = itertools.count()

    def sign(self, items: Sequence[Item], asker: Asker | None = None) -> list[Signed]:
        """What came of each item, in order: all or none. Raises Unavailable, Unauthorized or NotPublished."""
        answer = self._asked(items, asker)
        if answer.status != 200:
            raise refusal(answer)
        try:
            spoken = orjson.loads(answer.body)
            self._note(spoken["audit"])
            return [checked(item, made, self._bucket) for item, made in zip(items, spoken["items"], strict=True)]
        except (ValueError, KeyError, TypeError) as fault:
            raise Unavailable("the signer answered what cannot be right") from fault

    def _asked(self, items: Sequence[Item], asker: Asker | None) -> Answer:
        """The first answer that is not 503, each attempt with a grant of its own, the replicas in turn."""
        unreachable: Unreachable | None = None
        busy: Answer | None = None
        first = next(self._turn)
        for attempt in range(len(self._replicas) + SPARE_ATTEMPTS):
            replica = self._replicas[(first + attempt) % len(self._replicas)]
            try:
                answer = self._ask(replica, items, asker)
            except Unreachable as fault:
                unreachable = fault
                continue
            if answer.status != 503:
                return answer
            busy = answer
            if attempt + 1 >= len(self._replicas):
                break
        if busy is not None:
            return busy
        raise Unavailable("the signer cannot be reached; ask again") from unreachable

    def _ask(self, replica: Replica, items: Sequence[Item], asker: Asker | None) -> Answer:
        request: dict[str, str] = {"grant": self._grant_key.grant(items, replica.name, asker)}
        if asker is not None:
            request["caller_token"] = asker.token
        return self._connections.ask(
            replica.address,
            "POST",
            "/v1/sign",
            headers={"Content-Type": "application/json", **logs.traced()},
            body=orjson.dumps(request),
            limit=LONGEST_ANSWER,
        )


def refusal(answer: Answer) -> Exception:
    """What a refusal means to whoever asked us. Its own words stay here: they are about grants, not about requests."""
    spoken = _spoken(answer)
    code = str(spoken.get("error", f"status {answer.status}"))
    if code == "invalid_caller_token":
        return Unauthorized("the access token is not accepted")
    item = spoken["item"] if type(spoken.get("item")) is int else None
    if code == "not_published":
        return NotPublished(item)
    headers = {"Retry-After": answer.headers.get("retry-after", "1")}
    if answer.status == 503:  # it may name the item that it came to, which is not at fault
        return Unavailable(f"the signer refused: {code}", headers=headers)
    return Refused(code, item, headers)


def _spoken(answer: Answer) -> dict[str, Any]:
    try:
        spoken = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return spoken if isinstance(spoken, dict) else {}


def checked(item: Item, made: Mapping[str, Any], bucket: Bucket) -> Signed:
    """One answer, if its URLs are of the origin and the keys that were asked for. Raises Unavailable otherwise."""
    if item["op"] == "publish":
        return Signed(receipt=made["receipt"])
    if item["op"] == "post":
        return _checked_form(item, made, bucket)
    if "sizes" in item:
        urls = {size: _checked_url(item, size, made["urls"][size], bucket) for size in item["sizes"]}
        return Signed(urls=urls, expires_at=made["expires_at"])
    url = _checked_url(item, item.get("size", LARGE), made["url"], bucket)
    return Signed(url=url, headers=made.get("headers", {}))


def _checked_url(item: Item, size: str, url: str, bucket: Bucket) -> str:
    address, _, query = url.partition("?")
    names = {f"{name}={quote(str(item[own]), safe='')}" for own, name in QUERY_NAMES.items() if own in item}
    if address != bucket.url_of(_object_key(item, size)) or not names <= set(query.split("&")):
        raise Unavailable("the signer answered with a URL that was not asked for")
    return url


def _checked_form(item: Item, made: Mapping[str, Any], bucket: Bucket) -> Signed:
    if made["url"].rstrip("/") != bucket.url.rstrip("/") or made["fields"]["key"] != _object_key(item, LARGE):
        raise Unavailable("the signer answered with a form that was not asked for")
    return Signed(url=made["url"], fields=made["fields"])


def _object_key(item: Item, size: str) -> str:
    object_key = ObjectKey(item["owner"], item["category"], item["id"], item["ext"])
    return object_key.incoming if item["area"] == INCOMING else object_key.text(size)
