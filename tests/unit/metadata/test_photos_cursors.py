"""Cursors of the gallery: one spelling each, for one owner, by a secret that every worker with the same key has."""

import string

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from metadata_service.cursors import Cursors
from metadata_service.errors import ValidationFailed
from metadata_service.grants import GrantKey

CURSORS = Cursors(b"a secret of 32 octets in a test!")
OWNERS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", fullmatch=True)
POSITIONS = st.integers(0, 2**64 - 1)


def is_refused(cursors: Cursors, owner: str, text: str) -> bool:
    try:
        cursors.read(owner, text)
    except ValidationFailed as failed:
        return set(failed.fields) == {"cursor"}
    return False


@given(OWNERS, POSITIONS)
def test_a_cursor_is_read_as_it_was_made(owner: str, position: int) -> None:
    text = CURSORS.at(owner, position)
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert CURSORS.read(owner, text) == position


@given(OWNERS, POSITIONS, st.integers(0, 31), st.characters())
def test_s15_any_change_of_any_character_is_refused(owner: str, position: int, place: int, other: str) -> None:
    text = CURSORS.at(owner, position)
    changed = text[:place] + other + text[place + 1 :]
    assert changed == text or is_refused(CURSORS, owner, changed)


@given(OWNERS, POSITIONS, st.integers(0, 31), st.characters())
def test_s15_a_cursor_that_is_longer_or_shorter_is_refused(owner: str, position: int, place: int, more: str) -> None:
    text = CURSORS.at(owner, position)
    assert is_refused(CURSORS, owner, text[:place] + more + text[place:])
    assert is_refused(CURSORS, owner, text[:place] + text[place + 1 :])


@given(OWNERS, OWNERS, POSITIONS)
def test_s15_another_owners_cursor_is_refused(owner: str, other: str, position: int) -> None:
    assert owner == other or is_refused(CURSORS, other, CURSORS.at(owner, position))


@pytest.mark.parametrize(
    "text", ["", "=", "0", "A" * 32, "A" * 31, "null", "\n", "é" * 32, "+" * 32, "/" * 32, "A" * 10_000]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    assert is_refused(CURSORS, "alice", text)


def test_the_secret_follows_from_the_grant_key_and_from_what_it_is_for() -> None:
    seed = b"thirty-two octets of a test key!"
    one, same = (GrantKey(Ed25519PrivateKey.from_private_bytes(seed), kid, "metadata") for kid in ("a", "b"))
    another = GrantKey(Ed25519PrivateKey.generate(), "a", "metadata")
    assert one.derived("x") == same.derived("x")
    assert len({one.derived("x"), one.derived("y"), another.derived("x"), seed}) == 4


def test_a_cursor_made_before_the_keys_were_changed_is_refused() -> None:
    before, after = (Cursors(GrantKey(Ed25519PrivateKey.generate(), "a", "metadata").derived("x")) for _ in range(2))
    assert is_refused(after, "alice", before.at("alice", 1_795_272_016_483))
