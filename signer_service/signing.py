"""From proven items to answers: the S3 identity that signs, and what an item's fields become in a URL or a form."""

import re
from collections.abc import Mapping
from typing import Any, Final

from .errors import CredentialsUnavailable, require
from .grants import Grant
from .jws import decode_json
from .presign import Bucket, Identity, Presigner, encode
from .schemas import TYPES, Item
from .watched import WatchedFile

SIGNED_AS: Final = {
    # operation           identity    method    what of the query makes S3 take it for this operation
    "put":                ("uploader", "PUT",    ""),
    "post":               ("uploader", "POST",   ""),
    "get":                ("reader",   "GET",    ""),
    "delete":             ("remover",  "DELETE", ""),
    "multipart_create":   ("uploader", "POST",   "uploads=&"),
    "multipart_part":     ("uploader", "PUT",    "partNumber={part_number}&uploadId={upload_id}&"),
    "multipart_list":     ("uploader", "GET",    "uploadId={upload_id}&"),
    "multipart_complete": ("uploader", "POST",   "uploadId={upload_id}&"),
    "multipart_abort":    ("uploader", "DELETE", "uploadId={upload_id}&"),
}  # fmt: skip
# A field of an item, and the header that it becomes; content-length is bound, too, but no client sets it itself.
HEADERS: Final = {
    "content_type": "Content-Type",
    "checksum_sha256": "x-amz-checksum-sha256",
    "if_none_match": "If-None-Match",
    "cache_control": "Cache-Control",
}


def parse_identity(bucket: Bucket, text: bytes) -> Presigner:
    """What an identity's file signs with. Raises ValueError or TypeError on anything else."""
    identity = Identity(**decode_json(text))
    is_in_form = re.fullmatch(r"[A-Z0-9]{16,128}", identity.access_key_id) and identity.secret_access_key
    require(bool(is_in_form), ValueError, "not an access key")
    require(type(identity.expires_at) in (int, type(None)), ValueError, "expires_at is whole seconds since the epoch")
    return Presigner(identity, bucket)


def presigner_for(identities: Mapping[str, WatchedFile[Presigner]], op: str, now: float) -> Presigner:
    """What signs this operation. Raises CredentialsUnavailable where there is none, or its session has ended."""
    name, _, _ = SIGNED_AS[op]
    presigner = identities[name].read()
    if presigner is None or (presigner.ends_at is not None and presigner.ends_at <= now):
        raise CredentialsUnavailable(f"the {name} identity is not there, or its session has ended")
    return presigner


def answer(presigner: Presigner, grant: Grant, item: Item) -> dict[str, Any]:
    """What the contract answers for an item that S3 serves; no URL is promised a longer life than its session."""
    ends_at = min(item.expires_at, presigner.ends_at or item.expires_at)
    answers = {"get": _reading, "post": _form}.get(item.op, _writing)
    return {**answers(presigner, grant, item, ends_at), "expires_at": ends_at}


def _reading(presigner: Presigner, grant: Grant, item: Item, ends_at: int) -> dict[str, Any]:
    at, query = grant.issued_at, "x-countersign-grant=" + grant.jti
    if item.window is not None:
        at, query = at - at % item.window, ""
    if item.download_as is not None:
        disposition = encode("attachment; filename*=UTF-8''" + encode(item.download_as))  # RFC 6266 §4.3
        fixed = f"response-content-disposition={disposition}&response-content-type={encode(TYPES[item.ext])}"
        query = f"{fixed}&{query}" if query else fixed
    bound: dict[str, Any] = {"at": at, "expires": ends_at - at, "headers": {}, "query": query}
    if item.sizes:
        return {"urls": {size: presigner.url("GET", item.object_key(size), **bound) for size in item.sizes}}
    return {"url": presigner.url("GET", item.object_key(item.size), **bound)}


def _writing(presigner: Presigner, grant: Grant, item: Item, ends_at: int) -> dict[str, Any]:
    headers = {name: getattr(item, field) for field, name in HEADERS.items() if getattr(item, field) is not None}
    bound = {name.lower(): text for name, text in headers.items()}
    if item.content_length is not None:
        bound["content-length"] = str(item.content_length)
    _, method, names = SIGNED_AS[item.op]
    named = names.format(upload_id=encode(item.upload_id or ""), part_number=item.part_number)
    at, query = grant.issued_at, f"{named}x-countersign-grant={grant.jti}"
    url = presigner.url(method, item.object_key(item.size), at=at, expires=ends_at - at, headers=bound, query=query)
    return {"method": method, "url": url, "headers": headers}


def _form(presigner: Presigner, grant: Grant, item: Item, ends_at: int) -> dict[str, Any]:
    limits: dict[str, Any] = {"lengths": item.length_range, "content_type": item.content_type}
    url, fields = presigner.form(item.object_key(), at=grant.issued_at, expires_at=ends_at, **limits)
    return {"method": "POST", "url": url, "fields": fields}
