"""From proven items to answers: what the contract's fields become in a URL, a form or a receipt."""

from __future__ import annotations

from typing import Any, Final

from .errors import each
from .grants import Grant
from .identities import Identities
from .presign import Presigner, encode
from .proofs import Proven
from .receipts import Receipts, Terms
from .schemas import Item

METHODS: Final = {"put": "PUT", "get": "GET", "delete": "DELETE"}
# Field of an item, and the header that it becomes; content-length is bound too, but no client sets it itself.
HEADERS: Final = (
    ("content_type", "Content-Type"),
    ("checksum_sha256", "x-amz-checksum-sha256"),
    ("if_none_match", "If-None-Match"),
    ("cache_control", "Cache-Control"),
)


class Signing:
    """Signs what has been proven."""

    def __init__(self, identities: Identities, receipts: Receipts) -> None:
        self._identities = identities
        self._receipts = receipts

    def sign(self, grant: Grant, proven: list[Proven], now: float) -> list[dict[str, Any]]:
        """An answer an item, in order. Raises CredentialsUnavailable; then none is answered."""
        return list(each(proven, lambda one: self._answer(grant, one, now)))

    def _answer(self, grant: Grant, proven: Proven, now: float) -> dict[str, Any]:
        item = proven.item
        if item.op in ("publish", "reissue"):
            terms = proven.terms or Terms(str(item.visibility), grant.issued_at, item.until)
            return {"receipt": self._receipts.issue(item.object_key, terms)}
        presigner, session_ends = self._identities.for_operation(item.op, max(now, grant.issued_at))
        expires_at = item.expires_at if session_ends is None else min(item.expires_at, session_ends)
        if item.op == "post":
            return _form(presigner, grant, item, expires_at)
        if item.op == "get":
            return _reading(presigner, grant, item, expires_at)
        return _writing(presigner, grant, item, expires_at)


def _form(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    url, fields = presigner.form(
        item.object_key.text(),
        at=grant.issued_at,
        expires_at=expires_at,
        length_range=item.length_range or (0, 0),
        content_type=item.content_type,
    )
    return {"method": "POST", "url": url, "fields": fields, "expires_at": expires_at}


def _writing(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    headers = {name: value for field, name in HEADERS if (value := getattr(item, field)) is not None}
    signed = {name.lower(): value for name, value in headers.items()}
    if item.content_length is not None:
        signed["content-length"] = str(item.content_length)
    url = presigner.url(
        METHODS[item.op],
        item.object_key.text(item.size),
        at=grant.issued_at,
        expires=expires_at - grant.issued_at,
        headers=signed,
        query=f"x-countersign-grant={grant.jti}",
    )
    return {"method": METHODS[item.op], "url": url, "headers": headers, "expires_at": expires_at}


def _reading(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    at = grant.issued_at - grant.issued_at % item.window if item.window else grant.issued_at
    query = _reading_query(grant, item)
    object_key = item.object_key

    def url(size: str | None) -> str:
        return presigner.url("GET", object_key.text(size), at=at, expires=expires_at - at, query=query)

    if item.sizes:
        return {"urls": {size: url(size) for size in item.sizes}, "expires_at": expires_at}
    return {"url": url(item.size), "expires_at": expires_at}


def _reading_query(grant: Grant, item: Item) -> str:
    parameters = []
    if item.download_as is not None:
        disposition = f"attachment; filename*=UTF-8''{encode(item.download_as)}"  # RFC 6266 §4.3
        parameters.append(f"response-content-disposition={encode(disposition)}")
        parameters.append(f"response-content-type={encode(item.object_key.content_type)}")
    if item.window is None:
        parameters.append(f"x-countersign-grant={grant.jti}")
    return "&".join(parameters)
