"""What happens to a request, in the contract's order: grant, items, policy, freeze, proof, replay, audit, signature.

This is the whole of the signer, without HTTP. Every decision after a grant's signature held leaves an audit line, a
refusal too: it is the alarm of a break-in.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from . import freeze, grants, policy, proofs, receipts, schemas, signing
from .audit import AuditLog
from .callers import Callers
from .config import Config
from .errors import AuditUnavailable, Refusal, ReplayMemoryUnavailable, each
from .identities import Identities
from .policy import Proof
from .replay import ReplayMemory
from .watched import WatchedFile

Proven = tuple[schemas.Item, receipts.Terms | None]
log = logging.getLogger("signer")


class Countersigner:
    """The parts, each in its place; `clock` gives seconds since the epoch."""

    def __init__(self, config: Config, clock: Callable[[], float]) -> None:
        self._clock, self._callers, self._identities = clock, Callers(config), Identities(config)
        self._grant_keys = WatchedFile(config.grant_keys_file, grants.parse_keys)
        self._receipt_keys = WatchedFile(config.receipt_keys_file, receipts.parse_keys)
        self._freeze_list = WatchedFile(config.freeze_file, freeze.parse, fail_closed=True)
        self._replay = ReplayMemory(config.replay_file, config.deletes_per_minute)
        self._grants = grants.Verifier(self._grant_keys, config.signer_name, self._replay.began)
        self._receipts, self._audit = receipts.Receipts(self._receipt_keys), AuditLog(config.audit_dir)

    def sign(self, compact: str, token: str | None, request_id: str) -> tuple[list[Any], dict[str, Any]]:
        """An answer an item, and the audit line's place. Raises a Refusal; then nothing was signed."""
        now = self._clock()
        opened = self._grants.open(compact, now)
        told: dict[str, Any] = {"kid": opened.kid, "issuer": opened.issuer, "request_id": request_id}
        try:
            grant = self._grants.accept(opened, now)
            told |= {"grant": grant.jti, "caller": grant.caller, "caller_service": grant.service}
            proven = self._proven(grant, token, now)
            signatures = list(each(proven, lambda one: self._signature(grant, *one, now)))
            self._replay.spend(grant, sum(item.op == "delete" for item, _ in proven), now)
            place = self._audit.record("signed", {**told, "items": [_told(*one) for one in proven]})
            return [sign() for sign in signatures], place
        except Refusal as refusal:
            self._record_refusal(told, refusal)
            raise

    def _proven(self, grant: grants.Grant, token: str | None, now: float) -> list[Proven]:
        """The items, each with the terms of its receipt where that was its proof: all of them may be signed."""
        items = list(each(grant.items, schemas.item))
        owed = list(each(items, lambda item: (item, policy.owed(grant, item, now))))
        frozen = freeze.current(self._freeze_list)
        list(each(items, lambda item: frozen.check(grant, item)))
        caller = proofs.caller_of(self._callers, grant, token, now)

        def prove(one: tuple[schemas.Item, Proof]) -> Proven:
            item, proof = one
            if proof is Proof.RECEIPT:
                return item, proofs.opened_by(self._receipts, item, caller, now)
            if proof is not Proof.NOBODY:
                proofs.check_token(proof, item, caller)
            return item, None

        return list(each(owed, prove))

    def _record_refusal(self, told: dict[str, Any], refusal: Refusal) -> None:
        why = {"error": refusal.code, "reason": refusal.reason[:200]}
        log.warning("grant_refused", extra=told | why)
        with suppress(AuditUnavailable):  # then nothing is signed anyway
            self._audit.record("refused", {**told, **why, "item": refusal.item})

    def _signature(
        self, grant: grants.Grant, item: schemas.Item, terms: receipts.Terms | None, now: float
    ) -> Callable[[], dict[str, Any]]:
        """What will sign an item, with the key that it takes: a key that is not there leaves the grant unspent."""
        if item.op in ("publish", "reissue"):
            terms = terms or receipts.Terms(str(item.visibility), int(now), item.until)
            kid, secret = self._receipts.issuing_key()
            return lambda: {"receipt": receipts.receipt(kid, secret, terms, item.object_key)}
        return partial(signing.answer, self._identities.for_operation(item.op, max(now, grant.issued_at)), grant, item)

    def checks(self) -> dict[str, str]:
        """The state of each thing that signing needs, by name: ok, or what is wrong with it."""
        keys: dict[str, WatchedFile[Any]] = {
            "grant": self._grant_keys,
            "receipt": self._receipt_keys,
            "token": self._callers.keys,
        }
        watched = {f"{whose}_keys": file for whose, file in keys.items()}
        watched |= self._identities.files
        states = {name: "ok" if file.read() else "missing" for name, file in watched.items()}
        for name, check in (("audit", self._audit.check), ("replay_memory", self._check_memory)):
            try:
                check()
                states[name] = "ok"
            except Refusal as refusal:
                states[name] = refusal.code
        return states

    def _check_memory(self) -> None:
        now = self._clock()
        if now <= self._replay.began(now) + grants.CLOCK_SKEW + 1:
            raise ReplayMemoryUnavailable("the replay memory is younger than the grants that it would be shown")


def _told(item: schemas.Item, terms: receipts.Terms | None) -> dict[str, Any]:
    """What was signed, so that the line alone tells it: operation, key, terms, and until when."""
    told = {name: getattr(item, name) for name in schemas.Item.__slots__ if getattr(item, name)}
    return told | {"object_key": item.object_key.text(item.size), "receipt": terms}
