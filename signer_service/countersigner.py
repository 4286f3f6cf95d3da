"""What happens to a request, in the contract's order: grant, items, policy, freeze, proof, replay, audit, signature.

This is the whole of the signer, without HTTP. Every decision after a grant's signature held leaves an audit line, a
refusal too: it is the alarm of a break-in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import policy, schemas
from .audit import AuditLog
from .errors import AuditUnavailable, Refusal, ReplayMemoryUnavailable, each
from .freeze import Freezer
from .grants import CLOCK_SKEW, Grant, Opened, Verifier
from .object_keys import is_uuid4
from .proofs import Proofs, Proven
from .replay import ReplayMemory
from .signing import Signing
from .watched import WatchedFile

log = logging.getLogger("signer")


@dataclass(frozen=True)
class Countersigner:
    """The parts, wired by `app`; `clock` gives seconds since the epoch."""

    clock: Callable[[], float]
    grants: Verifier
    freezer: Freezer
    proofs: Proofs
    replay: ReplayMemory
    audit: AuditLog
    signing: Signing
    needed_files: dict[str, WatchedFile[Any]]

    def sign(self, compact: str, token: str | None, request_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The audit line's place, and an answer an item. Raises a Refusal; then nothing was signed."""
        now = self.clock()
        opened = self.grants.open(compact, now)
        try:
            grant = self.grants.accept(opened, now)
            proven = self._proven(grant, token, now)
            self.replay.spend(grant, sum(one.item.op == "delete" for one in proven), now)
            decision = self.audit.record("signed", _entry(grant, proven, request_id))
            return decision, self.signing.sign(grant, proven, now)
        except Refusal as refusal:
            self._record_refusal(opened, refusal, request_id)
            raise

    def _proven(self, grant: Grant, token: str | None, now: float) -> list[Proven]:
        items = list(each(grant.items, schemas.item))
        operations = policy.permit(grant, items, now)
        frozen = self.freezer.check(grant, operations)
        return self.proofs.check(grant, token, operations, frozen, now)

    def _record_refusal(self, opened: Opened, refusal: Refusal, request_id: str) -> None:
        jti = opened.claims.get("jti")
        entry = {
            "grant": jti if is_uuid4(jti) else None,
            "kid": opened.kid,
            "issuer": opened.issuer,
            "error": refusal.code,
            "reason": refusal.reason[:200],
            "item": refusal.item,
            "request_id": request_id,
        }
        log.warning("grant_refused", extra=entry)
        try:
            self.audit.record("refused", entry)
        except AuditUnavailable:
            log.exception("audit_unavailable")

    def checks(self) -> dict[str, str]:
        """The state of each thing that signing needs, by name: ok, or what is missing."""
        states = {name: "ok" if file.read() else "missing" for name, file in self.needed_files.items()}
        states["audit"] = _state(self.audit.check)
        states["replay_memory"] = _state(self._check_memory)
        return states

    def _check_memory(self) -> None:
        now = self.clock()
        if now <= self.replay.began(now) + CLOCK_SKEW + 1:
            raise ReplayMemoryUnavailable("the replay memory is younger than the grants it would be shown")


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except Refusal as refusal:
        return refusal.code
    return "ok"


def _entry(grant: Grant, proven: list[Proven], request_id: str) -> dict[str, Any]:
    return {
        "grant": grant.jti,
        "kid": grant.kid,
        "issuer": grant.issuer,
        "caller": grant.caller,
        "service": grant.service,
        "request_id": request_id,
        "items": [_item(one) for one in proven],
    }


def _item(proven: Proven) -> dict[str, Any]:
    """What was signed, so that the line alone tells it: operation, key, sizes, terms, and until when."""
    item = proven.item
    told: dict[str, Any] = {
        "op": item.op,
        "object_key": item.object_key.text(item.size),
        "expires_at": item.expires_at,
    }
    for name in ("sizes", "visibility", "until", "content_type", "content_length", "length_range", "window"):
        value = getattr(item, name)
        if value:
            told[name] = value
    if proven.terms is not None:
        told["opened_by"] = proven.terms.visibility
        told["published_at"] = proven.terms.issued_at
    return told
