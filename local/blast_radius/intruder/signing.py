"""Attempts to have the signer sign, by grants made with the key that this process holds, or with none."""

import hashlib
import hmac
import json
import os
import time
import uuid
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from local.blast_radius.intruder import tokens, wire
from local.blast_radius.intruder.refusals import Refused

Json = dict[str, Any]
Told = tuple[str, Any]
LIFE = 30
MOST_ITEMS = 100
CONTENT = "what an intruder would have served"
_ETAG = hashlib.md5(CONTENT.encode(), usedforsecurity=False).hexdigest()
_WHOLE = f"<Part><PartNumber>1</PartNumber><ETag>{_ETAG}</ETag></Part>"
# What the URLs that take something are sent.
BODIES = {
    "put": CONTENT,
    "multipart_part": CONTENT,
    "multipart_complete": f"<CompleteMultipartUpload>{_WHOLE}</CompleteMultipartUpload>",
}


def sign(
    items: Sequence[Json],
    issuer: str = "metadata",
    token: Any = None,
    caller: str | None = None,
    claims: Mapping[str, Any] | None = None,
    forge: str | None = None,
    kid: str | None = None,
    times: int = 1,
    to: str | None = None,
    public_keys: str = "",
    use: bool = True,
    instead: Mapping[str, str] | None = None,
) -> Told:
    """Show the signer a grant, `times` over, and `use` the URL that the last answer has on S3.

    An item's `expires_in` and `until_in` count from now, `claims` replace a good grant's (`life` its seconds). `forge`:
    `own` signs with a new key under the name of the first in `public_keys`, `hs256` by HMAC with that one itself.
    `instead` is what stands in the URL for what was signed, `to` the signer's address where the environment has none.
    """
    shown = tokens.presented(token)
    held = _held(public_keys if forge else os.environ["GRANT_KEY_FILE"])
    grant = made(items, issuer, caller if shown else None, claims or {}, forge, held | ({"kid": kid} if kid else {}))
    for _ in range(times):
        answer = _shown(grant, shown, to)
    if not answer.is_good:
        raise Refused(answer.told)
    return _used(answer.json()["items"][0], items[0]["op"], instead or {}) if use else ("signed", None)


def sign_above_the_cap(item: Json, cap: int) -> Told:
    """Have the item signed, a hundred a grant, until well above twice the cap: a minute may end in between."""
    signed = 0
    while signed <= 2 * cap:
        items = [item | {"id": str(uuid.uuid4())} for _ in range(MOST_ITEMS)]
        answer = _shown(made(items, "sweeper", None, {}, None, _held(os.environ["GRANT_KEY_FILE"])), None, None)
        if not answer.is_good:
            raise Refused(answer.told)
        signed += MOST_ITEMS
    return f"{signed} signed", None


def made(
    items: Sequence[Json], issuer: str, caller: str | None, claims: Mapping[str, Any], forge: str | None, held: Json
) -> str:
    """A grant, good but for what is asked to be otherwise."""
    now = int(time.time())
    good: Json = {
        "iss": issuer,
        "aud": "countersign-signer/" + os.environ.get("SIGNERS", "a").partition("=")[0],
        "iat": now,
        "exp": now + claims.get("life", LIFE),
        "jti": str(uuid.uuid4()),
        "items": [_from_now(item, now) for item in items],
    }
    if caller is not None:
        good["caller"] = caller
    good |= {name: value for name, value in claims.items() if name != "life"}
    signed = tokens.compact({"alg": "EdDSA", "typ": "grant+jwt", "kid": held["kid"]}, good)
    return f"{signed}.{tokens.encoded(_signature(forge, held, signed.encode()))}"


def _held(path: str) -> Json:
    """A grant key; of a JWKS, the first."""
    with open(path, encoding="utf-8") as file:
        content: Json = json.load(file)
    held: Json = content["keys"][0] if "keys" in content else content
    return held


def _signature(forge: str | None, held: Json, signed: bytes) -> bytes:
    # Imported where needed: most attempts begin faster without it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if forge == "hs256":
        return hmac.digest(_octets(held["x"]), signed, hashlib.sha256)
    if forge == "own":
        return Ed25519PrivateKey.generate().sign(signed)
    return Ed25519PrivateKey.from_private_bytes(_octets(held["d"])).sign(signed)


def _octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _from_now(item: Json, now: int) -> Json:
    moved = dict(item)
    for name, field in (("expires_in", "expires_at"), ("until_in", "until")):
        if name in moved:
            moved[field] = now + moved.pop(name)
    return moved


def _shown(grant: str, token: str | None, to: str | None) -> wire.Answer:
    envelope = {"grant": grant} if token is None else {"grant": grant, "caller_token": token}
    where = to or os.environ["SIGNERS"].partition("=")[2]
    return wire.send("POST", where, "/v1/sign", json.dumps(envelope).encode(), {"Content-Type": "application/json"})


def _used(answer: Json, op: str, instead: Mapping[str, str]) -> Told:
    """What S3 makes of a URL; of a receipt there is nothing to use."""
    if "receipt" in answer:
        return "a receipt", answer["receipt"]
    url, method = answer["url"], answer.get("method", "GET")
    for signed, other in instead.items():
        url = url.replace(signed, other)
    used = wire.use(method, url, BODIES.get(op, "").encode() or None, answer.get("headers"))
    if not used.is_good:
        raise Refused(f"S3: {used.told}")
    if method == "GET" and not used.body:
        raise ValueError("S3 answered with nothing")
    return f"signed; S3: {used.told}", None
