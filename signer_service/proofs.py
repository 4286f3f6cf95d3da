"""The second proof, for each item: the owner's own token, a publication receipt, or a registered service's token."""

from __future__ import annotations

from dataclasses import dataclass

from .callers import Caller, Callers
from .errors import (
    CallerMismatch,
    Frozen,
    InvalidCallerToken,
    InvalidItem,
    InvalidRequest,
    NotPermitted,
    NotPublished,
    each,
)
from .freeze import FreezeList
from .grants import Grant
from .policy import Operation, Proof
from .receipts import Receipts, Terms
from .schemas import Item


@dataclass(frozen=True, slots=True)
class Proven:
    """An item that may be signed; `terms` are those of its receipt, where one opened it."""

    item: Item
    terms: Terms | None = None


class Proofs:
    """Checks what each permitted operation still owes."""

    def __init__(self, callers: Callers, receipts: Receipts) -> None:
        self._callers = callers
        self._receipts = receipts

    def check(
        self, grant: Grant, token: str | None, operations: list[Operation], frozen: FreezeList, now: float
    ) -> list[Proven]:
        """Every operation with its proof shown. Raises the refusal of the first that lacks it, with its number."""
        caller = self._caller(grant, token, now)
        return list(each(operations, lambda operation: self._proven(operation, caller, frozen, now)))

    def _caller(self, grant: Grant, token: str | None, now: float) -> Caller | None:
        named = grant.service or grant.caller
        if (named is None) != (token is None):
            raise InvalidRequest("caller_token and the grant's caller or service come together or not at all")
        if token is None:
            return None
        caller = self._callers.service(token, now) if grant.service else self._callers.person(token, now)
        if caller.name != named:
            raise CallerMismatch("the token is not the token of the one that the grant names")
        return caller

    def _proven(self, operation: Operation, caller: Caller | None, frozen: FreezeList, now: float) -> Proven:
        item = operation.item
        if operation.proof is Proof.RECEIPT:
            return Proven(item, self._opened(item, caller, frozen, now))
        if item.window is not None:
            raise InvalidItem("window goes with a public receipt")
        if operation.proof is Proof.OWNER:
            _check_owner(item, caller)
        elif operation.proof is Proof.SERVICE:
            _check_reader(caller)
        return Proven(item)

    def _opened(self, item: Item, caller: Caller | None, frozen: FreezeList, now: float) -> Terms:
        terms = self._receipts.terms(item.receipt or "", item.object_key)
        if frozen.stops_receipt_of(terms.issued_at):
            raise Frozen("receipts of that time are frozen")
        if terms.until and (terms.until <= now or item.expires_at > terms.until):
            raise NotPublished("the receipt ends before expires_at")
        if terms.visibility == "signed_in" and item.op == "get" and (caller is None or caller.is_service):
            raise NotPublished("this object is open to signed-in people only")
        if terms.visibility != "public" and item.window is not None:
            raise InvalidItem("window goes with a public receipt")
        return terms


def _check_owner(item: Item, caller: Caller | None) -> None:
    if caller is None:
        raise InvalidCallerToken("no token, where the owner's is needed")
    if caller.owner != item.object_key.owner:
        raise CallerMismatch("the token is not the owner's")
    if caller.is_service and not caller.scopes & (
        {"media:read", "media:write"} if item.op == "get" else {"media:write"}
    ):
        raise NotPermitted("the service's token lacks the scope")


def _check_reader(caller: Caller | None) -> None:
    if caller is None or not caller.is_service:
        raise InvalidCallerToken("no service token")
    if "media:read" not in caller.scopes:
        raise NotPermitted("the service's token lacks media:read")
