"""Tokens and keys for tests: each builder makes the good case, in which a test changes one thing."""

import base64
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Tests"
CLIENT_ID = "page"
KID = "issuer-1"
SUB = "8c9f0d3e-2d1b-4b0e-9a57-0f6f3b1c2d4e"

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
_ALGORITHMS: dict[type, tuple[str, Any]] = {
    RSAPrivateKey: ("RS256", RSAAlgorithm),
    EllipticCurvePrivateKey: ("ES256", ECAlgorithm),
    Ed25519PrivateKey: ("EdDSA", OKPAlgorithm),
}


@cache
def issuer_key(kind: str = "RSA", number: int = 1) -> PrivateKey:
    """A private key of the token issuer's: RSA, EC or OKP; the same one each time for the same `number`."""
    if kind == "RSA":
        return generate_rsa(65537, 2048)
    return generate_ec(SECP256R1()) if kind == "EC" else Ed25519PrivateKey.generate()


def a_jwk(key: PrivateKey | None = None, kid: str = KID, **more: Any) -> dict[str, Any]:
    """The public half of a key, as a JWKS has it."""
    private = key or issuer_key()
    algorithm, kind = _kind_of(private)
    return {**kind.to_jwk(private.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": algorithm} | more


def write_jwks(path: Path, *jwks: dict[str, Any]) -> Path:
    """A JWKS file: of these keys, or of the issuer's first one."""
    path.write_text(json.dumps({"keys": list(jwks) or [a_jwk()]}))
    return path


def access_claims(
    sub: str = SUB, *, token_use: str | None = "access", expires_in: int = 600, **more: Any
) -> dict[str, Any]:
    """The claims of an access token as Cognito makes it; a claim that is None is left out."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": sub,
        "client_id": CLIENT_ID,
        "token_use": token_use,
        "scope": "aws.cognito.signin.user.admin",
        "iat": now,
        "exp": now + expires_in,
        "jti": "6f1f1a3b-65a4-4d4a-9a1a-0e6f9c3b2a10",
    }
    return {name: value for name, value in (claims | more).items() if value is not None}


def a_token(
    sub: str = SUB,
    *,
    token_use: str | None = "access",
    key: PrivateKey | None = None,
    kid: str | None = KID,
    headers: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    """An access token that verifies, but for what is asked to be otherwise."""
    private = key or issuer_key()
    named = ({} if kid is None else {"kid": kid}) | (headers or {})
    claims = access_claims(sub, token_use=token_use, **more)
    return jwt.encode(claims, private, algorithm=_kind_of(private)[0], headers=named)


def a_raw_token(header: bytes, payload: bytes, key: PrivateKey | None = None) -> str:
    """A token of exactly these texts, signed with RS256, ES256 or EdDSA by the key's kind."""
    private = key or issuer_key()
    algorithm = jwt.get_algorithm_by_name(_kind_of(private)[0])
    signed = base64url(header) + "." + base64url(payload)
    return signed + "." + base64url(algorithm.sign(signed.encode(), private))


def a_service_token(key: Ed25519PrivateKey, name: str = "demo", scope: str = "hooks", **more: Any) -> str:
    """An internal service's token that verifies, but for what is asked to be otherwise."""
    now = int(time.time())
    claims = {
        "iss": name,
        "sub": name,
        "aud": "countersign-metadata",
        "scope": scope,
        "iat": now,
        "exp": now + 60,
        "jti": "0d9f6c1e-3a1b-4c58-9d1f-5b8e2a7c4f60",
    }
    claims = {name: value for name, value in (claims | more).items() if value is not None}
    return jwt.encode(claims, key, algorithm="EdDSA")


def a_services_file(
    path: Path, key: Ed25519PrivateKey, name: str = "demo", scopes: tuple[str, ...] = ("hooks",)
) -> Path:
    """A services.toml with one service."""
    public = base64url(key.public_key().public_bytes_raw())
    path.write_text(f'[{name}]\npublic_key = "{public}"\nscopes = {json.dumps(scopes)}\n')
    return path


def base64url(octets: bytes) -> str:
    """Without padding, as JOSE has it."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _kind_of(key: PrivateKey) -> tuple[str, Any]:
    for kind, algorithm in _ALGORITHMS.items():
        if isinstance(key, kind):
            return algorithm
    raise TypeError(type(key).__name__)
