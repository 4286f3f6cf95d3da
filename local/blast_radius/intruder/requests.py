"""Requests to a service, straight on its socket or by a port."""

import json
import uuid
from typing import Any

from local.blast_radius.intruder import tokens, wire
from local.blast_radius.intruder.refusals import Refused

Told = tuple[str, Any]


def ask(to: str, method: str, target: str, token: Any = None, body: Any = None) -> Told:
    """One request; it came through where the answer is 2xx."""
    headers = {} if body is None else {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    shown = tokens.presented(token)
    if shown is not None:
        headers["Authorization"] = f"Bearer {shown}"
    answer = wire.send(method, to, target, json.dumps(body).encode() if body is not None else None, headers)
    if not answer.is_good:
        raise Refused(answer.told)
    return answer.told, None
