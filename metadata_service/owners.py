"""The form of a person's or a service's name that object keys and tables hold."""

from __future__ import annotations

import hashlib
import re

_SERVICE = "s-"
_PLAIN = re.compile(r"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}", re.ASCII)


def owner_of(sub: str) -> str:
    """The owner form of a token's `sub`: itself where it is plain, else `h-` and 40 hex digits of its SHA-256."""
    if _PLAIN.fullmatch(sub):
        return sub
    return "h-" + hashlib.sha256(sub.encode("utf-8")).hexdigest()[:40]


def owner_of_service(name: str) -> str:
    """The owner form of an internal service; no person's can begin so."""
    return f"{_SERVICE}{name}"


def is_service(owner: str) -> bool:
    """Whether files are an internal service's, rather than a person's."""
    return owner.startswith(_SERVICE)
