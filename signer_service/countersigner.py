"""What happens to a request, step by step in the contract's order. This is the whole of the signer, without HTTP.

Every decision after a grant's signature held leaves an audit line, a refusal too: it is the alarm of a break-in.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from . import errors, grants, policy, proofs, schemas, signing
from .audit import AuditLog
from .config import Config
from .errors import Refusal, each, require
from .grants import Grant
from .presign import Bucket
from .proofs import Terms
from .replay import ReplayMemory
from .watched import WatchedFile

Answer = dict[str, Any]
log = logging.getLogger("signer")


class Countersigner:
    """The files and records of one replica, and what it makes of a request; `clock` gives seconds since the epoch."""

    def __init__(self, config: Config, clock: Callable[[], float]) -> None:
        self._config, self._clock = config, clock
        self._grant_keys = WatchedFile(config.grant_keys_file, grants.parse_keys)
        self._freeze_list = WatchedFile(config.freeze_file, policy.parse_freeze_list, absent=policy.FreezeList())
        self._token_keys = WatchedFile(config.token_keys_file, proofs.parse_jwks)
        self._services = WatchedFile(config.services_file, proofs.parse_services)
        self._receipt_keys = WatchedFile(config.receipt_keys_file, proofs.parse_receipt_keys)
        bucket = Bucket.at(config.s3_bucket, config.aws_region, config.s3_public_endpoint)
        parse = partial(signing.parse_identity, bucket)
        paths = {name: config.identities_dir / f"{name}.json" for name in ("uploader", "reader", "remover")}
        self._identities = {name: WatchedFile(path, parse) for name, path in paths.items()}
        self._replay = ReplayMemory(config.replay_file, config.deletes_per_minute)
        self._audit = AuditLog(config.audit_dir)

    def sign(self, compact: str, token: str | None, request_id: str) -> tuple[list[Answer], Answer]:
        """An answer an item, and the audit line's place. Raises a Refusal; then nothing was signed."""
        now = self._clock()
        key, opened = grants.open_grant(self._grant_keys.read() or {}, compact, now)
        told: dict[str, Any] = {"kid": key.kid, "issuer": key.issuer, "request_id": request_id}
        try:
            grant = grants.accept(key, opened.claims, self._config.signer_name, self._replay.began(now), now)
            told |= {"grant": grant.jti, "caller": grant.caller, "caller_service": grant.service}
            items = each(schemas.item, grant.items)
            owed = each(lambda item: policy.owed(grant, item, now), items)
            if (freeze_list := self._freeze_list.read()) is None:
                raise errors.Frozen("the freeze list cannot be understood, so that everything is frozen")
            each(partial(freeze_list.check, grant), items)
            caller, keys = self._caller(grant, token, now), self._receipt_keys.read() or {}
            terms = each(lambda item, proof: proofs.check(keys, item, proof, caller, now), items, owed)
            signatures = each(lambda item, terms: self._signature(grant, item, terms, now), items, terms)
            self._replay.spend(grant, sum(map(policy.is_capped, items, owed)), now)
            place = self._audit.record("signed", told | {"items": each(_told, items, terms)})
            return [sign() for sign in signatures], place
        except Exception as fault:
            self._record_refusal(told, fault)
            raise

    def _caller(self, grant: Grant, token: str | None, now: float) -> proofs.Caller | None:
        """Whose token came with the grant; None where neither names anyone."""
        is_named = grant.caller is not None or grant.service is not None
        wanted = "caller_token and the grant's caller or service come together or not at all"
        require(is_named == (token is not None), errors.InvalidRequest, wanted)
        if token is None:
            return None
        if grant.service is not None:
            return proofs.service(self._services.read() or {}, grant.service, token, now)
        caller = proofs.person(self._token_keys.read(), self._config, token, now)
        require(caller.name == grant.caller, errors.CallerMismatch, "the token is not that of the grant's caller")
        return caller

    def _signature(self, grant: Grant, item: schemas.Item, terms: Terms | None, now: float) -> Callable[[], Answer]:
        """What will sign an item, with the key that it takes: a key that is not there leaves the grant unspent."""
        if item.op in signing.SIGNED_AS:
            presigner = signing.presigner_for(self._identities, item.op, max(now, grant.issued_at))
            return partial(signing.answer, presigner, grant, item)
        if not (keys := self._receipt_keys.read()):
            raise errors.CredentialsUnavailable("the receipt key is not there")
        kid, secret = next(iter(keys.items()))  # the first issues
        held = terms or Terms(str(item.visibility), int(now), item.until)
        return lambda: {"receipt": proofs.receipt(kid, secret, held, item)}

    def _record_refusal(self, told: dict[str, Any], fault: Exception) -> None:
        code, item = (fault.code, fault.item) if isinstance(fault, Refusal) else ("internal_error", None)
        why = {"error": code, "reason": str(fault)[:200], "item": item}
        log.warning("grant_refused", extra=told | why)
        with suppress(errors.AuditUnavailable):  # then nothing is signed anyway
            self._audit.record("refused", told | why)

    def checks(self) -> dict[str, str]:
        """The state of each thing that signing needs, by name: ok, or what is wrong with it."""
        files: dict[str, WatchedFile[Any]] = {"grant_keys": self._grant_keys, "receipt_keys": self._receipt_keys}
        files |= {"token_keys": self._token_keys, **self._identities}
        states = {name: "ok" if file.read() else "missing" for name, file in files.items()}
        in_use = partial(self._replay.check, self._clock())
        for name, check in (("audit", self._audit.check), ("replay_memory", in_use)):
            states[name] = "ok"
            try:
                check()
            except Refusal as refusal:
                states[name] = refusal.code
        return states


def _told(item: schemas.Item, terms: Terms | None) -> dict[str, Any]:
    """What was signed, so that the line alone tells it: operation, key, terms, and until when."""
    told = {name: getattr(item, name) for name in schemas.SPELLINGS if getattr(item, name)}
    return told | {"object_key": item.object_key(item.size), "receipt": terms}
