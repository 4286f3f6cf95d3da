"""Who may read what a profile refers to: receipts follow its flags, and never outrun them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import publication
from .callers import Caller
from .object_keys import ObjectKey
from .store import profiles
from .store.profiles import Profile


def follow(caller: Caller, profile: Profile, posted: Mapping[str, Any], used: Sequence[str]) -> None:
    """After a profile was written: open project images that are new in it, and open or close its resume."""
    resume = profile.fields.get("resume_key")
    for text in used:
        if text != resume:
            publication.publish(caller, ObjectKey.parse(text))
    if resume is not None and not {"show_resume", "resume_key", "resume_url"}.isdisjoint(posted):
        _follow_flag(caller, profile, ObjectKey.parse(resume))


def _follow_flag(caller: Caller, profile: Profile, resume: ObjectKey) -> None:
    if not _shows(profile, resume):
        publication.withdraw(caller.owner, resume)
        return
    publication.publish(caller, resume)
    # The flag may have gone off while the signer was asked. Whoever turned it off withdrew before this receipt came.
    if not _shows(profiles.by_username(profile.username), resume):
        publication.withdraw(caller.owner, resume)


def _shows(profile: Profile | None, resume: ObjectKey) -> bool:
    return (
        profile is not None
        and profile.user_id == resume.owner
        and profile.fields.get("show_resume") is True
        and profile.fields.get("resume_key") == resume.text()
    )
