"""Items of grants (docs/contracts/grant-v1.md), each good but for what a row changes; having them signed."""

import hashlib
from base64 import b64encode
from typing import Any

from local.blast_radius.inside import Act, act
from local.blast_radius.intruder.signing import CONTENT
from local.blast_radius.stage import Item, Stage

SERVED = "private, max-age=31536000, immutable"
STEPS = ("create", "part", "list", "complete", "abort")


def signed(items: Any, **more: Any) -> Act:
    """Have items signed, by a grant that is good but for what `more` says, and use the URL."""
    return act("sign", items=items, **more)


def get_resume(stage: Stage, **changed: Any) -> Item:
    """Reading the victim's private file."""
    return {"op": "get", **stage.resume, "expires_in": 60, "download_as": "resume.pdf"} | changed


def get_picture(item: Item, **changed: Any) -> Item:
    """Reading a public picture."""
    return {"op": "get", **item, "expires_in": 60} | changed


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


def in_parts(step: str, upload: Item) -> Item:
    """A step of an upload in parts."""
    number = {"part_number": 1} if step == "part" else {}
    item = {"op": f"multipart_{step}", **upload, "expires_in": 30, **number}
    return without(item, "upload_id") if step == "create" else item


def without(item: Item, name: str) -> Item:
    """The item with a field left out."""
    return {field: value for field, value in item.items() if field != name}


def delete(item: Item, **changed: Any) -> Item:
    """Deleting."""
    return {"op": "delete", **item, "expires_in": 30} | changed


def publish(item: Item, **changed: Any) -> Item:
    """Letting everyone read."""
    return {"op": "publish", **item, "visibility": "public", "until": 0} | changed
