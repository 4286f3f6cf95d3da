"""Tokens of the internal services, for the local stack.

A service token is an EdDSA JWT of at most a minute (docs/contracts, api.md "For internal services"). The private keys
stay in the stack's secrets; services get to see only `services.toml`.
"""

import base64
import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AUDIENCE = "countersign-metadata"
LIFETIME = 60  # seconds, the longest that is taken
SCOPES = ("media:read", "media:write", "media:moderate", "hooks")
# What the local stack's services may ask for. A stranger's name is no service.
SERVICES: Mapping[str, tuple[str, ...]] = {"demo": SCOPES}


class UnknownService(ValueError):
    """A name that no local service has, or a scope that it does not hold; the message says which there are."""


def services_file(secrets: Path) -> str:
    """The text of services.toml: each local service with its public key and its scopes."""
    return "\n".join(_entry(name, scopes, service_key(secrets, name)) for name, scopes in SERVICES.items())


def mint(secrets: Path, name: str, scope: str | None = None) -> str:
    """A token of the service, good for a minute, with the scopes in `scope` (space separated) or all that it holds.

    Raises UnknownService.
    """
    if name not in SERVICES:
        raise UnknownService(f"{name!r} is no local service; there is {', '.join(SERVICES)}")
    scopes = SERVICES[name] if scope is None else tuple(scope.split())
    if not scopes or not set(scopes) <= set(SERVICES[name]):
        raise UnknownService(f"{scope!r} is not out of the scopes of {name}: {' '.join(SERVICES[name])}")
    return signed(service_key(secrets, name), name, scopes)


def signed(private_key: Ed25519PrivateKey, name: str, scopes: tuple[str, ...]) -> str:
    """A token of a service, signed with its key."""
    issued_at = int(time.time())
    claims = {
        "iss": name,
        "sub": name,
        "aud": AUDIENCE,
        "scope": " ".join(scopes),
        "iat": issued_at,
        "exp": issued_at + LIFETIME,
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(claims, private_key, algorithm="EdDSA")


def service_key(secrets: Path, name: str) -> Ed25519PrivateKey:
    """The private key of a local service, made the first time that it is asked for."""
    path = secrets / f"service-{name}.pem"
    if not path.exists():
        _write_new_key(path)
    private_key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private_key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return private_key


def _write_new_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f"{path.name}.{uuid.uuid4()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    # Of two that made a key at once, the first one's stays: link fails where the name is taken.
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _entry(name: str, scopes: tuple[str, ...], private_key: Ed25519PrivateKey) -> str:
    public = base64.urlsafe_b64encode(private_key.public_key().public_bytes_raw()).rstrip(b"=").decode()
    return f"[{name}]\npublic_key = {json.dumps(public)}\nscopes = {json.dumps(list(scopes))}\n"
