"""The stack's own secrets: made once, kept in STATE_DIR/secrets, each in a file that only its owner can read.

What the processes get are copies, made at each start, each readable for one process alone.
"""

import base64
import datetime
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from local.engine import AccessKey, new_root_credentials
from local.layout import make_file

Jwk = dict[str, str]


def root_credentials(folder: Path) -> AccessKey:
    """The engine's root, which deploys and hands out the identities' keys."""
    return AccessKey(**_kept(folder / "engine-root.json", lambda: asdict(new_root_credentials())))


def grant_key(folder: Path, issuer: str) -> Jwk:
    """An issuer's private grant key, an Ed25519 JWK."""
    return _kept(folder / f"grant-key-{issuer}.json", lambda: _new_grant_key(issuer))


def receipt_keys(folder: Path) -> dict[str, Any]:
    """The signer's receipt keys; the first issues."""
    return _kept(
        folder / "receipt-keys.json", lambda: {"keys": [{"kid": "r1", "secret": _base64url(secrets.token_bytes(32))}]}
    )


def public_half(private: Jwk) -> Jwk:
    """The key as the signer may have it."""
    return {name: value for name, value in private.items() if name != "d"}


def _new_grant_key(issuer: str) -> Jwk:
    private = Ed25519PrivateKey.generate()
    month = datetime.datetime.now(datetime.UTC).strftime("%Y-%m")
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(private.public_key().public_bytes_raw()),
        "d": _base64url(private.private_bytes_raw()),
        "kid": f"{issuer}-{month}",
    }


def _kept(path: Path, new: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if not path.exists():
        # Written beside and renamed: a file cut short by a crash would be half a key for ever.
        make_file(path.with_suffix(".new"), json.dumps(new(), indent=2) + "\n", 0o600).rename(path)
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
