"""Which internal services metadata believes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from metadata_service.errors import Unauthorized, Unavailable
from metadata_service.services import Services
from tests.builders import a_service_token, a_services_file, a_token

KEY = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()
NOW = int(time.time())


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return Services(a_services_file(tmp_path / "services.toml", KEY, scopes=("hooks", "media:read")), lambda: NOW)


def test_a_service_is_its_name_with_the_scopes_it_is_registered_for(services: Services) -> None:
    service = services.verify(a_service_token(KEY, scope="media:read media:write", iat=NOW, exp=NOW + 60))
    assert (service.name, service.owner, service.scopes) == ("demo", "s-demo", frozenset({"media:read"}))


REFUSED: dict[str, Callable[[], str]] = {
    "more than a minute": lambda: a_service_token(KEY, iat=NOW, exp=NOW + 61),
    "over": lambda: a_service_token(KEY, iat=NOW - 60, exp=NOW),
    "from the future": lambda: a_service_token(KEY, iat=NOW + 6, exp=NOW + 60),
    "without iat": lambda: a_service_token(KEY, iat=None, exp=NOW + 60),
    "without exp": lambda: a_service_token(KEY, iat=NOW, exp=None),
    "for the signer": lambda: a_service_token(KEY, iat=NOW, exp=NOW + 60, aud="countersign-signer/a"),
    "for two": lambda: a_service_token(KEY, iat=NOW, exp=NOW + 60, aud=["countersign-metadata", "other"]),
    "for nobody": lambda: a_service_token(KEY, iat=NOW, exp=NOW + 60, aud=None),
    "of nobody we know": lambda: a_service_token(KEY, name="unknown", iat=NOW, exp=NOW + 60),
    "about somebody else": lambda: a_service_token(KEY, iat=NOW, exp=NOW + 60, sub="other"),
    "without jti": lambda: a_service_token(KEY, iat=NOW, exp=NOW + 60, jti=None),
    "with another key": lambda: a_service_token(OTHER, iat=NOW, exp=NOW + 60),
    "a person's": a_token,
    "not a token": lambda: "x",
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_a_service_token_with_one_thing_wrong_is_refused(services: Services, make: Callable[[], str]) -> None:
    with pytest.raises(Unauthorized):
        services.verify(make())


def test_a_service_that_is_struck_off_is_refused_without_a_restart(services: Services, tmp_path: Path) -> None:
    token = a_service_token(KEY, iat=NOW, exp=NOW + 60)
    assert services.verify(token).name == "demo"
    a_services_file(tmp_path / "services.toml", OTHER, name="another")
    with pytest.raises(Unauthorized):
        services.verify(token)


@pytest.mark.parametrize("text", ["[Demo]\npublic_key='x'\nscopes=[]", "demo = 1", "[demo]\nscopes=['all']", "[demo"])
def test_a_faulty_list_is_unavailable(tmp_path: Path, text: str) -> None:
    (tmp_path / "services.toml").write_text(text)
    with pytest.raises(Unavailable):
        Services(tmp_path / "services.toml").verify(a_service_token(KEY))
