"""What can be wrong with an upload, as the interface says it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from .errors import ApiError

REASONS: Final = {
    "empty": "the file is empty",
    "not_an_image": "this is no picture that can be decoded",
    "type_mismatch": "the file is not of the type that was declared",
    "too_large": "the file is larger than its kind allows",
    "too_many_pixels": "the picture has more pixels than its kind allows",
    "length_mismatch": "the file is not of the length that was declared",
    "checksum_mismatch": "the file does not have the checksum that was declared",
    "damaged": "the file is damaged or costs more to read than any whole one",
    "active_content": "the document holds active content",
    "infected": "a virus scanner knows the document as malicious",
    "quota_exceeded": "the file does not fit into what a person may have of its kind",
    "changed": "the file was changed while it was being completed",
}
"""Every reason for a rejection, and a sentence for it."""


class UnsupportedFileType(ApiError):
    """There is no kind of this name."""

    status, code = HTTPStatus.BAD_REQUEST, "unsupported_file_type"


class UnsupportedContentType(ApiError):
    """The kind does not take this content type."""

    status, code = HTTPStatus.BAD_REQUEST, "unsupported_content_type"


class ExtensionMismatch(ApiError):
    """The file extension is not one of the content type's."""

    status, code = HTTPStatus.BAD_REQUEST, "extension_mismatch"


class MultipartNotTaken(ApiError):
    """Files of this kind come whole, never in parts."""

    status, code = HTTPStatus.BAD_REQUEST, "multipart_not_taken"

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} is not taken in parts: send the file whole")


class InvalidParts(ApiError):
    """S3 cannot make these parts one object."""

    status, code = HTTPStatus.BAD_REQUEST, "invalid_parts"

    def __init__(self, said: str) -> None:
        super().__init__(f"parts must name those that were sent, in order, as S3 answered them; S3 says {said}")


class UnknownKey(ApiError):
    """A key posted in a field names no upload of the caller's."""

    status, code = HTTPStatus.BAD_REQUEST, "unknown_key"

    def __init__(self, field: str, whose: str = "of an upload of your own") -> None:
        super().__init__(f"{field} must be the key {whose}", field=field)


class TooLarge(ApiError):
    """More bytes were declared than the kind allows."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"at most {max_bytes} bytes are taken", max_bytes=max_bytes)


class LengthRequired(ApiError):
    """The kind wants the length declared."""

    status, code = HTTPStatus.BAD_REQUEST, "content_length_required"

    def __init__(self) -> None:
        super().__init__("content_length must say how many bytes the file has")


class TooManyPending(ApiError):
    """Too many uploads wait for their bytes, or for being completed, at once."""

    status, code = HTTPStatus.TOO_MANY_REQUESTS, "too_many_pending"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class QuotaExceeded(ApiError):
    """There is no room for another file of this kind; `limit` says whether of `objects` or of `bytes`."""

    status, code = HTTPStatus.CONFLICT, "quota_exceeded"

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message, limit=limit)


class IdempotencyKeyRequired(ApiError):
    """A request that begins uploads says which one it is, so that a repeat begins no others."""

    status, code = HTTPStatus.BAD_REQUEST, "idempotency_key_required"

    def __init__(self) -> None:
        super().__init__("a request with a put item needs an Idempotency-Key: 1 to 64 visible ASCII characters")


class IdempotencyConflict(ApiError):
    """The Idempotency-Key was used for another request within the last day."""

    status, code = HTTPStatus.CONFLICT, "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was sent with another body: take a new one for a new request")


class UploadNotFound(ApiError):
    """The caller has no such upload."""

    status, code = HTTPStatus.NOT_FOUND, "upload_not_found"

    def __init__(self) -> None:
        super().__init__("you have no such upload")


class UploadNotReceived(ApiError):
    """Its bytes are not there."""

    status, code = HTTPStatus.CONFLICT, "upload_not_received"

    def __init__(self) -> None:
        super().__init__("the file has not arrived: send it to upload_url first")


class UploadInProgress(ApiError):
    """Somebody else is completing it right now."""

    status, code = HTTPStatus.CONFLICT, "upload_in_progress"

    def __init__(self, retry_after: int) -> None:
        super().__init__("the upload is being completed", headers={"Retry-After": str(max(1, retry_after))})


class UploadReady(ApiError):
    """It cannot be cancelled any more."""

    status, code = HTTPStatus.CONFLICT, "upload_ready"

    def __init__(self) -> None:
        super().__init__("the upload is complete; delete what it became instead")


class UploadExpired(ApiError):
    """Its time to be completed is over."""

    status, code = HTTPStatus.GONE, "upload_expired"

    def __init__(self) -> None:
        super().__init__("the upload was not completed in time: ask for a new one")


class UploadCancelled(ApiError):
    """It was cancelled."""

    status, code = HTTPStatus.GONE, "upload_cancelled"

    def __init__(self) -> None:
        super().__init__("the upload was cancelled: ask for a new one")


class UploadRejected(ApiError):
    """What came is not what may be taken; `reason` is one of REASONS."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "upload_rejected"

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(message or REASONS.get(reason, reason), reason=reason)
        self.reason = reason
