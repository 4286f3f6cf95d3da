"""Object keys: one grammar, and a lenient way to it for what clients post."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata_service.object_keys import CATEGORIES, InvalidKey, ObjectKey

OWNERS = st.from_regex(r"\A(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z") | st.from_regex(r"\Ah-[0-9a-f]{40}\Z")
IDS = st.uuids(version=4).map(str)
KEYS = st.builds(ObjectKey, OWNERS, st.sampled_from(CATEGORIES), IDS, st.sampled_from(["jpg", "pdf"]))
ID = "3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a01"


@given(KEYS)
def test_every_key_is_read_back_in_every_size(key: ObjectKey) -> None:
    for size in key.sizes:
        assert ObjectKey.parse_with_size(key.text(size)) == (key, size)


@given(
    KEYS,
    st.sampled_from(
        ["", "/", "http://127.0.0.1:4566/bucket/", "https://b.s3.amazonaws.com/", "users/", "/media/", "x?y/"]
    ),
    st.sampled_from(["", "?X-Amz-Signature=0", "#top", "?", "?a=/users/b"]),
    st.booleans(),
)
def test_what_stands_around_a_posted_key_is_cut(key: ObjectKey, before: str, after: str, is_incoming: bool) -> None:
    assert ObjectKey.read_posted(before + (key.incoming if is_incoming else key.text()) + after) == key


@given(st.text() | st.from_regex(r"(incoming/)?users/[^/]*/[a-z]+/[0-9a-f-]{30,40}(-150)?\.[a-z]{3}"))
def test_any_text_is_refused_or_a_key_within_the_grammar(text: str) -> None:
    for read in (ObjectKey.parse, ObjectKey.read_posted):
        try:
            key = read(text)
        except InvalidKey:
            continue
        assert ObjectKey.parse(key.text()) == key
        assert key.text() in text or f"-150.{key.ext}" in text or f"-400.{key.ext}" in text
        assert uuid.UUID(key.id).version == 4


@pytest.mark.parametrize(
    "text",
    [
        "users/../profile/" + ID + ".jpg",
        "users/alice/profile/" + ID.upper() + ".jpg",
        "users/alice/profile/" + ID + ".jpg\n",
        "users/alice/profile/" + ID + "-800.jpg",
        "users/alice/profile/" + ID + "-150.pdf",
        "users/alice/other/" + ID + ".jpg",
        "users/alice/profile/" + ID + ".png",
        "users/h-alice/profile/" + ID + ".jpg",
        "users/alice%2Fprofile/" + ID + ".jpg",
        "users/alice/profile/x/" + ID + ".jpg",
        "usersalice/profile/" + ID + ".jpg",
    ],
)
def test_what_only_looks_like_a_key_is_none(text: str) -> None:
    for read in (ObjectKey.parse, ObjectKey.read_posted):
        with pytest.raises(InvalidKey):
            read(text)


def test_parts_outside_the_grammar_make_no_key() -> None:
    for owner, category, upload_id, ext in (
        ("", "profile", ID, "jpg"),
        ("a/b", "profile", ID, "jpg"),
        ("a", "other", ID, "jpg"),
        ("a", "profile", "1", "jpg"),
        ("a", "profile", ID, "exe"),
    ):
        with pytest.raises(InvalidKey):
            ObjectKey(owner, category, upload_id, ext)
