"""What a profile, a link and a username may say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from metadata_service import usernames
from metadata_service.schemas.links import POST_LINK
from metadata_service.schemas.profiles import POST_PROFILE, SEVERAL_PROFILES

LINK = {"title": "Mine", "url": "https://example.com/a?b=c#d"}


def profile(**fields: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = POST_PROFILE.load({"username": "alice", **fields})
    return loaded


def project(**fields: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = profile(projects=[{"title": "Boat", **fields}])["projects"][0]
    return loaded


@pytest.mark.parametrize(
    ("text", "name"), [("abc", "abc"), ("A.b_C-9", "a.b_c-9"), ("a" * 30, "a" * 30), ("1ab", "1ab"), ("a..b", "a..b")]
)
def test_a_username_is_lowered(text: str, name: str) -> None:
    assert usernames.read(text) == name


@pytest.mark.parametrize(
    "text", ["", "ab", "a" * 31, ".abc", "abc-", "a b", "abc\n", "äbc", "a/b", "\u212aab", "ab\u0130"]
)
def test_no_username(text: str) -> None:
    assert usernames.read(text) is None


@given(st.text(max_size=40))
def test_whatever_is_read_as_a_username_is_one(text: str) -> None:
    name = usernames.read(text)
    assert name is None or (usernames.read(name) == name and name.isascii() and 3 <= len(name) <= 30)


def test_reserved_usernames_are_usernames() -> None:
    assert usernames.is_reserved("admin")
    assert usernames.is_reserved("root")
    assert not usernames.is_reserved("alice")
    assert not usernames.is_reserved("# Usernames that nobody gets")


GOOD: list[dict[str, Any]] = [
    {"full_name": "a" * 100, "title": "a" * 200, "bio": "a" * 4998 + "\n\t"},
    {"full_name": "", "title": "Ünïcødé 🚀 👩‍👩‍👧"},
    {"skills": ["a" * 50] * 100},
    {"skills": []},
    {
        "social_links": {
            "github": "alice",
            "site": "https://example.com",
            "x": "@alice",
            "A_b-9": "@a@b.example",
            "empty": "",
        }
    },
    {"email": "a@example.com", "phone": "+41 (0)79 123 45 67", "show_email": True, "show_phone": False},
    {"date_of_birth": "1990-12-31"},
    {"date_of_birth": "1990-12-31T00:00:00Z"},
    {"projects": [{"title": "Boat"}] * 50},
    dict.fromkeys(["full_name", "bio", "skills", "social_links", "projects", "avatar_key", "resume_key", "email"]),
]


@pytest.mark.parametrize("fields", GOOD)
def test_a_good_profile(fields: dict[str, Any]) -> None:
    assert profile(**fields) == {"username": "alice", **fields}


BAD: list[tuple[str, Any]] = [
    ("full_name", "a" * 101),
    ("full_name", "a\nb"),
    ("full_name", "a\x00b"),
    ("full_name", "\x85"),
    ("full_name", "\ufeffa"),
    ("full_name", 7),
    ("full_name", ["a"]),
    ("title", "a" * 201),
    ("bio", "a" * 5001),
    ("bio", "a\rb"),
    ("bio", "a\x1bb"),
    ("skills", ["a"] * 101),
    ("skills", ["a" * 51]),
    ("skills", "a"),
    ("skills", [None]),
    ("social_links", {"x": "javascript:alert(1)"}),
    ("social_links", {"x": "two words"}),
    ("social_links", {"x": "ftp://example.com"}),
    ("social_links", {"x": "//evil.example/p"}),
    ("social_links", {"x": "evil.example/p"}),
    ("social_links", {"x": "\\\\evil.example"}),
    ("social_links", {"x y": "a"}),
    ("social_links", {"__proto__": "a"}),
    ("social_links", {"-x": "a"}),
    ("social_links", {"": "a"}),
    ("social_links", {"a" * 31: "a"}),
    ("social_links", ["a"]),
    ("projects", [{"title": "a"}] * 51),
    ("projects", [{}]),
    ("projects", [{"title": "a" * 201}]),
    ("projects", [{"title": "a", "unknown": 1}]),
    ("projects", "a"),
    ("email", "alice"),
    ("email", "a" * 64 + "@" + "b" * 190 + ".com"),
    ("email", "a@b c.com"),
    ("phone", "1" * 41),
    ("show_email", "true"),
    ("show_email", 1),
    ("date_of_birth", "yesterday"),
    ("date_of_birth", "1990-02-30"),
    ("unknown", "a"),
    ("version", 1),
    ("is_admin", True),
    ("avatar_key", 7),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_field_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        profile(**{name: value})
    assert list(refused.value.normalized_messages()) == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("link", "javascript:alert(1)"),
        ("link", "https://"),
        ("link", "https:///path"),
        ("link", "https://exa mple.com"),
        ("link", "https://example.com/\n"),
        ("link", "http://[::1"),
        ("link", "//example.com"),
        ("link", "https://example.com/" + "a" * 2048),
        ("description", "a" * 5001),
        ("tech_stack", ["a"] * 31),
        ("tech_stack", ["a" * 51]),
        ("order", 1.5),
        ("order", "1"),
        ("order", True),
        ("order", 2**31),
        ("id", "a" * 101),
    ],
)
def test_a_bad_project_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        project(**{name: value})
    assert refused.value.messages == {"projects": {0: {name: refused.value.messages["projects"][0][name]}}}


def test_a_projects_nulls_are_not_there_but_for_its_key() -> None:
    nulls = dict.fromkeys(["description", "link", "image_url", "image_key", "tech_stack", "order"])
    assert project(**nulls) == {"title": "Boat", "image_key": None}


def test_what_we_said_ourselves_may_come_back() -> None:
    said = {"links": [{"a": [1]}], "avatar_urls": None, "user_id": 1, "created_at": 0, "favorite_color": "purple"}
    assert profile(**said, updated_at="") == {"username": "alice"}


@pytest.mark.parametrize("username", [None, "", "ab", "al ice", 7])
def test_a_profile_needs_a_username(username: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        POST_PROFILE.load({"username": username})
    assert list(refused.value.normalized_messages()) == ["username"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "a" * 201},
        {"title": None},
        {"url": "ftp://example.com"},
        {"url": "javascript:alert(1)"},
        {"url": "JaVaScript://example.com/%0aalert(1)"},
        {"url": "data:text/html,x"},
        {"url": "example.com"},
        {"url": "https://" + "a" * 2048},
        {"link_id": "7"},
        {"link_id": "#additions"},
        {"order": 1.5},
        {"unknown": 1},
    ],
)
def test_a_bad_link_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        POST_LINK.load(LINK | change)
    assert list(refused.value.normalized_messages()) == list(change)


def test_a_link_id_has_one_spelling() -> None:
    loaded = POST_LINK.load(LINK | {"link_id": "6F1F1A3B65A44D4A9A1A0E6F9C3B2A10"})
    assert loaded["link_id"] == "6f1f1a3b-65a4-4d4a-9a1a-0e6f9c3b2a10"
    assert "link_id" not in POST_LINK.load(LINK)
    assert POST_LINK.load(LINK | {"link_id": None})["link_id"] is None


def test_several_usernames_are_split_lowered_and_each_there_once() -> None:
    assert SEVERAL_PROFILES.load({"usernames": "Bob, alice,bob,-,"}) == {"usernames": ["bob", "alice"]}
    with pytest.raises(ValidationError):
        SEVERAL_PROFILES.load({"usernames": ",".join(f"user{number}" for number in range(51))})
