"""Items of grants (docs/contracts/grant-v1.md), each good but for what a row changes."""

import hashlib
import hmac
import secrets
import time
from base64 import b64encode, urlsafe_b64encode
from typing import Any

from local.blast_radius.stage import Item, Stage

CONTENT = "what an intruder would have served"
SERVED = "private, max-age=31536000, immutable"


def get_resume(stage: Stage, **changed: Any) -> Item:
    """Reading the victim's private file."""
    return {"op": "get", **stage.resume, "expires_in": 60, "download_as": "resume.pdf"} | changed


def get_picture(stage: Stage, **changed: Any) -> Item:
    """Reading the victim's public picture."""
    return {"op": "get", **stage.picture, "expires_in": 60} | changed


def put(item: Item, **changed: Any) -> Item:
    """Writing what is served."""
    digest = hashlib.sha256(CONTENT.encode()).digest()
    return {
        "op": "put",
        **item,
        "expires_in": 30,
        "content_type": "image/jpeg",
        "content_length": len(CONTENT),
        "checksum_sha256": b64encode(digest).decode(),
        "if_none_match": "*",
        "cache_control": SERVED,
    } | changed


def without(item: Item, name: str) -> Item:
    """The item with a field left out."""
    return {field: value for field, value in item.items() if field != name}


def delete(item: Item, **changed: Any) -> Item:
    """Deleting."""
    return {"op": "delete", **item, "expires_in": 30} | changed


def publish(item: Item, **changed: Any) -> Item:
    """Letting everyone read."""
    return {"op": "publish", **item, "visibility": "public", "until": 0} | changed


def forged_receipt(item: Item) -> str:
    """A receipt in good form, under a key of our own."""
    terms = f"r1\npublic\n{int(time.time())}\n0"
    named = "\n".join(item[part] for part in ("owner", "category", "id", "ext"))
    mac = hmac.digest(secrets.token_bytes(32), f"countersign-receipt-v1\n{terms}\n{named}".encode(), "sha256")
    return ".".join(["v1", *terms.split("\n"), urlsafe_b64encode(mac).rstrip(b"=").decode()])
