"""Usernames: what they may be made of, and those that nobody gets."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

RULE: Final = "3 to 30 of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit"
_GRAMMAR = re.compile(r"[a-z0-9][a-z0-9._-]{1,28}[a-z0-9]", re.ASCII)


def read(text: str) -> str | None:
    """The username that `text` spells, in lower case, or None where it is none."""
    # ASCII first: the Kelvin sign, among others, has an ASCII letter for its lower case.
    lowered = text.lower() if text.isascii() else ""
    return lowered if _GRAMMAR.fullmatch(lowered) else None


def is_reserved(username: str) -> bool:
    """Whether nobody gets it (`reserved.txt`)."""
    return username in _reserved()


@cache
def _reserved() -> frozenset[str]:
    lines = files(__package__).joinpath("reserved.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
