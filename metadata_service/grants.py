"""Grants: what this service asks the signer to sign, signed with our own private key (docs/contracts/grant-v1.md)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import clock
from .object_keys import INCOMING, LARGE, USERS, ObjectKey

LIFE: Final = 30
"""Seconds from a grant's making to its end; the contract allows 60."""
MOST_ITEMS: Final = 100
MOST_OCTETS: Final = 40_000
"""Of the items' JSON in one grant: in base64, and with the longest token beside it, a request has at most 64 KiB."""
SERVED_CACHE_CONTROL: Final = "private, max-age=31536000, immutable"

Item = dict[str, Any]


class FaultyGrantKey(ValueError):
    """The file is no private Ed25519 JWK with a kid."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose request this is: a person by `sub` (`named_as` is "caller") or an internal service by its name."""

    name: str
    token: str
    named_as: str = "caller"


class GrantKey:
    """A private Ed25519 key and its kid; makes grants of one issuer."""

    def __init__(self, private_key: Ed25519PrivateKey, kid: str, issuer: str) -> None:
        self._private_key, self._sign = private_key, private_key.sign
        self._issuer = issuer
        header = orjson.dumps({"alg": "EdDSA", "typ": "grant+jwt", "kid": kid})
        self._header = _encoded(header)

    @classmethod
    def read(cls, path: Path, issuer: str) -> GrantKey:
        """The key in a JWK file (RFC 8037 §2). Raises FaultyGrantKey, which never repeats what the file holds."""
        try:
            jwk = json.loads(path.read_bytes())
            seed = urlsafe_b64decode(jwk["d"] + "=" * (-len(jwk["d"]) % 4))
            private_key, kid = Ed25519PrivateKey.from_private_bytes(seed), jwk["kid"]
        except (OSError, ValueError, KeyError, TypeError):
            raise FaultyGrantKey(f"{path} holds no private Ed25519 JWK with a kid") from None
        if not isinstance(kid, str) or jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
            raise FaultyGrantKey(f"{path} holds no private Ed25519 JWK with a kid")
        return cls(private_key, kid, issuer)

    def derived(self, label: str) -> bytes:
        """A secret of 32 octets for another use: the same wherever this key is, and no way back to it (RFC 5869)."""
        seed = self._private_key.private_bytes_raw()
        return HKDF(SHA256(), 32, salt=None, info=f"countersign {label}".encode()).derive(seed)

    def grant(self, items: Sequence[Item], signer_name: str, asker: Asker | None) -> str:
        """A new grant of 1 to 100 items for one signer; `asker` is None where no item's proof needs a token."""
        issued_at = clock.now()
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": f"countersign-signer/{signer_name}",
            "iat": issued_at,
            "exp": issued_at + LIFE,
            "jti": clock.new_id(),
            "items": items,
        }
        if asker is not None:
            claims[asker.named_as] = asker.name
        signed = self._header + b"." + _encoded(orjson.dumps(claims))
        return (signed + b"." + _encoded(self._sign(signed))).decode("ascii")


def _encoded(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")


def _item(op: str, area: str, object_key: ObjectKey, **fields: Any) -> Item:
    named: Item = {
        "op": op,
        "area": area,
        "owner": object_key.owner,
        "category": object_key.category,
        "id": object_key.id,
        "ext": object_key.ext,
    }
    return named | {name: value for name, value in fields.items() if value is not None}


def put_incoming(
    object_key: ObjectKey,
    expires_at: int,
    *,
    content_type: str | None,
    content_length: int | None,
    checksum_sha256: str | None,
) -> Item:
    """The client's own PUT below incoming/, binding what it declared."""
    return _item(
        "put",
        INCOMING,
        object_key,
        expires_at=expires_at,
        content_type=content_type,
        content_length=content_length,
        checksum_sha256=checksum_sha256,
    )


def post_incoming(
    object_key: ObjectKey, expires_at: int, *, content_type: str | None, length_range: tuple[int, int]
) -> Item:
    """The client's form below incoming/, its length between two bounds."""
    return _item(
        "post", INCOMING, object_key, expires_at=expires_at, content_type=content_type, length_range=list(length_range)
    )


def multipart_create(object_key: ObjectKey, expires_at: int, *, content_type: str | None) -> Item:
    """The beginning of an upload in parts below incoming/, where its type is bound; S3 answers with the upload's id."""
    return _item("multipart_create", INCOMING, object_key, expires_at=expires_at, content_type=content_type)


def multipart_part(
    object_key: ObjectKey, expires_at: int, upload_id: str, part_number: int, content_length: int | None = None
) -> Item:
    """The client's own PUT of one part, 1 to 10,000, of exactly `content_length` bytes where it said so."""
    named = {"upload_id": upload_id, "part_number": part_number, "content_length": content_length}
    return _item("multipart_part", INCOMING, object_key, expires_at=expires_at, **named)


def multipart_list(object_key: ObjectKey, expires_at: int, upload_id: str) -> Item:
    """Our own look at the parts that came."""
    return _item("multipart_list", INCOMING, object_key, expires_at=expires_at, upload_id=upload_id)


def multipart_complete(object_key: ObjectKey, expires_at: int, upload_id: str) -> Item:
    """The parts made one object."""
    return _item("multipart_complete", INCOMING, object_key, expires_at=expires_at, upload_id=upload_id)


def multipart_abort(object_key: ObjectKey, expires_at: int, upload_id: str) -> Item:
    """The end of an upload in parts, and of the parts that came."""
    return _item("multipart_abort", INCOMING, object_key, expires_at=expires_at, upload_id=upload_id)


def get_incoming(object_key: ObjectKey, expires_at: int) -> Item:
    """Our own look at what came."""
    return _item("get", INCOMING, object_key, expires_at=expires_at)


def put_served(object_key: ObjectKey, size: str, expires_at: int, *, content_length: int, checksum_sha256: str) -> Item:
    """Our own PUT of what is served: bytes and checksum bound, and never over what is there."""
    return _item(
        "put",
        USERS,
        object_key,
        size=None if size == LARGE else size,
        expires_at=expires_at,
        content_type=object_key.content_type,
        content_length=content_length,
        checksum_sha256=checksum_sha256,
        if_none_match="*",
        cache_control=SERVED_CACHE_CONTROL,
    )


def get_served(
    object_key: ObjectKey,
    sizes: Sequence[str],
    expires_at: int,
    *,
    receipt: str | None = None,
    window: int | None = None,
    download_as: str | None = None,
) -> Item:
    """Reading, a URL for each size; by the owner's token, or by the object's receipt for others.

    `download_as`: the name of the file that it is saved as, which a document has in any case.
    """
    return _item(
        "get",
        USERS,
        object_key,
        sizes=list(sizes),
        expires_at=expires_at,
        receipt=receipt,
        window=window,
        download_as=download_as or (None if object_key.is_picture else f"{object_key.category}.{object_key.ext}"),
    )


def publish(object_key: ObjectKey, visibility: str, until: int = 0) -> Item:
    """A receipt that lets others read the object, until its end in seconds since the epoch; 0: it has none."""
    return _item("publish", USERS, object_key, visibility=visibility, until=until)


def delete(area: str, object_key: ObjectKey, size: str, expires_at: int) -> Item:
    """One object's end, of one size."""
    wanted_size = size if area == USERS and size != LARGE else None
    return _item("delete", area, object_key, size=wanted_size, expires_at=expires_at)
