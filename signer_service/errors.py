"""What can be wrong with a request, each fault under its own name, as the contract's status and code.

`reason` is for the log. The answer says it too, except where it would tell why a signature failed (`answered`).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


class Refusal(Exception):
    """A request that is not signed; `item` is the number of the item at fault, where one is."""

    status, code = 400, "invalid_request"
    answered: str | None = None
    item: int | None = None

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def answer(self) -> dict[str, Any]:
        """The answer's body, in the one shape that all refusals have."""
        message = self.answered or self.reason
        if self.item is None:
            return {"error": self.code, "message": message}
        return {"error": self.code, "message": f"items[{self.item}]: {message}", "item": self.item}


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

    status, code, answered = 401, "invalid_grant", "the grant was not accepted"


class InvalidCallerToken(Refusal):
    """The caller's own token does not verify."""

    status, code, answered = 401, "invalid_caller_token", "the caller's token was not accepted"


class NotPermitted(Refusal):
    """The policy table has no row for it."""

    status, code = 403, "operation_not_permitted"


class CallerMismatch(Refusal):
    """The token is good, and not the token of the one it must be."""

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


class CallerKeysUnavailable(Refusal):
    """The issuer's public keys are not there: no token can be checked."""

    status, code = 503, "caller_keys_unavailable"


class CredentialsUnavailable(Refusal):
    """An S3 identity or the receipt key is missing, unreadable, or has ended."""

    status, code = 503, "credentials_unavailable"


class AuditUnavailable(Refusal):
    """The audit line could not be written, so nothing is signed."""

    status, code, answered = 503, "audit_unavailable", "the audit log cannot be written"


class ReplayMemoryUnavailable(Refusal):
    """Whether a grant was used before cannot be known, so nothing is signed."""

    status, code, answered = 503, "replay_memory_unavailable", "the replay memory cannot be used"


def each(things: Iterable[Thing], check: Callable[[Thing], Result]) -> Iterator[Result]:
    """Apply `check` to one after the other; a refusal leaves with the number of the thing it is about."""
    for number, thing in enumerate(things):
        try:
            yield check(thing)
        except Refusal as refusal:
            refusal.item = number
            raise
