"""What routes answer, as schemas: they describe, and hold the examples to what they say. No answer is made by them."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import RAISE, Schema, fields, validate

from ...object_keys import SIZES
from ...upload_errors import REASONS

STATES: Final = ("requested", "processing", "ready", "rejected", "expired", "cancelled")


class Strict(Schema):
    """What has no field but these."""

    class Meta:
        unknown = RAISE


def text(description: str, **options: Any) -> fields.String:
    """Text that is always there, but for `required=False`."""
    return fields.String(**{"required": True, "metadata": {"description": description}, **options})


def number(description: str, **options: Any) -> fields.Integer:
    """A whole number, likewise."""
    return fields.Integer(**{"required": True, "strict": True, "metadata": {"description": description}, **options})


def flag(description: str) -> fields.Boolean:
    """True or false, always there."""
    return fields.Boolean(required=True, metadata={"description": description})


def moment(description: str, **options: Any) -> fields.AwareDateTime:
    """A time in ISO 8601, in UTC."""
    return fields.AwareDateTime(**{"required": True, "metadata": {"description": description}, **options})


def address(description: str, **options: Any) -> fields.String:
    """An absolute URL."""
    metadata = {"description": description, "format": "uri"}
    return fields.String(**{"required": True, "metadata": metadata, **options})


class Error(Strict):
    """The one shape of every refusal, also of those that the gateway answers itself."""

    error = text("What was wrong, for programs: one of the codes that the route lists, in snake_case.")
    message = text("What was wrong and what would be right, for people.")
    fields_ = fields.Dict(
        data_key="fields", metadata={"description": "Of validation_failed: a list of sentences for each field."}
    )
    field = text("Of unknown_key: the field that the key was posted in.", required=False)
    max_bytes = number("Of too_large: the most that this kind of file may have.", required=False)
    limit = fields.String(
        validate=validate.OneOf(("objects", "bytes")), metadata={"description": "Of quota_exceeded: which one it is."}
    )
    reason = fields.String(
        validate=validate.OneOf(tuple(REASONS)), metadata={"description": "Of upload_rejected: why, for programs."}
    )


class Told(Strict):
    """That it was done."""

    message = text("That it was done, for people.")


class Health(Strict):
    """The process answers."""

    status = fields.String(
        required=True, validate=validate.Equal("ok"), metadata={"description": "Always ok; no answer is the other one."}
    )


class Readiness(Strict):
    """What the service depends on, by name."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(("ok", "unavailable")),
        metadata={"description": "ok where all dependencies are."},
    )
    dependencies = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(("ok", "unavailable"))),
        metadata={"description": "dynamodb, signer, decoder and token_keys."},
    )


class Me(Strict):
    """A person's own account; what is not known is null."""

    user_id = text("The person, as keys and tables name them.")
    username = text("Null until there is a profile.", allow_none=True)
    email = text("The address that the user pool has verified.", allow_none=True)
    profile_complete = flag("Whether username and full_name are there.")
    date_of_birth = text("ISO 8601.", allow_none=True)
    fullname = text("The profile's full_name, or the name given at sign-up.", allow_none=True)


Sizes = Strict.from_dict({size: address(f"The picture at {size} pixels.") for size in SIZES}, name="Sizes")
Sizes.__doc__ = "One picture's addresses, by size in pixels: 800 is fitted, 400 and 150 are squares."


class Picture(Strict):
    """One's current picture, or the default one."""

    object_key = text("Null of the default picture.", data_key="key", allow_none=True)
    urls = fields.Nested(Sizes, required=True, metadata={"description": "Every size."})
    uploaded_at = moment("Null of the default picture.", allow_none=True)


class PublicLink(Strict):
    """A link as everybody sees it, and its owner with the times and the owner's id as well."""

    link_id = fields.UUID(required=True, metadata={"description": "To change or delete it by."})
    title = text("What it is called.")
    url = address("Where it leads.")
    order = number("Links come by it, then by age.")
    user_id = text("To its owner: the person.", required=False)
    created_at = moment("To its owner.", required=False)
    updated_at = moment("To its owner.", required=False)
    is_deleted = fields.Boolean(metadata={"description": "To its owner; false, for deleted links are not shown."})


