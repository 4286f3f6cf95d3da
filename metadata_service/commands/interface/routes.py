"""What routes say of themselves beside their docstrings: whom they serve, what they take, answer and refuse.

By Flask's endpoint. A refusal that comes with a body, a query or a caller is not repeated here (`refusals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from marshmallow import Schema

from ...errors import AccountErased, ApiError, NotFound
from ...links import TooManyLinks
from ...object_keys import CATEGORIES
from ...profiles import UsernameTaken
from ...schemas.hooks import PostConfirmation, PreSignUp
from ...schemas.internal import Block, SignBatch, Unblock
from ...schemas.links import PostLink
from ...schemas.photos import PhotosPage
from ...schemas.profiles import CheckUsername, PostProfile, SeveralProfiles
from ...schemas.shares import PostShareLink, SharedSize
from ...schemas.uploads import BeginUpload, CompleteByKey, Nothing, PictureSize, PresignPhoto
from ...schemas.uppy import CompleteMultipart, CreateMultipart, FormParameters, OfUpload, SeveralParts, SignRequest
from ...sharing import TooManyShareLinks
from ...upload_errors import (
    ExtensionMismatch,
    IdempotencyConflict,
    IdempotencyKeyRequired,
    InvalidParts,
    LengthRequired,
    MultipartNotTaken,
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
    """One route. `answer`: of `status`, or None where it redirects. `path`: where the gateway takes less than Flask.

    `form_file`: the field of a form that a file comes in, where the body is not JSON.
    `is_list`: the answer is a list of those.
    `is_write`: whether it takes an Idempotency-Key.
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
    is_list: bool = False
    is_write: bool = False
    needs_others: bool = True
    otherwise: Mapping[int, type[Schema]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    status: int = 200


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
BEGINNING: Final = (
    UnsupportedFileType,
    UnsupportedContentType,
    LengthRequired,
    TooLarge,
    QuotaExceeded,
    TooManyPending,
)
"""What is in the way of beginning an upload."""
OF_PARTS: Final = (
    UnsupportedFileType,
    UploadNotFound,
    UploadInProgress,
    UploadExpired,
    UploadCancelled,
    UploadRejected,
    UploadReady,
)
"""What is in the way of going on with an upload in parts."""

COMPANION: Final = "As Companion does it, for @uppy/aws-s3 4 and 5."

ROUTES: Final[Mapping[str, Route]] = {
    "health.health": Route(Caller.NOBODY, answers.Health, needs_others=False),
    "health.readiness": Route(Caller.NOBODY, answers.Readiness, needs_others=False, otherwise={503: answers.Readiness}),
    "accounts.show": Route(
        Caller.PERSON,
        answers.Me,
        (NotFound,),
        says="The account is made by the sign-up hook or, where that never ran, by the first POST /profiles.",
    ),
    "accounts.export": Route(
        Caller.PERSON,
        answers.Export,
        says="Rows as they are recorded; the URLs of the files live an hour. An answer without its end is to be asked "
        "for again.",
    ),
    "accounts.erase": Route(
        Caller.PERSON,
        answers.Told,
        status=202,
        says="Nothing is left but old versions of files, for 30 days, and backups. The token is good for nothing from "
        "then on. The user in the pool is the operator's to delete.",
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
        (*BEGINNING, ExtensionMismatch),
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
    "uppy.sign": Route(
        Caller.PERSON,
        answers.SignedRequest,
        (*BEGINNING, *OF_PARTS, MultipartNotTaken),
        body=SignRequest,
        says="For `signRequest` of @uppy/aws-s3 6. Without uploadId, PUT begins an upload, and POST one in parts. With "
        "it, PUT is a part, GET the list of the parts, POST makes them one file, and DELETE cancels the upload. "
        "Afterwards the upload is completed by its key.",
        headers=("X-Upload-Id",),
    ),
    "uppy.params": Route(
        Caller.PERSON, answers.UppyForm, BEGINNING, query=FormParameters, says=COMPANION, headers=("X-Upload-Id",)
    ),
    "uppy.create": Route(
        Caller.PERSON,
        answers.CreatedMultipart,
        (*BEGINNING, MultipartNotTaken),
        body=CreateMultipart,
        says=COMPANION,
        headers=("X-Upload-Id",),
    ),
    "uppy.sign_part": Route(Caller.PERSON, answers.SignedPart, OF_PARTS, query=OfUpload, says=COMPANION),
    "uppy.sign_parts": Route(Caller.PERSON, answers.SignedParts, OF_PARTS, query=SeveralParts, says=COMPANION),
    "uppy.list_parts": Route(
        Caller.PERSON, answers.ListedPart, (*OF_PARTS, UploadNotReceived), query=OfUpload, says=COMPANION, is_list=True
    ),
    "uppy.complete": Route(
        Caller.PERSON,
        answers.CompletedMultipart,
        (*COMPLETING, InvalidParts),
        body=CompleteMultipart,
        query=OfUpload,
        says=f"{COMPANION} It completes the upload, too; asked again, it answers the same.",
    ),
    "uppy.abort": Route(Caller.PERSON, answers.Aborted, OF_PARTS, query=OfUpload, says=COMPANION),
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
        (UnsupportedFileType, UnsupportedContentType, TooLarge, QuotaExceeded, TooManyPending, UploadRejected),
        says="For a client that does not send to S3 itself; at most 5 MB.",
        form_file="file",
        headers=("X-Upload-Id",),
    ),
    "profilephoto.show": Route(Caller.PERSON, answers.PhotoUrl),
    "profilephoto.remove": Route(Caller.PERSON, answers.Told, (NotFound,)),
    "profilephoto.presign": Route(
        Caller.PERSON,
        answers.UploadUrl,
        (UnsupportedFileType, UnsupportedContentType, LengthRequired, QuotaExceeded, TooManyPending),
        query=PresignPhoto,
        says="PUT the picture to uploadUrl with that Content-Type, then say that it is complete.",
        headers=("X-Upload-Id",),
    ),
    "profilephoto.complete": Route(
        Caller.PERSON, answers.PhotoUrl, COMPLETING, body=CompleteByKey, says="Asked again, it answers the same."
    ),
    "shares.share": Route(
        Caller.PERSON,
        answers.ShareLink,
        (UnknownKey, TooManyShareLinks),
        body=PostShareLink,
        says="The object must be complete. Its visibility to others stays what it is.",
    ),
    "shares.end": Route(
        Caller.PERSON,
        answers.Told,
        (NotFound,),
        says="A URL to which it has redirected before ends by itself, within the kind's reading expiry.",
    ),
    "shares.open_shared": Route(
        Caller.NOBODY,
        None,
        (NotFound,),
        query=SharedSize,
        says="Redirects to a signed URL, which lives no longer than the link. No cache may keep it.",
    ),
    "hooks.pre_sign_up": Route(Caller.SERVICE, answers.SignUpDecision, body=PreSignUp),
    "hooks.post_confirmation": Route(Caller.SERVICE, answers.ConfirmedAccount, (AccountErased,), body=PostConfirmation),
    "internal.sign": Route(
        Caller.SERVICE,
        answers.SignedBatch,
        (IdempotencyKeyRequired, IdempotencyConflict),
        body=SignBatch,
        says="Items of `get` need the scope media:read, items of `put` media:write and an Idempotency-Key; without a "
        "scope that any item needs nothing is signed. What else is wrong with an item is its own answer, with the code "
        "that other routes have for it. Within a day the same key with the same body begins no other uploads: it "
        "answers with the same upload_ids and keys, signed anew while the bytes may still come, and with the upload's "
        "state after that. A service may have 1,000 uploads pending.",
        is_write=True,
    ),
    "internal.complete": Route(
        Caller.SERVICE,
        answers.CompletedUpload,
        COMPLETING,
        body=Nothing,
        is_body_optional=True,
        says="Needs the scope media:write. Asked again, it answers the same.",
        is_write=True,
    ),
    "internal.block": Route(
        Caller.SERVICE,
        answers.Blocking,
        (NotFound,),
        body=Block,
        says="Needs the scope media:moderate. Whatever else becomes of the object, only unblock ends it.",
        is_write=True,
    ),
    "internal.unblock": Route(
        Caller.SERVICE,
        answers.Blocking,
        (NotFound,),
        body=Unblock,
        says="Needs the scope media:moderate.",
        is_write=True,
    ),
}

PARAMETERS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "username": ("Whose; in any case.", {}),
    "upload_id": ("The upload's id, as POST /upload-url answered it.", {"format": "uuid"}),
    "file_type": ("The kind of file.", {"pattern": "^[a-z0-9_-]+$"}),
    "multipart_id": ("What S3 calls its upload in parts: uploadId, as the answer to its beginning said it.", {}),
    "number": ("The part's number, 1 to 10000.", {"pattern": "^[0-9]+$"}),
    "share_link_id": ("The share link's id.", {"pattern": "^[A-Za-z0-9_-]+$"}),
    "link_id": ("The link's id.", {"format": "uuid"}),
    "image_id": ("The photo's imageId.", {"format": "uuid"}),
    "owner": ("Whose object it is.", {"pattern": "^[A-Za-z0-9_-]+$"}),
    "category": ("What it is for.", {"enum": list(CATEGORIES)}),
    "file": ("The rest of the key: {id}.{ext}, or {id}-{size}.{ext} of a smaller size.", {"pattern": r"^[a-z0-9.-]+$"}),
}
"""What stands in paths: what it is, and more of its schema."""
