"""Whom an operator means: a token's sub, its form in keys, or a service; what can be none of them is refused."""

import pytest

from metadata_service.commands import erase
from metadata_service.owners import owner_of


@pytest.mark.parametrize("user_id", ["", " alice", "ali\nce", "h-12", "s-Not A Service", "a" * 257])
def test_a_user_id_that_cannot_be_one_is_refused(user_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert erase.main([user_id]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "USER_ID" in said.err


@pytest.mark.parametrize("user_id", ["alice", "auth0|alice@example.com", "3f0e4a6e-7c7d-4a51-9d36-5d2b8c1f6a10"])
def test_a_sub_is_meant_by_its_form_in_keys(user_id: str) -> None:
    assert erase.owner_named(user_id) == owner_of(user_id)


@pytest.mark.parametrize("user_id", ["s-demo", owner_of("auth0|alice@example.com")])
def test_a_form_in_keys_means_itself(user_id: str) -> None:
    assert erase.owner_named(user_id) == user_id