def rows(description: str) -> Any:
    """A list of rows as they are recorded."""
    return fields.List(fields.Dict(keys=fields.String()), required=True, metadata={"description": description})


class Export(Strict):
    """All that is held about a person."""

    exported_at = moment("When.")
    user_id = text("The person, as keys and tables name them.")
    account = fields.Dict(required=True, allow_none=True, metadata={"description": "The account, or null."})
    profile = fields.Dict(
        required=True, allow_none=True, metadata={"description": "The profile, with what others do not see; or null."}
    )
    objects = rows("Files, with `urls` by size (null where the file is blocked or frozen) until `urls_end_at`.")
    links = rows("Links, those deleted and still remembered among them.")
    photos = rows("The gallery's rows.")
    picture = rows("Which picture is the current one.")
    uploads = rows("Uploads of the last week, in any state.")
    share_links = rows("Links that open one file each; the link itself is not recorded.")
    files_to_be_deleted = rows("Files that go, and when.")
    tallies = rows("What is counted towards limits.")


class Link(PublicLink):
    """A link as its owner sees it."""

    user_id = text("The person.")
    created_at = moment("When it was added.")
    updated_at = moment("When it was last changed.")
    is_deleted = flag("False, for deleted links are not shown.")


class SavedLink(Told):
    """The link as it is now."""

    link = fields.Nested(Link, required=True, metadata={"description": "The link as it is now."})


class Links(Strict):
    """One's links, by order, then age."""

    links = fields.List(fields.Nested(Link), required=True, metadata={"description": "By order, then age."})


class ShownProject(Strict):
    """One project of a profile."""

    id = text("The project's own id.")
    title = text("What it is called.")
    description = text("Text of several lines.", required=False)
    link = text("Where the project is to be seen.", required=False)
    image_url = address("Its picture, where there is one.", allow_none=True)
    image_key = text("To its owner: the picture's key.", required=False)
    tech_stack = fields.List(fields.String(), metadata={"description": "What it was made with."})
    order = number("Its place among the others.", required=False)


class Profile(Strict):
    """A profile as the caller may see it. What was not given is not there, but for pictures and flags."""

    username = text("In lower case.")
    full_name = text("The person's name.", required=False)
    title = text("What the person does.", required=False)
    bio = text("Text of several lines.", required=False)
    skills = fields.List(fields.String(), metadata={"description": "One an entry."})
    social_links = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "By platform: a URL or a handle."}
    )
    projects = fields.List(fields.Nested(ShownProject), metadata={"description": "In the order they were given."})
    avatar_url = address("The picture at 800 pixels; null where there is none.", allow_none=True)
    avatar_urls = fields.Nested(
        Sizes, required=True, allow_none=True, metadata={"description": "Every size; null where there is none."}
    )
    profile_image_url = address("The same as avatar_url.", allow_none=True)
    links = fields.List(fields.Nested(PublicLink), required=True, metadata={"description": "By order, then age."})
    show_email = flag("Whether others see email.")
    show_phone = flag("Whether others see phone.")
    show_resume = flag("Whether others see resume_url.")
    email = text("To others only where show_email is true.", required=False)
    phone = text("To others only where show_phone is true.", required=False)
    resume_url = address(
        "To others only where show_resume is true; null while it has no address.", required=False, allow_none=True
    )
    user_id = text("To its owner: the person, as keys and tables name them.", required=False)
    avatar_key = text("To its owner: the key of the current picture.", required=False, allow_none=True)
    resume_key = text("To its owner.", required=False)
    date_of_birth = text("To its owner: ISO 8601.", required=False)
    created_at = moment("To its owner.", required=False)
    updated_at = moment("To its owner.", required=False)


class SavedProfile(Told):
    """The profile as it is now, as its owner sees it."""

    profile = fields.Nested(Profile, required=True, metadata={"description": "As its owner sees it."})


