"""What can be wrong with a request, each fault under its own name, and how it becomes an answer.

Nothing here repeats a secret, and why a signature failed stays in the log (`reason`), never in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class Refusal(Exception):
    """A request that is not signed: `status` and `code` are the contract's, `item` the one at fault, if one is."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid_request"
    retry_after: ClassVar[int | None] = None

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or message
        self.item: int | None = None

    def answer(self) -> dict[str, Any]:
        """The answer's body, in the one shape that all refusals have."""
        if self.item is None:
            return {"error": self.code, "message": self.message}
        return {"error": self.code, "message": f"items[{self.item}]: {self.message}", "item": self.item}


class InvalidRequest(Refusal):
    """The envelope is not what the contract says."""


class InvalidJson(Refusal):
    """Not the JSON that the contract allows."""

    code = "invalid_json"


class InvalidItem(Refusal):
    """A field of an item is missing, unknown, or outside its grammar."""

    code = "invalid_item"


class InvalidGrant(Refusal):
    """The grant is not one of ours, not for this signer, or not for now."""

    status, code = 401, "invalid_grant"

    def __init__(self, reason: str) -> None:
        super().__init__("the grant was not accepted", reason=reason)


class InvalidCallerToken(Refusal):
    """The caller's own token does not verify."""

    status, code = 401, "invalid_caller_token"

    def __init__(self, reason: str) -> None:
        super().__init__("the caller's token was not accepted", reason=reason)


class NotPermitted(Refusal):
    """The policy table has no row for it."""

    status, code = 403, "operation_not_permitted"


class CallerMismatch(Refusal):
    """The token is good, and it is not the token of the one it must be."""

    status, code = 403, "caller_mismatch"


class NotPublished(Refusal):
    """No valid publication receipt opens this object to others."""

    status, code = 403, "not_published"


class Frozen(Refusal):
    """The freeze list, or a cap, stands in the way."""

    status, code = 403, "operation_frozen"


class GrantAlreadyUsed(Refusal):
    """A grant works once."""

    status, code = 409, "grant_already_used"


class PayloadTooLarge(Refusal):
    """More than 64 KiB."""

    status, code = 413, "payload_too_large"


class Unavailable(Refusal):
    """Something the signer needs is not there now; asking again later is right."""

    status, retry_after = 503, 1


class CallerKeysUnavailable(Unavailable):
    """The issuer's public keys are not there: no token can be checked."""

    code = "caller_keys_unavailable"


class CredentialsUnavailable(Unavailable):
    """An S3 identity is missing, unreadable, or its session has ended."""

    code = "credentials_unavailable"


class AuditUnavailable(Unavailable):
    """The audit line could not be written, so nothing is signed."""

    code = "audit_unavailable"


class ReplayMemoryUnavailable(Unavailable):
    """Whether a grant was used before cannot be known, so nothing is signed."""

    code = "replay_memory_unavailable"


def each(things: Iterable[Thing], check: Callable[[Thing], Result]) -> Iterator[Result]:
    """Apply `check` to one after the other; a refusal leaves with the number of the thing it is about."""
    for number, thing in enumerate(things):
        try:
            yield check(thing)
        except Refusal as refusal:
            refusal.item = number
            raise
