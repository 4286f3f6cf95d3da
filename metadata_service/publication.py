"""Publication: an object is opened to others by a receipt that only its owner's request can get, and closed again."""

from __future__ import annotations

from . import grants, ways_out
from .callers import Caller
from .grants import Asker
from .object_keys import ObjectKey
from .store import objects


def publish(caller: Caller, object_key: ObjectKey, visibility: str = "public") -> bool:
    """Open the caller's own object to others; False where there is no such object. Raises Unavailable."""
    stored = objects.get(object_key)
    if stored is None or object_key.owner != caller.owner:
        return False
    if stored.visibility == visibility:
        return True
    asker = Asker(caller.sub, caller.token)
    [answer] = ways_out.current().signer.sign([grants.publish(object_key, visibility)], asker)
    return objects.publish(object_key, visibility, answer.receipt)


def withdraw(owner: str, object_key: ObjectKey) -> bool:
    """Close the owner's object to others again: URLs signed before end by themselves. False where there is none."""
    return object_key.owner == owner and objects.withdraw(object_key)