class ProfileLine(Strict):
    """A line about one person."""

    username = text("In lower case.")
    full_name = text("The person's name.", allow_none=True)
    title = text("What the person does.", allow_none=True)
    avatar_urls = fields.Nested(
        Sizes, required=True, allow_none=True, metadata={"description": "Every size; null where there is none."}
    )


class ProfileLines(Strict):
    """Those of the people asked for that there are, in the order asked."""

    profiles = fields.List(
        fields.Nested(ProfileLine), required=True, metadata={"description": "Those that there are, in the order asked."}
    )


class UsernameStanding(Strict):
    """Whether a username can be had."""

    username = text("The name as it would be, in lower case; one that is invalid as it was asked.")
    available = flag("Whether it can be had.")
    reason = fields.String(
        validate=validate.OneOf(("invalid", "reserved", "taken")), metadata={"description": "Why not."}
    )


class BegunUpload(Strict):
    """Where the file goes, exactly how, and where what becomes of it will be read."""

    upload_id = fields.UUID(required=True, metadata={"description": "To complete, look at or cancel it by."})
    method = fields.String(
        required=True, validate=validate.OneOf(("PUT", "POST")), metadata={"description": "How the file is sent."}
    )
    upload_url = address("Where the bytes go, straight to S3, until expires_at.")
    headers = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "To be sent with the bytes, exactly so: they are signed."},
    )
    fields_ = fields.Dict(
        data_key="fields",
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Of a form (POST): its fields, to be sent before the field `file`."},
    )
    object_key = text("The final key, to post wherever the file is to be used.", data_key="key")
    url = address("Where it can be read once it is complete: a stable address if it is public, else a signed one.")
    content_type = text("As declared.")
    max_bytes = number("The most that this kind of file may have.")
    expires_at = moment("When upload_url ends.")
    expires_in = number("Seconds from now until then.")


class CompletedUpload(Strict):
    """A complete upload. A document has no urls, width or height. What has no address any more has null for it."""

    upload_id = fields.UUID(required=True, metadata={"description": "The upload's id."})
    state = fields.String(required=True, validate=validate.Equal("ready"), metadata={"description": "It is complete."})
    object_key = text("The key.", data_key="key")
    url = address("Where it is read: a stable address if it is public, else a signed one.", allow_none=True)
    urls = fields.Nested(Sizes, allow_none=True, metadata={"description": "Every size of a picture."})
    width = number("Of the large size, in pixels.", required=False)
    height = number("Of the large size, in pixels.", required=False)
    bytes = number("Of the large size.")
    content_type = text("What is served: every picture is a JPEG.")


class SignedRequest(Strict):
    """A URL for what Uppy is about to do."""

    url = address("Where the request goes, straight to S3.")
    headers = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "To be sent with it, exactly so: they are signed."},
    )
    object_key = text("Where an upload begins: its key, for all that follows.", data_key="key", required=False)


class UppyForm(Strict):
    """Where a form is posted, and its fields."""

    method = fields.String(required=True, validate=validate.Equal("POST"), metadata={"description": "Always POST."})
    url = address("Where the form goes, straight to S3.")
    fields_ = fields.Dict(
        data_key="fields",
        required=True,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "To be sent before the field `file`; `key` among them is to complete the upload by."},
    )
    expires = number("Seconds from now until url ends.")


class CreatedMultipart(Strict):
    """An upload in parts."""

    object_key = text("The final key.", data_key="key")
    uploadId = text("S3's id of it.")  # noqa: N815 - Companion's own name
    bucket = text("The bucket's name.")


class SignedPart(Strict):
    """Where a part goes."""

    url = address("Where the part is PUT, straight to S3.")
    expires = number("Seconds from now until url ends.")


class SignedParts(Strict):
    """Where several parts go."""

    presignedUrls = fields.Dict(  # noqa: N815 - Companion's own name
        required=True,
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "Where each part is PUT, by its number."},
    )


class ListedPart(Strict):
    """A part that S3 has."""

    number_ = number("The part's number.", data_key="PartNumber")
    size = number("Its bytes.", data_key="Size")
    etag = text("As S3 answered it.", data_key="ETag")


