"""Who may have what signed: the signer's own table, independent of metadata's rules, and what an operator has frozen.

A grant outside the table is refused whatever key signed it. The proof that a row asks for is checked in `proofs`.
"""

from enum import Enum
from typing import Final, NamedTuple

from .errors import Frozen, InvalidItem, NotPermitted, require
from .grants import Grant
from .jws import decode_json
from .schemas import CATEGORIES, RECEIPT, Item


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
    # issuer      operation             area         proof            longest life, s
    ("metadata", "put",                "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "post",               "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "multipart_create",   "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "multipart_part",     "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "multipart_list",     "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "multipart_complete", "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "multipart_abort",    "incoming"): [Rule(Proof.OWNER,     900)],
    ("metadata", "get",                "incoming"): [Rule(Proof.OWNER,      60)],
    ("metadata", "put",                "users"):    [Rule(Proof.OWNER,      60)],
    ("metadata", "get",                "users"):    [Rule(Proof.OWNER,   3_600),
                                                     Rule(Proof.RECEIPT, 3_600),
                                                     Rule(Proof.SERVICE,   900)],
    ("metadata", "publish",            "users"):    [Rule(Proof.OWNER)],
    ("metadata", "reissue",            "users"):    [Rule(Proof.RECEIPT)],
    ("metadata", "delete",             "incoming"): [Rule(Proof.OWNER,      60)],
    ("metadata", "delete",             "users"):    [Rule(Proof.OWNER,      60)],
    ("sweeper",  "delete",             "incoming"): [Rule(Proof.NOBODY,     60)],
    ("sweeper",  "delete",             "users"):    [Rule(Proof.NOBODY,     60)],
    ("sweeper",  "multipart_abort",    "incoming"): [Rule(Proof.NOBODY,     60)],
    ("sweeper",  "multipart_abort",    "users"):    [Rule(Proof.NOBODY,     60)],
    ("importer", "put",                "users"):    [Rule(Proof.NOBODY,     60)],
    ("importer", "publish",            "users"):    [Rule(Proof.NOBODY, None, ("profile", "projects"))],
}  # fmt: skip
LONGEST_LINK: Final = 30 * 86_400  # seconds from iat to a share link's end


def owed(grant: Grant, item: Item, now: float) -> Proof:
    """The proof that the item's row asks for. Raises NotPermitted outside the table, InvalidItem for a time past."""
    rule = _row(grant, item)
    if rule.longest_life is not None:
        allowed = f"expires_at may be at most {rule.longest_life} s after iat"
        require(item.expires_at - grant.issued_at <= rule.longest_life, NotPermitted, allowed)
        require(item.expires_at > max(now, grant.issued_at), InvalidItem, "expires_at must lie ahead")
    require(not item.until or item.until > now, InvalidItem, "until must lie ahead")
    is_short = item.visibility != "link" or item.until - grant.issued_at <= LONGEST_LINK
    require(is_short, InvalidItem, "until may be at most 30 days ahead")
    return rule.proof


def is_capped(item: Item, proof: Proof) -> bool:
    """Whether the cap of deletes a minute counts it. An owner's own aborts, were they counted, would use up others'."""
    return item.op == "delete" or (item.op == "multipart_abort" and proof is Proof.NOBODY)


def _row(grant: Grant, item: Item) -> Rule:
    offered = Proof.RECEIPT if item.receipt is not None else Proof.OWNER
    if item.receipt is None and grant.service is not None and item.owner != "s-" + grant.service:
        offered = Proof.SERVICE
    rules = PERMITTED.get((grant.issuer, item.op, item.area), [])
    for rule in rules:
        if item.category in rule.categories and (len(rules) == 1 or rule.proof is offered):
            return rule
    raise NotPermitted(f"{grant.issuer} may not {item.op} {item.category} below {item.area}")


class FreezeList(NamedTuple):
    """What an operator has stopped, at once and whatever was granted: docs/contracts/grant-v1.md has its members.

    Times are seconds since the epoch; `receipts` are spans of issue, both ends included.
    """

    operations: tuple[str, ...] = ()
    issuers: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    receipts: tuple[tuple[int, int], ...] = ()
    grants_before: int = 0

    def check(self, grant: Grant, item: Item) -> None:
        """Raises Frozen where the grant's issuer or time, or the item's operation, owner, object or receipt is listed.

        A receipt's time is what its text says; whether it is one of ours is asked later.
        """
        require(grant.issuer not in self.issuers, Frozen, "grants of this issuer are frozen")
        require(grant.issued_at >= self.grants_before, Frozen, "grants of this time are frozen")
        is_listed = item.op in self.operations or item.owner in self.owners or item.id in self.objects
        require(not is_listed, Frozen, "the operation, the owner or the object is frozen")
        shape = RECEIPT.fullmatch(item.receipt or "")
        is_of_a_span = shape and any(first <= int(shape[3]) <= last for first, last in self.receipts)
        require(not is_of_a_span, Frozen, "receipts of this time are frozen")


def parse_freeze_list(text: bytes) -> FreezeList:
    """The freeze list's JSON. Raises ValueError or TypeError on anything it does not know."""
    listed = FreezeList(**decode_json(text))
    are_names = all(type(names) in (list, tuple) and all(type(name) is str for name in names) for names in listed[:4])
    require(are_names, ValueError, "operations, issuers, owners and objects are lists of names")
    times = [listed.grants_before, *[time for first, last in listed.receipts for time in (first, last)]]
    require(all(type(time) is int for time in times), ValueError, "times are whole seconds since the epoch")
    return listed
