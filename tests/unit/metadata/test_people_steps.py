"""A change of a profile in parts: each refers to exactly the objects in use, and the last is what was wanted."""

import uuid
from dataclasses import replace
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from metadata_service.profile_objects import MOST_AT_ONCE, next_step, referred
from metadata_service.store.profiles import Profile


@cache
def key_of(number: int) -> str:
    category, ext = ("resume", "pdf") if number < 0 else ("projects", "jpg")
    return f"users/alice/{category}/{uuid.UUID(int=number % 1000, version=4)}.{ext}"


def a_profile(images: list[int], resume: int | None, username: str = "alice", version: int = 1) -> Profile:
    projects = [{"id": str(number), "title": "x", "image_key": key_of(number)} for number in images]
    fields = {"projects": projects} | ({} if resume is None else {"resume_key": key_of(resume)})
    return Profile(username, "alice", fields, version)


PROFILES = st.builds(a_profile, st.lists(st.integers(0, 120), max_size=50), st.one_of(st.none(), st.integers(-2, -1)))


@given(before=st.one_of(st.none(), PROFILES), wanted=PROFILES, renamed=st.booleans())
def test_every_part_is_whole(before: Profile | None, wanted: Profile, renamed: bool) -> None:
    wanted = replace(wanted, username="bob") if renamed else wanted
    in_use = set() if before is None else set(referred(before.fields))
    for _ in range(10):
        step = next_step(before, wanted)
        assert len(step.used) + len(step.retired) <= MOST_AT_ONCE
        assert in_use.isdisjoint(step.used)
        assert in_use.issuperset(step.retired)
        in_use = in_use | set(step.used) - set(step.retired)
        in_use -= set(step.retired)
        assert set(referred(step.profile.fields)) == in_use
        before = step.profile
        if step.is_last:
            break
    assert step.is_last
    assert step.profile == wanted
