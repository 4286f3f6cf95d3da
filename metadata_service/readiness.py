"""Whether what metadata depends on can be reached, by name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from .connections import Address, Connections, Unreachable
from .errors import ApiError, Unavailable

PATIENCE = 2.0
LONGEST_ANSWER = 64 * 1024
log = logging.getLogger("metadata")

Check = Callable[[], object]
"""Returns where the dependency is there; raises Unavailable or Unreachable where it is not."""


class Readiness:
    """The checks by the dependency's name."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)

    def standing(self) -> dict[str, str]:
        """`ok` or `unavailable` for each dependency."""
        return {name: _stands(name, check) for name, check in self._checks.items()}


def any_answers(addresses: list[Address], path: str) -> Check:
    """A check that one of these addresses, at least, answers 200."""
    connections = Connections(patience=PATIENCE, deadline=PATIENCE)

    def check() -> None:
        for address in addresses:
            if _answers(connections, address, path):
                return
        raise Unavailable(f"no answer to {path}")

    return check


def _answers(connections: Connections, address: Address, path: str) -> bool:
    headers = {"Connection": "close"}
    try:
        return connections.ask(address, "GET", path, headers=headers, limit=LONGEST_ANSWER).status == 200
    except Unreachable:
        return False


def _stands(name: str, check: Check) -> str:
    try:
        check()
    except ApiError as fault:
        log.warning("not ready", extra={"dependency": name, "reason": str(fault)})
        return "unavailable"
    return "ok"
