"""Requests about profiles, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from .. import usernames
from . import text
from .text import Flag, Order, Text

MOST_NAMES: Final = 50
"""Usernames in one `GET /profiles?usernames=`."""
MOST_SOCIAL_LINKS: Final = 30
IGNORED: Final = frozenset(
    {"links", "avatar_urls", "user_id", "created_at", "updated_at", "favorite_color", "profile_complete"}
)
"""What we show, or clients of before us kept, and a client may therefore post back; it changes nothing."""


class Username(fields.String):
    """A username, in lower case whatever it came in."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        name = usernames.read(str(super()._deserialize(value, attr, data, **kwargs)))
        if name is None:
            raise ValidationError(f"must be {usernames.RULE}")
        return name


class Project(Schema):
    """One project of a profile."""

    class Meta:
        unknown = RAISE

    id = Text(100, metadata={"description": "The project's own id; made up where it is not given."})
    title = Text(200, required=True, metadata={"description": "What it is called."})
    description = Text(5_000, lines=True, allow_none=True, metadata={"description": "May have several lines."})
    link = Text(
        text.LONGEST_URL,
        rule=text.is_url_or_nothing,
        allow_none=True,
        metadata={"description": "Where the project is to be seen; http or https."},
    )
    image_url = Text(
        None, allow_none=True, metadata={"description": "Read for the key of an upload of one's own, and never stored."}
    )
    image_key = fields.String(
        allow_none=True, metadata={"description": "An upload of one's own, of the kind project_image."}
    )
    tech_stack = fields.List(
        Text(50), validate=validate.Length(max=30), allow_none=True, metadata={"description": "What it was made with."}
    )
    order = Order(
        allow_none=True,
        metadata={"description": "Its place among the others, for who shows them; they stay in the order given."},
    )

    @post_load
    def _without_nulls(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        # A field that is null is not there; but a key that is null says that there is to be no image.
        return {name: value for name, value in loaded.items() if value is not None or name == "image_key"}


class PostProfile(Schema):
    """`POST /profiles`. Only what is given changes; a field that is null is removed."""

    class Meta:
        unknown = RAISE

    username = Username(required=True, metadata={"description": usernames.RULE})
    full_name = Text(100, allow_none=True, metadata={"description": "The person's name."})
    title = Text(200, allow_none=True, metadata={"description": "What the person does."})
    bio = Text(5_000, lines=True, allow_none=True, metadata={"description": "May have several lines."})
    skills = fields.List(
        Text(50), validate=validate.Length(max=100), allow_none=True, metadata={"description": "Replaced whole."}
    )
    social_links = fields.Dict(
        # No "_" first: __proto__ is a name that a page's own objects have already.
        keys=fields.String(validate=validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9_-]{0,29}\Z")),
        values=Text(text.LONGEST_URL, rule=text.is_url_or_handle, allow_none=True),
        validate=validate.Length(max=MOST_SOCIAL_LINKS),
        allow_none=True,
        metadata={"description": "By platform: an http or https URL, or a handle without colon, slash or space."},
    )
    projects = fields.List(
        fields.Nested(Project),
        validate=validate.Length(max=50),
        allow_none=True,
        metadata={"description": "Replaced whole."},
    )
    avatar_key = fields.String(
        allow_none=True,
        metadata={"description": "An upload of one's own, of the kind profile_image; null: no picture."},
    )
    profile_image_url = Text(None, allow_none=True, metadata={"description": "Read for the key of an upload."})
    avatar_url = Text(None, allow_none=True, metadata={"description": "Read for the key of an upload."})
    resume_key = fields.String(allow_none=True, metadata={"description": "An upload of one's own, of the kind resume."})
    resume_url = Text(None, allow_none=True, metadata={"description": "Read for the key of an upload."})
    email = Text(
        254, rule=text.is_email, allow_none=True, metadata={"description": "Shown to others where show_email is true."}
    )
    phone = Text(40, allow_none=True, metadata={"description": "Shown to others where show_phone is true."})
    show_email = Flag(
        allow_none=True, metadata={"description": "Whether others see email; they do not until it is true."}
    )
    show_phone = Flag(
        allow_none=True, metadata={"description": "Whether others see phone; they do not until it is true."}
    )
    show_resume = Flag(
        allow_none=True, metadata={"description": "Whether others see resume_url; they do not until it is true."}
    )
    date_of_birth = Text(
        40, rule=text.is_date, allow_none=True, metadata={"description": "ISO 8601; never shown to others."}
    )

    @pre_load
    def _without_what_we_said_ourselves(self, posted: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {name: value for name, value in posted.items() if name not in IGNORED}

    @post_load
    def _without_empty_places(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        if loaded.get("social_links"):
            there = {platform: link for platform, link in loaded["social_links"].items() if link is not None}
            loaded["social_links"] = there
        return loaded


class CheckUsername(Schema):
    """`GET /username/check`."""

    class Meta:
        unknown = EXCLUDE

    username = fields.String(required=True, metadata={"description": "The name that is wanted, in any case."})


class SeveralProfiles(Schema):
    """`GET /profiles?usernames=`."""

    class Meta:
        unknown = EXCLUDE

    usernames = fields.String(required=True, metadata={"description": f"Up to {MOST_NAMES}, with commas between."})

    @post_load
    def _split(self, loaded: dict[str, Any], **_: Any) -> dict[str, Any]:
        listed = [name.strip() for name in loaded["usernames"].split(",")]
        if len(listed) > MOST_NAMES:
            raise ValidationError(f"at most {MOST_NAMES} at once", "usernames")
        names = [name for name in map(usernames.read, listed) if name is not None]
        return {"usernames": list(dict.fromkeys(names))}


POST_PROFILE: Final = PostProfile()
CHECK_USERNAME: Final = CheckUsername()
SEVERAL_PROFILES: Final = SeveralProfiles()
