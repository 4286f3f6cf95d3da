"""What routes say of themselves beside their docstrings: whom they serve, what they take, answer and refuse.

By Flask's endpoint. A refusal that comes with a body, a query or a caller is not repeated here (`refusals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from marshmallow import Schema

from ...errors import ApiError, NotFound
from ...links import TooManyLinks
from ...object_keys import CATEGORIES
from ...profiles import UsernameTaken
from ...schemas.hooks import PostConfirmation, PreSignUp
from ...schemas.links import PostLink
from ...schemas.photos import PhotosPage
from ...schemas.profiles import CheckUsername, PostProfile, SeveralProfiles
from ...schemas.uploads import BeginUpload, CompleteByKey, Nothing, PictureSize, PresignPhoto
from ...upload_errors import (
    ExtensionMismatch,
    LengthRequired,
    QuotaExceeded,
    TooLarge,
    TooManyPending,
    UnknownKey,
    UnsupportedContentType,
    UnsupportedFileType,
    UploadCancelled,
    UploadExpired,
    UploadInProgress,
    UploadNotFound,
    UploadNotReceived,
    UploadReady,
    UploadRejected,
)
from . import answers


class Caller(Enum):
    """Whose token a route takes."""

    NOBODY = "nobody"
    ANYBODY = "anybody"
    """Public; with an access token, its owner may see more."""
    PERSON = "person"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `answer`: of 200, or None where it redirects. `path`: where the gateway takes less than Flask.

    `form_file`: the field of a form that a file comes in, where the body is not JSON.
    """

    caller: Caller
    answer: type[Schema] | None
    refuses: tuple[type[ApiError], ...] = ()
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    says: str = ""
    path: str = ""
    is_body_optional: bool = False
    form_file: str = ""
    needs_others: bool = True
    otherwise: Mapping[int, type[Schema]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


COMPLETING: Final = (
    UnsupportedFileType,
    UploadNotFound,
    UploadNotReceived,
    UploadInProgress,
    UploadExpired,
    UploadCancelled,
    UploadRejected,
)
"""What is in the way of completing an upload."""

ROUTES: Final[Mapping[str, Route]] = {
    "health.health": Route(Caller.NOBODY, answers.Health, needs_others=False),
    "health.readiness": Route(Caller.NOBODY, answers.Readiness, needs_others=False, otherwise={503: answers.Readiness}),
    "accounts.show": Route(
        Caller.PERSON,
        answers.Me,
        (NotFound,),
        says="The account is made by the sign-up hook or, where that never ran, by the first POST /profiles.",
    ),
    "pictures.mine": Route(Caller.PERSON, answers.Picture),
    "pictures.remove": Route(Caller.PERSON, answers.Told, (NotFound,)),
    "pictures.avatar": Route(
        Caller.ANYBODY,
        None,
        (NotFound,),
        query=PictureSize,
        says="For an <img>: redirects to a signed URL, to be cached for less than that lives.",
    ),
    "profiles.save": Route(
        Caller.PERSON,
        answers.SavedProfile,
        (*COMPLETING, UnknownKey, UsernameTaken, TooManyPending),
        body=PostProfile,
        says="Only what is given changes; arrays and objects are replaced whole, and a field that is null is removed. "
        "Another username renames the profile. A key whose upload is still pending completes it first; where that "
        "fails, the profile stays as it was.",
    ),
    "profiles.show": Route(
        Caller.ANYBODY, answers.Profile, (NotFound,), says="email, phone and resume_url only where they are shown."
    ),
    "profiles.show_several": Route(Caller.ANYBODY, answers.ProfileLines, query=SeveralProfiles),
    "profiles.check": Route(Caller.NOBODY, answers.UsernameStanding, query=CheckUsername),
    "links.save": Route(
        Caller.PERSON,
        answers.SavedLink,
        (TooManyLinks,),
        body=PostLink,
        says="A link_id that is not known adds the link under it; that of a deleted link brings it back.",
    ),
    "links.show": Route(Caller.PERSON, answers.Links),
    "links.delete": Route(Caller.PERSON, answers.Told, (NotFound,)),
    "uploads.begin": Route(
        Caller.PERSON,
        answers.BegunUpload,
        (
            UnsupportedFileType,
            UnsupportedContentType,
            ExtensionMismatch,
            LengthRequired,
            TooLarge,
            QuotaExceeded,
            TooManyPending,
        ),
        body=BeginUpload,
        says="Send the file to upload_url by that method and with those headers, then complete the upload.",
        headers=("X-Upload-Id",),
    ),
    "uploads.complete": Route(
        Caller.PERSON,
        answers.CompletedUpload,
        COMPLETING,
        body=Nothing,
        is_body_optional=True,
        says="Asked again, it answers the same.",
    ),
    "uploads.complete_by_key": Route(
        Caller.PERSON, answers.CompletedUpload, COMPLETING, body=CompleteByKey, says="Asked again, it answers the same."
    ),
    "uploads.look": Route(Caller.PERSON, answers.UploadStatus, (UploadNotFound,)),
    "uploads.cancel": Route(Caller.PERSON, answers.UploadStatus, (UploadNotFound, UploadReady)),
    "photos.show": Route(
        Caller.PERSON,
        answers.Photos,
        query=PhotosPage,
        says="Of kinds that say settle_on_list, what was sent and never completed is completed first, the oldest "
        "first, at most 10. A cursor is the caller's own, and may be refused once the service's keys were changed: "
        "begin again without one then.",
    ),
    "photos.delete": Route(Caller.PERSON, answers.Told, (NotFound,)),
    "media.media": Route(
        Caller.ANYBODY,
        None,
        (NotFound,),
        says="The address never changes. It redirects to a signed URL, to be cached for less than that lives.",
        path="/media/users/{owner}/{category}/{file}",
    ),
    "profilephoto.upload": Route(
        Caller.PERSON,
        answers.PhotoUrl,
        (UnsupportedFileType, UnsupportedContentType, TooLarge, TooManyPending, UploadRejected),
        says="For a client that does not send to S3 itself; at most 5 MB.",
        form_file="file",
        headers=("X-Upload-Id",),
    ),
    "profilephoto.show": Route(Caller.PERSON, answers.PhotoUrl),
    "profilephoto.remove": Route(Caller.PERSON, answers.Told, (NotFound,)),
    "profilephoto.presign": Route(
        Caller.PERSON,
        answers.UploadUrl,
        (UnsupportedFileType, UnsupportedContentType, LengthRequired, TooManyPending),
        query=PresignPhoto,
        says="PUT the picture to uploadUrl with that Content-Type, then say that it is complete.",
        headers=("X-Upload-Id",),
    ),
    "profilephoto.complete": Route(
        Caller.PERSON, answers.PhotoUrl, COMPLETING, body=CompleteByKey, says="Asked again, it answers the same."
    ),
    "hooks.pre_sign_up": Route(Caller.SERVICE, answers.SignUpDecision, body=PreSignUp),
    "hooks.post_confirmation": Route(Caller.SERVICE, answers.ConfirmedAccount, body=PostConfirmation),
}

PARAMETERS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "username": ("Whose; in any case.", {}),
    "upload_id": ("The upload's id, as POST /upload-url answered it.", {"format": "uuid"}),
    "link_id": ("The link's id.", {"format": "uuid"}),
    "image_id": ("The photo's imageId.", {"format": "uuid"}),
    "owner": ("Whose object it is.", {"pattern": "^[A-Za-z0-9_-]+$"}),
    "category": ("What it is for.", {"enum": list(CATEGORIES)}),
    "file": ("The rest of the key: {id}.{ext}, or {id}-{size}.{ext} of a smaller size.", {"pattern": r"^[a-z0-9.-]+$"}),
}
"""What stands in paths: what it is, and more of its schema."""