class CompletedMultipart(Strict):
    """A complete upload."""

    location = address("Where it is read: a stable address if it is public, else a signed one.", allow_none=True)
    object_key = text("The key.", data_key="key")
    bucket = text("The bucket's name.")


class Aborted(Strict):
    """It is cancelled."""


class UploadStatus(Strict):
    """What became of an upload."""

    upload_id = fields.UUID(required=True, metadata={"description": "The upload's id."})
    state = fields.String(
        required=True, validate=validate.OneOf(STATES), metadata={"description": "The last four are for good."}
    )
    file_type = text("The kind of file.")
    object_key = text("The key.", data_key="key")
    content_type = text("As declared.")
    created_at = moment("When it was begun.")
    expires_at = moment("Until when it can be completed.")
    reason = fields.String(
        validate=validate.OneOf(tuple(REASONS)), metadata={"description": "Of a rejected one: why, for programs."}
    )
    message = text("Of a rejected one: why, for people.", required=False)


class Photo(Strict):
    """A photo of a gallery."""

    userId = text("The person, as keys and tables name them.")  # noqa: N815 - the interface's own spelling
    uploadedAt = number("Milliseconds since the epoch, no two of a person's alike.")  # noqa: N815 - the same
    imageId = fields.UUID(required=True, metadata={"description": "To delete it by."})  # noqa: N815 - the same
    s3Key = text("The key.")  # noqa: N815 - the same
    mimeType = text("What is served: every picture is a JPEG.")  # noqa: N815 - the same
    width = number("Of the large size, in pixels.", allow_none=True)
    height = number("Of the large size, in pixels.", allow_none=True)
    urls = fields.Nested(
        Sizes,
        required=True,
        allow_none=True,
        metadata={"description": "Every size: stable addresses if it is public, else signed ones; null if blocked."},
    )
    expires_at = moment("When the urls end; null where they do not, or there are none.", allow_none=True)
    blocked = fields.Boolean(metadata={"description": "True where a moderator has blocked it; else left out."})


class Photos(Strict):
    """A page of one's photos, the newest first."""

    photos = fields.List(fields.Nested(Photo), required=True, metadata={"description": "The newest first."})
    next_cursor = text("To ask for those that follow; null where none do.", allow_none=True)


class PhotoUrl(Strict):
    """Where the current picture is."""

    photo_url = address(
        "The large size, or the default picture: a stable address, or a signed one; null of a completed one that was "
        "blocked, replaced or deleted since.",
        data_key="photoUrl",
        allow_none=True,
    )


class UploadUrl(Strict):
    """Where a picture goes."""

    upload_url = address("Where the bytes go, straight to S3.", data_key="uploadUrl")
    object_key = text("The final key, to complete the upload by.", data_key="key")


class ShareLink(Strict):
    """A link that opens one object."""

    id = text("To end it by.")
    url = address("Opens the object to whoever has it.")
    expires_at = moment("When it ends.")


class SignUpDecision(Strict):
    """Whether somebody may sign up."""

    allow = flag("Whether they may.")
    reason = text("Why not: username_invalid, username_reserved or username_taken.", required=False)


class ConfirmedAccount(Strict):
    """The account that there is now."""

    user_id = text("The person, as keys and tables name them.")
    created = flag("False where it was there before.")


class OpenedObject(Strict):
    """Where an object can be read."""

    url = address("Signed; for whoever has it.")
    expires_at = moment("When it ends.")


ITEM_ANSWERS: Final = (OpenedObject, BegunUpload, UploadStatus, Error)


class SignedBatch(Strict):
    """An answer for each item, in order."""

    items = fields.List(
        fields.Raw(metadata={"anyOf": [{"$ref": f"#/components/schemas/{each.__name__}"} for each in ITEM_ANSWERS]}),
        required=True,
        metadata={"description": "In the order asked; a refused item has error and message, and harms no other."},
    )


class Blocking(Strict):
    """Whether an object is blocked."""

    object_key = text("The object's key, of its large size.", data_key="key")
    blocked = flag("True from block on, false from unblock on.")
