"""The local stack's service tokens, as the services that read them see them."""

import stat
import tomllib
from pathlib import Path

import jwt
import pytest

from local import service_tokens


def claims(secrets: Path, token: str) -> dict[str, object]:
    """The token's claims, checked with what services.toml says of its service."""
    demo = tomllib.loads(service_tokens.services_file(secrets))["demo"]
    key = jwt.PyJWK({"kty": "OKP", "crv": "Ed25519", "x": demo["public_key"]})
    found: dict[str, object] = jwt.decode(token, key, algorithms=["EdDSA"], audience="countersign-metadata")
    return found


def test_a_token_verifies_against_services_toml(tmp_path: Path) -> None:
    found = claims(tmp_path, service_tokens.mint(tmp_path, "demo"))
    assert found["iss"] == found["sub"] == "demo"
    assert found["scope"] == "media:read media:write media:moderate hooks"
    assert int(str(found["exp"])) - int(str(found["iat"])) == 60


def test_each_token_is_another(tmp_path: Path) -> None:
    assert len({str(claims(tmp_path, service_tokens.mint(tmp_path, "demo"))["jti"]) for _ in range(5)}) == 5


def test_a_token_can_be_narrowed(tmp_path: Path) -> None:
    assert claims(tmp_path, service_tokens.mint(tmp_path, "demo", "media:read"))["scope"] == "media:read"


@pytest.mark.parametrize(("name", "scope"), [("nobody", None), ("demo", "root"), ("demo", ""), ("../demo", None)])
def test_what_a_service_does_not_hold_is_refused(tmp_path: Path, name: str, scope: str | None) -> None:
    with pytest.raises(service_tokens.UnknownService):
        service_tokens.mint(tmp_path, name, scope)


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = service_tokens.services_file(tmp_path)
    assert service_tokens.services_file(tmp_path) == first
    (made,) = tmp_path.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert "PRIVATE" not in first
