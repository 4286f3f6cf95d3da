"""Who may have what signed: the signer's own table, independent of metadata's rules.

A grant outside it is refused whatever key signed it. The proof that a row asks for is checked in `proofs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from .errors import InvalidItem, NotPermitted, each
from .grants import Grant
from .object_keys import CATEGORIES
from .schemas import Item


class Proof(Enum):
    """What must come with the grant for an item to be signed."""

    OWNER = "the owner's token"
    RECEIPT = "a publication receipt"
    SERVICE = "the token of an internal service registered for media:read"
    NOBODY = "nothing"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: the proof it asks for, a URL's longest life (seconds; None where there is no URL), the categories."""

    proof: Proof
    longest_life: int | None = None
    categories: tuple[str, ...] = CATEGORIES


PERMITTED: Final = {
    # issuer      operation  area         proof            longest life, s
    ("metadata", "put",     "incoming"): (Rule(Proof.OWNER, 900),),
    ("metadata", "post",    "incoming"): (Rule(Proof.OWNER, 900),),
    ("metadata", "get",     "incoming"): (Rule(Proof.OWNER, 60),),
    ("metadata", "put",     "users"):    (Rule(Proof.OWNER, 60),),
    ("metadata", "get",     "users"):    (Rule(Proof.OWNER, 3_600),
                                          Rule(Proof.RECEIPT, 3_600),
                                          Rule(Proof.SERVICE, 900)),
    ("metadata", "publish", "users"):    (Rule(Proof.OWNER),),
    ("metadata", "reissue", "users"):    (Rule(Proof.RECEIPT),),
    ("metadata", "delete",  "incoming"): (Rule(Proof.OWNER, 60),),
    ("metadata", "delete",  "users"):    (Rule(Proof.OWNER, 60),),
    ("sweeper",  "delete",  "incoming"): (Rule(Proof.NOBODY, 60),),
    ("sweeper",  "delete",  "users"):    (Rule(Proof.NOBODY, 60),),
    ("importer", "put",     "users"):    (Rule(Proof.NOBODY, 60),),
    ("importer", "publish", "users"):    (Rule(Proof.NOBODY, None, ("profile", "projects")),),
}  # fmt: skip

LONGEST_LINK: Final = 30 * 86_400  # seconds from iat to a share link's end


@dataclass(frozen=True, slots=True)
class Operation:
    """An item that the table permits, and the proof that it still owes."""

    item: Item
    proof: Proof


def permit(grant: Grant, items: list[Item], now: float) -> list[Operation]:
    """Hold every item to the table. Raises NotPermitted, or InvalidItem for a time that has passed."""
    return list(each(items, lambda item: _permitted(grant, item, now)))


def _permitted(grant: Grant, item: Item, now: float) -> Operation:
    rule = _rule(grant, item)
    if item.object_key.category not in rule.categories:
        raise NotPermitted(f"{grant.issuer} may not {item.op} in {item.object_key.category}")
    if rule.longest_life is not None:
        if item.expires_at - grant.issued_at > rule.longest_life:
            raise NotPermitted(f"expires_at may be at most {rule.longest_life} s after iat")
        if item.expires_at <= now:
            raise InvalidItem("expires_at must lie ahead")
    if item.op == "publish":
        _check_end(grant, item, now)
    return Operation(item, rule.proof)


def _rule(grant: Grant, item: Item) -> Rule:
    rules = PERMITTED.get((grant.issuer, item.op, item.object_key.area), ())
    wanted = _offered_proof(grant, item)
    for rule in rules:
        if len(rules) == 1 or rule.proof is wanted:
            return rule
    raise NotPermitted(f"{grant.issuer} may not {item.op} below {item.object_key.area}")


def _offered_proof(grant: Grant, item: Item) -> Proof:
    if item.receipt is not None:
        return Proof.RECEIPT
    if grant.service is not None and item.object_key.owner != "s-" + grant.service:
        return Proof.SERVICE
    return Proof.OWNER


def _check_end(grant: Grant, item: Item, now: float) -> None:
    if item.until and item.until <= now:
        raise InvalidItem("until must lie ahead")
    if item.visibility == "link" and item.until - grant.issued_at > LONGEST_LINK:
        raise InvalidItem("until may be at most 30 days ahead")
