"""From proven items to answers: what the contract's fields become in a URL, a form or a receipt."""

from typing import Any, Final

from .grants import Grant
from .object_keys import TYPE_OF_EXTENSION
from .presign import Presigner, encode
from .schemas import Item

# A field of an item, and the header that it becomes; content-length is bound, too, but no client sets it itself.
HEADERS: Final = {
    "content_type": "Content-Type",
    "checksum_sha256": "x-amz-checksum-sha256",
    "if_none_match": "If-None-Match",
    "cache_control": "Cache-Control",
}


def answer(presigner: Presigner, grant: Grant, item: Item) -> dict[str, Any]:
    """What the contract answers for an item that is signed for S3."""
    expires_at = min(item.expires_at, presigner.ends_at or item.expires_at)
    signed = {"post": _form, "get": _reading}.get(item.op, _writing)(presigner, grant, item, expires_at)
    return {**signed, "expires_at": expires_at}


def _form(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    url, fields = presigner.form(
        item.object_key.text(),
        at=grant.issued_at,
        expires_at=expires_at,
        lengths=item.length_range,
        content_type=item.content_type,
    )
    return {"method": "POST", "url": url, "fields": fields}


def _writing(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    headers = {name: getattr(item, field) for field, name in HEADERS.items() if getattr(item, field) is not None}
    bound = {name.lower(): text for name, text in headers.items()}
    if item.content_length is not None:
        bound["content-length"] = str(item.content_length)
    at, query = grant.issued_at, "x-countersign-grant=" + grant.jti
    object_key, method = item.object_key.text(item.size), item.op.upper()
    url = presigner.url(method, object_key, at=at, expires=expires_at - at, headers=bound, query=query)
    return {"method": method, "url": url, "headers": headers}


def _reading(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    at = grant.issued_at - grant.issued_at % (item.window or 1)
    parameters = []
    if item.download_as is not None:
        disposition = "attachment; filename*=UTF-8''" + encode(item.download_as)  # RFC 6266 §4.3
        parameters.append("response-content-disposition=" + encode(disposition))
        parameters.append("response-content-type=" + encode(TYPE_OF_EXTENSION[item.object_key.ext]))
    if item.window is None:
        parameters.append("x-countersign-grant=" + grant.jti)
    query = "&".join(parameters)

    def url(size: str | None) -> str:
        object_key = item.object_key.text(size)
        return presigner.url("GET", object_key, at=at, expires=expires_at - at, headers={}, query=query)

    return {"urls": {size: url(size) for size in item.sizes}} if item.sizes else {"url": url(item.size)}
