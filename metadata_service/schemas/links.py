"""Requests about links, field by field."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import RAISE, Schema, fields, post_load, pre_load

from . import text
from .text import Order, Text

IGNORED: Final = frozenset({"user_id", "is_deleted", "created_at", "updated_at"})
"""What an answer has besides, and a client may therefore post back; it changes nothing."""


class PostLink(Schema):
    """`POST /links`."""

    class Meta:
        unknown = RAISE

    link_id = fields.UUID(
        allow_none=True, metadata={"description": "The link to change, or to add under this id; made up where absent."}
    )
    title = Text(200, shortest=1, required=True, metadata={"description": "What it is called."})
    url = Text(text.LONGEST_URL, rule=text.is_url, required=True, metadata={"description": "http or https."})
    order = Order(allow_none=True, metadata={"description": "Links come by it, then by age; 0 where not given."})

    @pre_load
    def _without_what_we_said_ourselves(self, posted: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in posted.items() if name not in IGNORED}

    @post_load
    def _with_text_for_an_id(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        return loaded | ({"link_id": str(loaded["link_id"])} if loaded.get("link_id") else {})


POST_LINK: Final = PostLink()
