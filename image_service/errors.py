"""What may go wrong with one request, and how it is told to the caller."""


class Refusal(Exception):
    """A request that gets an answer other than 200; `code` is the answer's `error`, `outcome` the log's word for it."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str, **extra: str) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra

    @property
    def outcome(self) -> str:
        """One word for the log."""
        return self.code

    def body(self) -> dict[str, str]:
        """The answer's JSON."""
        return {"error": self.code, "message": self.message, **self.extra}


class BadRequest(Refusal):
    """The request is not in the protocol's form."""


class PathUnknown(Refusal):
    """There is no such path."""

    status = 404
    code = "not_found"


class MethodUnknown(Refusal):
    """The path is there, the method is not."""

    status = 405
    code = "method_not_allowed"


class ReadingTooSlow(Refusal):
    """The request did not arrive within its time."""

    status = 408
    code = "request_timeout"


class LengthRequired(Refusal):
    """A body must say its length."""

    status = 411
    code = "length_required"


class BodyTooLarge(Refusal):
    """The body is longer than anything this service decodes."""

    status = 413
    code = "payload_too_large"


class HeadTooLarge(Refusal):
    """The request line and headers together are longer than they may be."""

    status = 431
    code = "headers_too_large"


class FileRejected(Refusal):
    """The file itself is at fault: asking again would not help.

    `reason` is one of not_an_image, type_mismatch, too_many_pixels, damaged, active_content, empty.
    """

    status = 422
    code = "upload_rejected"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason

    @property
    def outcome(self) -> str:
        """The reason."""
        return self.reason


class DecoderUnavailable(Refusal):
    """The file is not at fault, and asking again may help."""

    status = 503
    code = "decoder_unavailable"


class DecodersBusy(DecoderUnavailable):
    """All decoders are at work, or one is for this person."""

    @property
    def outcome(self) -> str:
        """Not a fault."""
        return "busy"
