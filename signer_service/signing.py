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
    """What the contract answers for an item that S3 serves; no URL is promised a longer life than its session."""
    ends_at, expires_at = presigner.ends_at, item.expires_at
    if ends_at is not None and ends_at < expires_at:
        expires_at = ends_at
    if item.op == "get":
        return _reading(presigner, grant, item, expires_at)
    if item.op == "post":
        return _form(presigner, grant, item, expires_at)
    return _writing(presigner, grant, item, expires_at)


def _form(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    url, fields = presigner.form(
        item.object_key.text(),
        at=grant.issued_at,
        expires_at=expires_at,
        lengths=item.length_range,
        content_type=item.content_type,
    )
    return {"method": "POST", "url": url, "fields": fields, "expires_at": expires_at}


def _writing(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    headers = {name: getattr(item, field) for field, name in HEADERS.items() if getattr(item, field) is not None}
    bound = {name.lower(): text for name, text in headers.items()}
    if item.content_length is not None:
        bound["content-length"] = str(item.content_length)
    at, query = grant.issued_at, "x-countersign-grant=" + grant.jti
    object_key, method = item.object_key.text(item.size), item.op.upper()
    url = presigner.url(method, object_key, at=at, expires=expires_at - at, headers=bound, query=query)
    return {"method": method, "url": url, "headers": headers, "expires_at": expires_at}


def _reading(presigner: Presigner, grant: Grant, item: Item, expires_at: int) -> dict[str, Any]:
    at, query = grant.issued_at, "x-countersign-grant=" + grant.jti
    if item.window is not None:
        at, query = at - at % item.window, ""
    if item.download_as is not None:
        disposition = encode("attachment; filename*=UTF-8''" + encode(item.download_as))  # RFC 6266 §4.3
        served_as = encode(TYPE_OF_EXTENSION[item.object_key.ext])
        fixed = f"response-content-disposition={disposition}&response-content-type={served_as}"
        query = f"{fixed}&{query}" if query else fixed
    life, text, url = expires_at - at, item.object_key.text, presigner.url
    if not item.sizes:
        signed = url("GET", text(item.size), at=at, expires=life, headers={}, query=query)
        return {"url": signed, "expires_at": expires_at}
    urls = {size: url("GET", text(size), at=at, expires=life, headers={}, query=query) for size in item.sizes}
    return {"urls": urls, "expires_at": expires_at}
