"""What can be wrong with a request, each fault under its own name, as the contract's status and code.

A refusal's text is for the log. The answer says it too, except where it would tell why a signature failed (`said`).
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Result = TypeVar("Result")


class Refusal(Exception):
    """A request that is not signed; `item` is the number of the item at fault, where one is."""

    status: int
    code: str
    said: str | None
    item: int | None = None

    def __init_subclass__(cls, status: int, code: str, said: str | None = None) -> None:
        cls.status, cls.code, cls.said = status, code, said

    def answer(self) -> dict[str, Any]:
        """The answer's body, in the one shape that all refusals have."""
        message = self.said or str(self)
        if self.item is None:
            return {"error": self.code, "message": message}
        return {"error": self.code, "message": f"items[{self.item}]: {message}", "item": self.item}


class InvalidJson(Refusal, status=400, code="invalid_json"):
    """Not the JSON that the contract allows."""


class InvalidRequest(Refusal, status=400, code="invalid_request"):
    """The envelope, or a grant's claims, are not what the contract says."""


class InvalidItem(Refusal, status=400, code="invalid_item"):
    """A field of an item is missing, unknown, or outside its grammar."""


class InvalidGrant(Refusal, status=401, code="invalid_grant", said="the grant was not accepted"):
    """The grant is not one of ours, not for this signer, or not for now."""


class InvalidCallerToken(Refusal, status=401, code="invalid_caller_token", said="the caller's token was not accepted"):
    """The caller's own token does not verify."""


class NotPermitted(Refusal, status=403, code="operation_not_permitted"):
    """The policy table has no row for it, or a cap stands in the way."""


class CallerMismatch(Refusal, status=403, code="caller_mismatch"):
    """The token is good, and not the token of the one it must be."""


class NotPublished(Refusal, status=403, code="not_published"):
    """No valid publication receipt opens this object to others."""


class Frozen(Refusal, status=403, code="operation_frozen"):
    """The freeze list stands in the way."""


class GrantAlreadyUsed(Refusal, status=409, code="grant_already_used"):
    """A grant works once."""


class PayloadTooLarge(Refusal, status=413, code="payload_too_large"):
    """More than 64 KiB."""


class CallerKeysUnavailable(Refusal, status=503, code="caller_keys_unavailable"):
    """The issuer's public keys are not there: no token can be checked."""


class CredentialsUnavailable(Refusal, status=503, code="credentials_unavailable"):
    """An S3 identity or the receipt key is missing, unreadable, or has ended."""


class AuditUnavailable(Refusal, status=503, code="audit_unavailable", said="the audit log cannot be written"):
    """The audit line could not be written, so nothing is signed."""


class ReplayMemoryUnavailable(Refusal, status=503, code="replay_memory_unavailable"):
    """Whether a grant was used before cannot be known, so nothing is signed."""


def require(holds: bool, refusal: type[Exception], reason: str) -> None:
    """One rule, said as what must hold. Raises `refusal` with the reason where it does not."""
    if not holds:
        raise refusal(reason)


def each(check: Callable[..., Result], *columns: Iterable[Any]) -> list[Result]:
    """Apply `check` to one row after the other; a refusal leaves with the number of the item that it is about."""
    results: list[Result] = []
    try:
        for row in zip(*columns, strict=True):
            results.append(check(*row))
    except Refusal as refusal:
        refusal.item = len(results)
        raise
    return results
