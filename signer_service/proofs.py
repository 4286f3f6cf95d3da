"""The second proof, for each item: the owner's own token, a publication receipt, or a registered service's token."""

from .callers import Caller, Callers
from .errors import CallerMismatch, InvalidCallerToken, InvalidItem, InvalidRequest, NotPermitted, NotPublished
from .grants import Grant
from .policy import Proof
from .receipts import Receipts, Terms
from .schemas import Item


def caller_of(callers: Callers, grant: Grant, token: str | None, now: float) -> Caller | None:
    """Whose token came with the grant; None where neither names anyone. Raises CallerMismatch where they differ."""
    named = grant.service or grant.caller
    if (named is None) != (token is None):
        raise InvalidRequest("caller_token and the grant's caller or service come together or not at all")
    if token is None:
        return None
    if grant.service:
        return callers.service(grant.service, token, now)
    caller = callers.person(token, now)
    if caller.name != named:
        raise CallerMismatch("the token is not the token of the one that the grant names")
    return caller


def check_token(proof: Proof, item: Item, caller: Caller | None) -> None:
    """Hold an item to its owner's token, or to that of a service that may read; and a service to its scopes."""
    if caller is None:
        raise InvalidCallerToken(f"no token, where {proof.value} is needed")
    if proof is Proof.OWNER and caller.owner != item.object_key.owner:
        raise CallerMismatch("the token is not the owner's")
    wanted = {"media:read"} if proof is Proof.SERVICE else {"media:write", "media:read" if item.op == "get" else ""}
    if caller.scopes is not None and caller.scopes.isdisjoint(wanted):
        raise NotPermitted("the service's token lacks the scope")


def opened_by(receipts: Receipts, item: Item, caller: Caller | None, now: float) -> Terms:
    """The terms of the receipt that opens an item to others. Raises NotPublished where it does not."""
    terms = receipts.terms(item.receipt or "", item.object_key)
    if terms.until and (terms.until <= now or terms.until < item.expires_at):
        raise NotPublished("the receipt ends before expires_at")
    if terms.visibility == "signed_in" and item.op == "get" and (caller is None or caller.scopes is not None):
        raise InvalidCallerToken("no person's token, where the receipt opens to those signed in")
    if terms.visibility != "public" and item.window is not None:
        raise InvalidItem("window goes with a public receipt")
    return terms
