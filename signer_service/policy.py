"""Who may have what signed: the signer's own table, independent of metadata's rules.

A grant outside it is refused whatever key signed it. The proof that a row asks for is checked in `proofs`.
"""

from enum import Enum
from typing import Final, NamedTuple

from .errors import InvalidItem, NotPermitted
from .grants import Grant
from .object_keys import CATEGORIES
from .schemas import Item


class Proof(Enum):
    """What must come with the grant for an item to be signed."""

    OWNER = "the owner's token"
    RECEIPT = "a publication receipt"
    SERVICE = "the token of an internal service registered for media:read"
    NOBODY = "nothing"


class Rule(NamedTuple):
    """A row: the proof it asks for, a URL's longest life (seconds; None where there is no URL), the categories."""

    proof: Proof
    longest_life: int | None = None
    categories: tuple[str, ...] = CATEGORIES


PERMITTED: Final = {
    # issuer      operation  area         proof            longest life, s
    ("metadata", "put",     "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "post",    "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "get",     "incoming"): [Rule(Proof.OWNER,      60)],
    ("metadata", "put",     "users"):    [Rule(Proof.OWNER,      60)],
    ("metadata", "get",     "users"):    [Rule(Proof.OWNER,   3_600),
                                          Rule(Proof.RECEIPT, 3_600),
                                          Rule(Proof.SERVICE,   900)],
    ("metadata", "publish", "users"):    [Rule(Proof.OWNER)],
    ("metadata", "reissue", "users"):    [Rule(Proof.RECEIPT)],
    ("metadata", "delete",  "incoming"): [Rule(Proof.OWNER,      60)],
    ("metadata", "delete",  "users"):    [Rule(Proof.OWNER,      60)],
    ("sweeper",  "delete",  "incoming"): [Rule(Proof.NOBODY,     60)],
    ("sweeper",  "delete",  "users"):    [Rule(Proof.NOBODY,     60)],
    ("importer", "put",     "users"):    [Rule(Proof.NOBODY,     60)],
    ("importer", "publish", "users"):    [Rule(Proof.NOBODY, None, ("profile", "projects"))],
}  # fmt: skip

LONGEST_LINK: Final = 30 * 86_400  # seconds from iat to a share link's end


def owed(grant: Grant, item: Item, now: float) -> Proof:
    """The proof that the item's row asks for. Raises NotPermitted outside the table, InvalidItem for a time past."""
    rule = _row(grant, item)
    if item.object_key.category not in rule.categories:
        raise NotPermitted(f"{grant.issuer} may not {item.op} in {item.object_key.category}")
    if rule.longest_life is not None:
        if item.expires_at - grant.issued_at > rule.longest_life:
            raise NotPermitted(f"expires_at may be at most {rule.longest_life} s after iat")
        if item.expires_at <= max(now, grant.issued_at):
            raise InvalidItem("expires_at must lie ahead")
    if item.until and item.until <= now:
        raise InvalidItem("until must lie ahead")
    if item.visibility == "link" and item.until - grant.issued_at > LONGEST_LINK:
        raise InvalidItem("until may be at most 30 days ahead")
    return rule.proof


def _row(grant: Grant, item: Item) -> Rule:
    rules = PERMITTED.get((grant.issuer, item.op, item.object_key.area), [])
    offered = Proof.OWNER
    if item.receipt is not None:
        offered = Proof.RECEIPT
    elif grant.service is not None and item.object_key.owner != "s-" + grant.service:
        offered = Proof.SERVICE
    for rule in rules:
        if len(rules) == 1 or rule.proof is offered:
            return rule
    raise NotPermitted(f"{grant.issuer} may not {item.op} below {item.object_key.area}")
