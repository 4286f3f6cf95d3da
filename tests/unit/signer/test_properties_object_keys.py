"""S09: no text, however spelled, makes an object key outside the grammar of design.md."""

import hashlib
import re
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from signer_service.errors import InvalidItem
from signer_service.proofs import owner_of
from signer_service.schemas import item

# Written from the contract's words, not from the code.
OWNER = r"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}|h-[0-9a-f]{40}|s-[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NAME = rf"({OWNER})/(profile|projects|resume|photos)/{UUID4}"
GRAMMAR = re.compile(rf"(users/{NAME}(-150|-400)?|incoming/users/{NAME})\.(jpg|png|webp|gif|pdf)\Z", re.ASCII)
GOOD = {
    "area": "users",
    "owner": "alice",
    "category": "photos",
    "id": "3d0c7b1e-52c4-4c1c-9f6a-7f2f6f3c9a01",
    "ext": "jpg",
}

owners = st.from_regex(re.compile(rf"(?:{OWNER})\Z", re.ASCII), fullmatch=True)
parts = {
    "area": st.sampled_from(["users", "incoming"]),
    "owner": owners,
    "category": st.sampled_from(["profile", "projects", "resume", "photos"]),
    "id": st.uuids(version=4).map(str),
    "ext": st.sampled_from(["jpg", "png", "webp", "gif", "pdf"]),
}
good_keys = st.fixed_dictionaries(parts)
sizes = st.sampled_from([None, "150", "400", "800"])
# What is nearly right finds more than what is arbitrary: a good part with something before, behind or inside it.
spoilers = st.sampled_from(["\n", "\0", "/", "..", "%2F", "%00", " ", "\\", ".", "A", "é", "\u2028", "\ud800", "１"])


def key_of(named: dict[str, Any], size: str | None = None) -> str:
    """The key of an item that reads this object, in this size. Raises InvalidItem."""
    sizes = {} if size is None else {"sizes": [size]}
    return item({"op": "get", **named, **sizes, "expires_at": 1, "download_as": "a name"}).object_key(size)


@st.composite
def spoiled(draw: st.DrawFn, good: st.SearchStrategy[str]) -> str:
    text, spoiler = draw(good), draw(spoilers)
    place = draw(st.integers(0, len(text)))
    return text[:place] + spoiler + text[place:]


@given(good_keys, sizes)
def test_s09_every_key_of_the_grammar_can_be_made(named: dict[str, str], size: str | None) -> None:
    assume(size is None or named["area"] == "users")
    assert GRAMMAR.fullmatch(key_of(named, size))


@given(st.data(), st.sampled_from(sorted(parts)), sizes)
def test_s09_no_text_makes_a_key_outside_the_grammar(data: st.DataObject, part: str, size: str | None) -> None:
    text: Any = data.draw(st.text() | st.from_type(object) | spoiled(parts[part]) | parts[part])
    try:
        made = key_of({**GOOD, part: text}, size)
    except InvalidItem:
        return
    assert GRAMMAR.fullmatch(made), made


@pytest.mark.parametrize("part", sorted(parts))
@pytest.mark.parametrize("spoiler", ["\n", "\0", "/", "/../x"])
def test_s09_a_part_ends_where_its_grammar_ends(part: str, spoiler: str) -> None:
    with pytest.raises(InvalidItem):
        key_of({**GOOD, part: GOOD[part] + spoiler})


@given(st.text() | sizes)
def test_s09_no_text_is_a_size_but_the_three(size: str | None) -> None:
    try:
        made = key_of(GOOD, size)
    except InvalidItem:
        assert size not in (None, "150", "400", "800")
        return
    assert GRAMMAR.fullmatch(made)


@given(good_keys, good_keys, sizes, sizes)
def test_s09_two_objects_never_share_a_key(
    one: dict[str, str], other: dict[str, str], size: str | None, other_size: str | None
) -> None:
    size = size if one["area"] == "users" else None
    other_size = other_size if other["area"] == "users" else None
    large = (None, "800")
    same = one == other and (size == other_size or (size in large and other_size in large))
    assert (key_of(one, size) == key_of(other, other_size)) == same


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256) | owners)
@example("s-demo")
@example("h-" + "0" * 40)
@example("alice\n")
@example("a" * 129)
@example("é")
def test_s09_whatever_a_sub_says_its_owner_is_in_the_grammar(sub: str) -> None:
    hashed = "h-" + hashlib.sha256(sub.encode()).hexdigest()[:40]
    plain = re.compile(r"(?!h-|s-)[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z", re.ASCII)
    assert owner_of(sub) == (sub if plain.match(sub) else hashed)
    assert key_of({**GOOD, "owner": owner_of(sub)}).startswith(f"users/{owner_of(sub)}/")
